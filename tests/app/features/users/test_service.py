"""Operations on users: allowed, refused, missing, conflicting."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from app.core.actor import SYSTEM
from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied, Unauthenticated
from app.core.ports import Authenticator
from app.features.auth.schemas import Credentials
from app.features.auth.service import AuthService
from app.features.users import repository
from app.features.users.schemas import (
    Consequence,
    UserCreate,
    UserFilter,
    UserListQuery,
    UserRead,
    UserStatus,
    UserUpdate,
)
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform, SignedIn

MANAGER = ["user.*", "role.read"]
Actions = tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]
NOBODY = UUID("01890000-0000-7000-8000-000000000001")


def new_user(**details: Any) -> UserCreate:
    """Valid details of a new user, with some of them replaced."""
    return UserCreate.model_validate(
        {"email": "ada@example.com", "display_name": "Ada Lovelace", "password": PASSWORD} | details
    )


async def can_sign_in(platform: Platform, email: str, password: str = PASSWORD) -> bool:
    """Whether this address and password open a session."""
    credentials = Credentials(email=email, password=SecretStr(password))
    try:
        await platform.caller()(AuthService.issue_tokens, credentials)
    except Unauthenticated:
        return False
    return True


async def is_live(platform: Platform, signed_in: SignedIn) -> bool:
    """Whether the session's access token is still worth something."""
    authenticator = await platform.container.get(Authenticator)
    try:
        await authenticator.from_bearer(signed_in.tokens.access_token)
    except Unauthenticated:
        return False
    return True


class TestCreate:
    """Add somebody who can sign in."""

    @pytest.mark.actor(grants=["user.create"])
    async def test_allowed(self, call: Caller, platform: Platform) -> None:
        """A new user is stored, can sign in, and is recorded with all details but the password."""
        created = await call(UserService.create, new_user(verified=True))

        assert created.email == "ada@example.com"
        assert created.display_name == "Ada Lovelace"
        assert created.roles == ["user"]
        assert created.status == UserStatus.ACTIVE
        assert (created.verified, created.must_change_password) == (True, False)
        assert (created.version, created.last_sign_in_at) == (1, None)
        assert await platform.caller(SYSTEM)(UserService.get, created.id) == created
        assert await can_sign_in(platform, "ada@example.com")

        [entry] = await platform.audit(action="user.create", actor_name="Actor")
        assert (entry.outcome, entry.target_type) == ("succeeded", "user")
        assert (entry.target_id, entry.target_label) == (str(created.id), "ada@example.com")
        changes = {change["field"]: change["after"] for change in entry.changes}
        assert changes["email"] == "ada@example.com"
        assert changes["roles"] == ["user"]
        assert "password" not in str(entry.changes).replace("must_change_password", "")

    @pytest.mark.actor(grants=["user.update", "user.creates"])
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Without the permission nobody is added, and the attempt is recorded."""
        with pytest.raises(PermissionDenied):
            await call(UserService.create, new_user())

        [entry] = await platform.audit(action="user.create", outcome="denied")
        assert entry.actor_name == "Actor"
        assert not await can_sign_in(platform, "ada@example.com")

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.COM", " ada@example.com "])
    async def test_taken_address(
        self, call: Caller, platform: Platform, make_user: UserFactory, email: str
    ) -> None:
        """An address belongs to one user, however it is written."""
        await make_user(email="Ada@example.com")

        with pytest.raises(Conflict) as refused:
            await call(UserService.create, new_user(email=email))

        assert refused.value.code == "user.email.taken"
        assert refused.value.details["fields"]
        [entry] = await platform.audit(action="user.create", outcome="failed")
        assert (entry.target_label, entry.error_code) == ("ada@example.com", "user.email.taken")

    @pytest.mark.actor("admin")
    async def test_same_address_at_once(self, call: Caller, platform: Platform) -> None:
        """Of many who create the same user at once, one succeeds and the others are told why."""
        results = await asyncio.gather(
            *(call(UserService.create, new_user()) for _ in range(8)), return_exceptions=True
        )

        made = [result for result in results if isinstance(result, UserRead)]
        refused = [result for result in results if isinstance(result, Conflict)]
        assert (len(made), len(refused)) == (1, 7)
        assert {error.code for error in refused} == {"user.email.taken"}
        assert len(await platform.audit(action="user.create", outcome="failed")) == 7

    @pytest.mark.actor("admin")
    async def test_unknown_role(self, call: Caller) -> None:
        """A role that does not exist is named, and so are those that do."""
        with pytest.raises(Invalid) as refused:
            await call(UserService.create, new_user(roles=["user", "emperor"]))

        assert refused.value.code == "user.role.unknown"
        assert "emperor" in refused.value.fields["roles"]
        assert "admin" in refused.value.fields["roles"]

    @pytest.mark.actor("admin")
    async def test_repeated_role(self, call: Caller) -> None:
        """Naming a role twice gives it once."""
        created = await call(UserService.create, new_user(roles=["user", "user", "guest"]))

        assert created.roles == ["guest", "user"]

    @pytest.mark.actor("admin")
    async def test_no_role(self, call: Caller) -> None:
        """A user may have no role at all."""
        assert (await call(UserService.create, new_user(roles=[]))).roles == []

    @pytest.mark.actor(grants=["user.create"])
    async def test_role_above_oneself(self, call: Caller, platform: Platform) -> None:
        """Nobody gives away what they do not hold."""
        with pytest.raises(PermissionDenied) as refused:
            await call(UserService.create, new_user(roles=["admin"]))

        assert (refused.value.code, refused.value.permission) == ("user.above_actor", "*")
        assert not await can_sign_in(platform, "ada@example.com")
        [entry] = await platform.audit(action="user.create", outcome="denied")
        assert entry.target_label == "ada@example.com"

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "ada@example.com"])
    async def test_weak_password(self, call: Caller, platform: Platform, password: str) -> None:
        """A weak password is refused before anything is stored."""
        with pytest.raises(Invalid) as refused:
            await call(UserService.create, new_user(password=password))

        assert refused.value.code == "user.password.weak"
        assert refused.value.fields.keys() == {"password"}
        assert not await can_sign_in(platform, "ada@example.com", password)


class TestUpdate:
    """Change a user's details."""

    @pytest.mark.actor(grants=["user.update"])
    async def test_allowed(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """What is given changes, the rest stays; before and after are recorded."""
        user = await make_user(email="ada@example.com", display_name="Ada")

        changed = await call(
            UserService.update, user.id, UserUpdate(display_name="Ada Lovelace", verified=True)
        )

        assert (changed.display_name, changed.verified) == ("Ada Lovelace", True)
        assert (changed.email, changed.version) == (user.email, 2)
        assert changed.updated_at > user.updated_at
        assert await platform.caller(SYSTEM)(UserService.get, user.id) == changed
        [entry] = await platform.audit(action="user.update")
        assert entry.changes == [
            {"field": "display_name", "before": "Ada", "after": "Ada Lovelace"},
            {"field": "verified", "before": False, "after": True},
        ]

    @pytest.mark.actor("admin")
    async def test_without_a_difference(self, call: Caller, make_user: UserFactory) -> None:
        """Setting what is set already is no new version."""
        user = await make_user()

        same = await call(UserService.update, user.id, UserUpdate(display_name=user.display_name))

        assert same == user

    @pytest.mark.actor("admin")
    async def test_address(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """The new address signs in, the old one does not, and search finds the new one only."""
        user = await make_user(email="ada@example.com")

        await call(UserService.update, user.id, UserUpdate(email="Countess@Example.com"))

        assert await can_sign_in(platform, "countess@example.com")
        assert not await can_sign_in(platform, "ada@example.com")
        found = await call(UserService.page, UserListQuery(q="countess"))
        assert [item.id for item in found.items] == [user.id]
        assert (await call(UserService.page, UserListQuery(q="ada"))).items == []

    @pytest.mark.actor("admin")
    async def test_taken_address(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Nobody gets an address that somebody else has, in whatever case."""
        await make_user(email="grace@example.com")
        user = await make_user(email="ada@example.com")

        with pytest.raises(Conflict) as refused:
            await call(UserService.update, user.id, UserUpdate(email="GRACE@example.com"))

        assert refused.value.code == "user.email.taken"
        assert await platform.caller(SYSTEM)(UserService.get, user.id) == user

    @pytest.mark.actor("admin")
    async def test_same_address_at_once(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Of several users who are given one address at once, one gets it."""
        users = [await make_user() for _ in range(6)]
        change = UserUpdate(email="wanted@example.com")

        results = await asyncio.gather(
            *(call(UserService.update, user.id, change) for user in users), return_exceptions=True
        )

        refused = [result for result in results if isinstance(result, BaseException)]
        assert len(refused) == len(users) - 1
        assert {getattr(error, "code", error) for error in refused} == {"user.email.taken"}

    @pytest.mark.actor("admin")
    async def test_current_version(self, call: Caller, make_user: UserFactory) -> None:
        """A change based on the current version goes through."""
        user = await make_user()

        changed = await call(
            UserService.update, user.id, UserUpdate(verified=True, version=user.version)
        )

        assert changed.version == user.version + 1

    @pytest.mark.actor("admin")
    async def test_older_version(self, call: Caller, make_user: UserFactory) -> None:
        """A change based on what somebody else has changed since is refused."""
        user = await make_user()
        await call(UserService.update, user.id, UserUpdate(display_name="First"))

        with pytest.raises(Conflict) as refused:
            await call(UserService.update, user.id, UserUpdate(display_name="Second", version=1))

        assert refused.value.code == "user.version.conflict"
        assert refused.value.details["current_version"] == 2
        assert (await call(UserService.get, user.id)).display_name == "First"

    @pytest.mark.actor("admin")
    async def test_same_version_at_once(self, call: Caller, make_user: UserFactory) -> None:
        """Of several changes based on one version, one goes through; no update is lost."""
        user = await make_user()

        results = await asyncio.gather(
            *(
                call(
                    UserService.update,
                    user.id,
                    UserUpdate(display_name=f"Name {number}", version=user.version),
                )
                for number in range(6)
            ),
            return_exceptions=True,
        )

        changed = [result for result in results if isinstance(result, UserRead)]
        assert len(changed) == 1
        assert await call(UserService.get, user.id) == changed[0]

    @pytest.mark.actor("admin")
    async def test_password_ends_sessions(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """A new password works at once, the old one and all sessions do not."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)
        new = "another long password"

        await call(UserService.update, user.id, UserUpdate(password=SecretStr(new)))

        assert not await is_live(platform, session)
        assert not await can_sign_in(platform, user.email)
        assert await can_sign_in(platform, user.email, new)
        [entry] = await platform.audit(action="user.update")
        assert entry.changes == [
            {"field": "password", "before": "[redacted]", "after": "[redacted]"}
        ]

    @pytest.mark.actor("admin")
    async def test_details_leave_sessions(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """A new name does not sign anybody out."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)

        await call(UserService.update, user.id, UserUpdate(display_name="New"))

        assert await is_live(platform, session)

    @pytest.mark.actor("admin")
    async def test_weak_password(self, call: Caller, make_user: UserFactory) -> None:
        """A weak password is refused, also when it is the new address."""
        user = await make_user()
        change = UserUpdate(email="new@example.com", password=SecretStr("New@Example.com"))

        with pytest.raises(Invalid) as refused:
            await call(UserService.update, user.id, change)

        assert refused.value.code == "user.password.weak"

    @pytest.mark.actor("admin")
    async def test_missing(self, call: Caller, platform: Platform) -> None:
        """Somebody who is not there cannot be changed; the attempt is recorded."""
        with pytest.raises(NotFound) as missing:
            await call(UserService.update, NOBODY, UserUpdate(verified=True))

        assert missing.value.code == "user.not_found"
        [entry] = await platform.audit(action="user.update", outcome="failed")
        assert entry.error_code == "user.not_found"

    @pytest.mark.actor("admin")
    async def test_oneself(self, call: Caller) -> None:
        """Whoever may change users may change themselves."""
        own = await call(UserService.own)

        assert (
            await call(UserService.update, own.id, UserUpdate(display_name="Me"))
        ).display_name == "Me"


class TestUpdateOwnName:
    """Change one's own display name."""

    @pytest.mark.actor("user")
    async def test_allowed(self, call: Caller, platform: Platform) -> None:
        """Everybody may choose their name."""
        changed = await call(UserService.update_own_name, UserUpdate(display_name="Me"))

        assert changed.display_name == "Me"
        [entry] = await platform.audit(action="user.update_own")
        assert entry.changes == [{"field": "display_name", "before": "Actor", "after": "Me"}]

    @pytest.mark.actor("user")
    async def test_nothing_else(self, call: Caller) -> None:
        """Other fields are not one's own to change."""
        before = await call(UserService.own)
        change = UserUpdate(
            email="new@example.com",
            verified=True,
            must_change_password=True,
            password=SecretStr("another long password"),
        )

        assert await call(UserService.update_own_name, change) == before

    @pytest.mark.actor("user")
    async def test_older_version(self, call: Caller) -> None:
        """Two tabs do not overwrite each other."""
        with pytest.raises(Conflict):
            await call(UserService.update_own_name, UserUpdate(display_name="Me", version=99))

    async def test_system(self, platform: Platform) -> None:
        """The system itself has no profile."""
        with pytest.raises(Conflict) as refused:
            await platform.caller(SYSTEM)(UserService.own)

        assert refused.value.code == "user.not_a_user"


class TestSuspend:
    """Keep a user from signing in."""

    @pytest.mark.actor(grants=["user.suspend"])
    async def test_allowed(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """A suspended user's sessions end, and they cannot sign in."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)

        suspended = await call(UserService.suspend, user.id)

        assert suspended.status == UserStatus.SUSPENDED
        assert not await is_live(platform, session)
        assert not await can_sign_in(platform, user.email)
        [entry] = await platform.audit(action="user.suspend")
        assert entry.changes == [{"field": "status", "before": "active", "after": "suspended"}]

    @pytest.mark.actor("admin")
    async def test_reactivated(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """After reactivation they sign in anew; what had ended stays ended."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)
        await call(UserService.suspend, user.id)

        reactivated = await call(UserService.reactivate, user.id)

        assert reactivated.status == UserStatus.ACTIVE
        assert not await is_live(platform, session)
        assert await can_sign_in(platform, user.email)
        [entry] = await platform.audit(action="user.reactivate")
        assert entry.changes == [{"field": "status", "before": "suspended", "after": "active"}]

    @pytest.mark.actor("admin")
    async def test_twice(self, call: Caller, make_user: UserFactory) -> None:
        """Suspending somebody suspended changes nothing."""
        user = await make_user()
        first = await call(UserService.suspend, user.id)

        assert await call(UserService.suspend, user.id) == first

    @pytest.mark.actor("admin")
    async def test_oneself(self, call: Caller, make_user: UserFactory) -> None:
        """Nobody suspends themselves, even if there are other administrators."""
        await make_user(roles=["admin"])

        with pytest.raises(Conflict) as refused:
            await call(UserService.suspend, (await call(UserService.own)).id)

        assert refused.value.code == "user.suspend.self"


class TestAssignRoles:
    """Give a user exactly these roles."""

    @pytest.mark.actor("admin")
    async def test_allowed(
        self, call: Caller, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """New roles replace the old ones, and hold for sessions that are open."""
        await make_role("user.read", name="reader")
        user = await make_user(roles=["user"])
        session = await platform.sign_in(user, PASSWORD)
        authenticator = await platform.container.get(Authenticator)

        changed = await call(UserService.assign_roles, user.id, ["reader", "guest"])

        assert changed.roles == ["guest", "reader"]
        actor = await authenticator.from_bearer(session.tokens.access_token)
        assert actor.may("user.read")
        [entry] = await platform.audit(action="user.assign_roles")
        assert entry.changes == [
            {"field": "roles", "before": ["user"], "after": ["guest", "reader"]}
        ]

    @pytest.mark.actor("admin")
    async def test_taken_away(
        self, call: Caller, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """A role taken away is gone with the next request."""
        await make_role("user.read", name="reader")
        user = await make_user(roles=["reader"])
        session = await platform.sign_in(user, PASSWORD)
        authenticator = await platform.container.get(Authenticator)

        assert (await call(UserService.assign_roles, user.id, [])).roles == []

        actor = await authenticator.from_bearer(session.tokens.access_token)
        assert not actor.may("user.read")

    @pytest.mark.actor(grants=["user.assign_roles", "user.read"])
    async def test_within_what_one_holds(
        self, call: Caller, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """Whoever holds all that a role grants may give it, although it is not theirs."""
        await make_role("user.read", name="reader")
        user = await make_user()

        assert (await call(UserService.assign_roles, user.id, ["reader"])).roles == ["reader"]

    @pytest.mark.actor(grants=["user.assign_roles", "user.read"])
    @pytest.mark.parametrize("grant", ["user.create", "user.*", "*", "role.read"])
    async def test_role_above_oneself(
        self, call: Caller, make_user: UserFactory, make_role: RoleFactory, grant: str
    ) -> None:
        """Nobody gives away more than they hold, not to others and not to themselves."""
        await make_role("user.read", grant, name="above")
        user = await make_user()
        own = await call(UserService.own)

        for target in (user.id, own.id):
            with pytest.raises(PermissionDenied) as refused:
                await call(UserService.assign_roles, target, ["above"])

            assert (refused.value.code, refused.value.permission) == ("user.above_actor", grant)
        assert (await call(UserService.get, user.id)).roles == ["user"]

    @pytest.mark.actor("admin")
    async def test_unknown_role(self, call: Caller, make_user: UserFactory) -> None:
        """A role that does not exist cannot be given."""
        user = await make_user()

        with pytest.raises(Invalid) as refused:
            await call(UserService.assign_roles, user.id, ["emperor"])

        assert refused.value.code == "user.role.unknown"


class TestDelete:
    """Remove a user for good."""

    @pytest.mark.actor(grants=["user.delete", "user.read"])
    async def test_allowed(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """A deleted user is gone with their sessions; the entry remembers them."""
        user = await make_user(email="ada@example.com", display_name="Ada")
        session = await platform.sign_in(user, PASSWORD)

        await call(UserService.delete, user.id)

        assert not await is_live(platform, session)
        assert not await can_sign_in(platform, "ada@example.com")
        with pytest.raises(NotFound):
            await call(UserService.get, user.id)
        assert (await call(UserService.page, UserListQuery(q="ada"))).items == []
        [entry] = await platform.audit(action="user.delete")
        assert (entry.target_id, entry.target_label) == (str(user.id), "ada@example.com")
        before = {change["field"]: change["before"] for change in entry.changes}
        assert (before["display_name"], before["roles"]) == ("Ada", ["user"])

    @pytest.mark.actor("admin")
    async def test_leaves_their_audit_entries(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """What somebody did stays on record under their name."""
        user = await make_user(display_name="Ada")
        await platform.sign_in(user, PASSWORD)

        await call(UserService.delete, user.id)

        [entry] = await platform.audit(action="auth.token.issue", actor_id=user.id)
        assert entry.actor_name == "Ada"

    @pytest.mark.actor("admin")
    async def test_address_can_be_used_again(self, call: Caller, make_user: UserFactory) -> None:
        """The address of somebody deleted is free."""
        user = await make_user(email="ada@example.com")
        await call(UserService.delete, user.id)

        created = await call(UserService.create, new_user(email="ada@example.com"))

        assert created.id != user.id

    @pytest.mark.actor("admin")
    async def test_oneself(self, call: Caller, make_user: UserFactory) -> None:
        """Nobody deletes themselves, even if there are other administrators."""
        await make_user(roles=["admin"])

        with pytest.raises(Conflict) as refused:
            await call(UserService.delete, (await call(UserService.own)).id)

        assert refused.value.code == "user.delete.self"


class TestConsequencesOfDeletion:
    """What deleting somebody would entail."""

    @pytest.mark.actor(grants=["user.delete"])
    async def test_counts_open_sessions(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Open sessions are counted; nothing is changed."""
        user = await make_user()
        await platform.sign_in(user, PASSWORD)
        await platform.sign_in(user, PASSWORD)
        before = await platform.contents()

        found = await call(UserService.consequences_of_deletion, user.id)

        assert found == [Consequence(count=2, what="open sessions end")]
        assert await platform.contents() == before

    @pytest.mark.actor("admin")
    async def test_none(self, call: Caller, make_user: UserFactory) -> None:
        """Somebody without belongings leaves nothing behind."""
        user = await make_user()

        assert await call(UserService.consequences_of_deletion, user.id) == []


class TestLastAdministrator:
    """There is always somebody who can do everything."""

    ACTIONS: Actions = (
        (UserService.suspend, ()),
        (UserService.delete, ()),
        (UserService.assign_roles, (["user"],)),
        (UserService.assign_roles, ([],)),
    )

    @pytest.mark.parametrize(("operation", "arguments"), ACTIONS)
    async def test_stays(
        self,
        platform: Platform,
        make_user: UserFactory,
        operation: Callable[..., Any],
        arguments: tuple[Any, ...],
    ) -> None:
        """The last one can neither be suspended, nor deleted, nor demoted, not even by us."""
        last = await make_user(roles=["admin"])
        suspended = await make_user(roles=["admin"])
        await platform.caller(SYSTEM)(UserService.suspend, suspended.id)

        with pytest.raises(Conflict) as refused:
            await platform.caller(SYSTEM)(operation, last.id, *arguments)

        assert refused.value.code == "user.last_administrator"
        assert (await platform.caller(SYSTEM)(UserService.get, last.id)) == last

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(("operation", "arguments"), ACTIONS)
    async def test_one_of_two_may_go(
        self,
        call: Caller,
        make_user: UserFactory,
        operation: Callable[..., Any],
        arguments: tuple[Any, ...],
    ) -> None:
        """If there is another one, an administrator may go."""
        other = await make_user(roles=["admin"])

        await call(operation, other.id, *arguments)

    @pytest.mark.actor("admin")
    async def test_by_another_role(
        self, call: Caller, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """Whoever holds everything counts, whatever the role is called."""
        await make_role("*", name="owner")
        await make_user(roles=["owner"])
        own = await call(UserService.own)

        assert (await platform.caller(SYSTEM)(UserService.suspend, own.id)).status == "suspended"

    @pytest.mark.parametrize(("operation", "arguments"), ACTIONS)
    async def test_two_who_remove_each_other(
        self,
        platform: Platform,
        make_user: UserFactory,
        operation: Callable[..., Any],
        arguments: tuple[Any, ...],
    ) -> None:
        """Two administrators who remove each other at once do not both succeed."""
        one = await platform.sign_in(await make_user(roles=["admin"]), PASSWORD)
        other = await platform.sign_in(await make_user(roles=["admin"]), PASSWORD)

        await asyncio.gather(
            platform.caller(one.actor)(operation, other.user.id, *arguments),
            platform.caller(other.actor)(operation, one.user.id, *arguments),
            return_exceptions=True,
        )

        left = await platform.caller(SYSTEM)(
            UserService.page, UserListQuery(role="admin", status=UserStatus.ACTIVE)
        )
        assert len(left.items) >= 1


class TestSomebodyAbove:
    """Nobody acts on someone who may do what they may not: it would be a way to become them."""

    ACTIONS: Actions = (
        (UserService.update, (UserUpdate(display_name="New"),)),
        (UserService.update, (UserUpdate(password=SecretStr("another long password")),)),
        (UserService.update, (UserUpdate(email="mine@example.com"),)),
        (UserService.suspend, ()),
        (UserService.reactivate, ()),
        (UserService.assign_roles, ([],)),
        (UserService.delete, ()),
    )

    @pytest.mark.actor(grants=MANAGER)
    @pytest.mark.parametrize(("operation", "arguments"), ACTIONS)
    async def test_refused(
        self,
        call: Caller,
        platform: Platform,
        make_user: UserFactory,
        operation: Any,
        arguments: tuple[Any, ...],
    ) -> None:
        """A user manager cannot touch an administrator; the attempt is recorded with its target."""
        above = await make_user(roles=["admin"])
        before = await platform.contents(without=["core_audit_entries"])

        with pytest.raises(PermissionDenied) as refused:
            await call(operation, above.id, *arguments)

        assert refused.value.code == "user.above_actor"
        assert await platform.contents(without=["core_audit_entries"]) == before
        action = operation.__operation__.action
        [entry] = await platform.audit(action=action, outcome="denied")
        assert (entry.target_id, entry.target_label) == (str(above.id), above.email)

    @pytest.mark.actor(grants=MANAGER)
    @pytest.mark.parametrize(("operation", "arguments"), ACTIONS)
    async def test_peer_is_not_above(
        self,
        call: Caller,
        make_user: UserFactory,
        make_role: RoleFactory,
        operation: Any,
        arguments: tuple[Any, ...],
    ) -> None:
        """Somebody who may do the same or less is not above."""
        await make_role("user.*", "role.read", name="peer")
        peer = await make_user(roles=["peer"])

        await call(operation, peer.id, *arguments)


class TestGet:
    """Read one user."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_allowed(self, call: Caller, make_user: UserFactory) -> None:
        """A user is shown with their roles."""
        user = await make_user(roles=["guest", "user"])

        assert await call(UserService.get, user.id) == user

    @pytest.mark.actor(grants=["user.read"])
    async def test_last_sign_in(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """The last sign-in is known after the first one."""
        user = await make_user()
        await platform.sign_in(user, PASSWORD)

        found = await call(UserService.get, user.id)

        assert found.last_sign_in_at is not None
        assert found.last_sign_in_at >= user.created_at

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(
        "operation",
        [
            UserService.get,
            UserService.suspend,
            UserService.reactivate,
            UserService.delete,
            UserService.consequences_of_deletion,
        ],
    )
    async def test_missing(self, call: Caller, operation: Any) -> None:
        """Somebody who is not there is not found, whatever is asked."""
        with pytest.raises(NotFound) as missing:
            await call(operation, uuid4())

        assert missing.value.code == "user.not_found"


class TestPage:
    """List users."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_newest_first(self, call: Caller, make_user: UserFactory) -> None:
        """Unasked, the newest come first."""
        users = [await make_user() for _ in range(3)]

        page = await call(UserService.page, UserListQuery(limit=3))

        assert page.items == list(reversed(users))

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("sort", ["created_at", "email", "display_name", "last_sign_in_at"])
    async def test_every_sort_walks_the_whole_list(
        self, call: Caller, make_user: UserFactory, sort: str
    ) -> None:
        """Each order shows everybody once, page by page, and is the reverse of its reverse."""
        for number in range(6):
            await make_user(display_name=f"Same {number % 2}")

        async def walk(sort: str) -> list[UUID]:
            page = await call(UserService.page, UserListQuery(sort=sort, limit=2))
            found = list(page.items)
            while page.next_cursor:
                query = UserListQuery(sort=sort, limit=2, cursor=page.next_cursor)
                page = await call(UserService.page, query)
                found += page.items
            return [user.id for user in found]

        up, down = await walk(sort), await walk(f"-{sort}")

        assert len(up) == len(set(up)) == 7
        assert up == down[::-1]

    @pytest.mark.actor("admin")
    async def test_filters(self, call: Caller, make_user: UserFactory) -> None:
        """Status, role and words narrow the list together."""
        ada = await make_user(display_name="Ada", roles=["guest"])
        await make_user(display_name="Ada", roles=["user"])
        grace = await make_user(display_name="Grace", roles=["guest"])
        await call(UserService.suspend, grace.id)

        async def ids(**query: Any) -> set[UUID]:
            page = await call(UserService.page, UserListQuery.model_validate(query))
            return {user.id for user in page.items}

        assert await ids(role="guest") == {ada.id, grace.id}
        assert await ids(role="guest", status="suspended") == {grace.id}
        assert await ids(role="guest", q="ada") == {ada.id}
        assert await ids(role="nobody") == set()
        assert len(await ids(q="   ")) == 4


class TestCount:
    """How many users match."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_exact(self, call: Caller, make_user: UserFactory) -> None:
        """Few are counted exactly, with the filters of the list."""
        for _ in range(3):
            await make_user(display_name="Ada")

        counted = await call(UserService.count, UserFilter(q="ada"))

        assert (counted.count, counted.is_exact) == (3, True)

    @pytest.mark.actor(grants=["user.read"])
    async def test_many(
        self, call: Caller, make_user: UserFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beyond the limit it is only said that there are more."""
        monkeypatch.setattr("app.features.users.repository.COUNT_LIMIT", 2)
        monkeypatch.setattr("app.features.users.service.COUNT_LIMIT", 2)
        for _ in range(3):
            await make_user()

        counted = await call(UserService.count, UserFilter())

        assert (counted.count, counted.is_exact) == (2, False)

    @pytest.mark.actor(grants=["user.read"])
    async def test_many_found(
        self, call: Caller, make_user: UserFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A search that looks at some matches only does not claim to have counted all."""
        monkeypatch.setattr(repository, "SEARCH_LIMIT", 2)
        for _ in range(3):
            await make_user(display_name="Ada")

        counted = await call(UserService.count, UserFilter(q="ada"))

        assert (counted.count, counted.is_exact) == (2, False)

"""Operations on users: allowed, refused, missing, conflicting."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core.actor import SYSTEM
from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from app.features.users.schemas import (
    UserCreate,
    UserRead,
    UserStatus,
    UserUpdate,
)
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Caller, Platform

MANAGER = ["user.*", "role.read"]
Actions = tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]
NOBODY = UUID("01890000-0000-7000-8000-000000000001")


def new_user(**details: Any) -> UserCreate:
    """Valid details of a new user, with some of them replaced."""
    return UserCreate.model_validate(
        {"email": "ada@example.com", "display_name": "Ada Lovelace", "password": PASSWORD} | details
    )


class TestCreate:
    """Add somebody who can sign in."""

    @pytest.mark.actor(grants=["user.create", "user.reset_credentials", "user.read"])
    async def test_allowed(self, call: Caller, platform: Platform) -> None:
        """A new user is stored, can sign in, and is recorded with all details but the password."""
        created = await call(UserService.create, new_user(verified=True))

        assert created.email == "ada@example.com"
        assert created.display_name == "Ada Lovelace"
        assert created.roles == ["user"]
        assert created.status == UserStatus.ACTIVE
        assert (created.verified, created.must_change_password) == (True, True)
        assert (created.version, created.last_sign_in_at) == (1, None)
        assert await platform.caller(SYSTEM)(UserService.get, created.id) == created
        assert await platform.can_sign_in("ada@example.com", PASSWORD)

        [entry] = await platform.audit(action="user.create", actor_name="Actor")
        assert (entry.outcome, entry.target_type) == ("succeeded", "user")
        assert (entry.target_id, entry.target_label) == (str(created.id), "ada@example.com")
        changes = {change["field"]: change["after"] for change in entry.changes}
        assert changes["email"] == "ada@example.com"
        assert [role["role"] for role in changes["roles"]] == ["user"]
        assert "password" not in str(entry.changes).replace("must_change_password", "")

    @pytest.mark.actor("admin")
    async def test_equal_without_a_password(self, call: Caller, platform: Platform) -> None:
        """Nobody whom the actor could not make a link for is left without a password."""
        new = UserCreate(email="ada@example.com", display_name="Ada Lovelace", roles=["admin"])

        with pytest.raises(Invalid) as refused:
            await call(UserService.create, new)

        assert refused.value.code == "user.password.needed"
        assert await platform.caller(SYSTEM)(UserService.find, "ada@", most=1) == []

    @pytest.mark.actor(grants=["user.update", "user.read"])
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Without the permission nobody is added, and the attempt is recorded."""
        with pytest.raises(PermissionDenied):
            await call(UserService.create, new_user())

        [entry] = await platform.audit(action="user.create", outcome="denied")
        assert entry.actor_name == "Actor"
        assert not await platform.can_sign_in("ada@example.com", PASSWORD)

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

    @pytest.mark.actor(grants=["user.create", "role.read"])
    async def test_role_above_oneself(self, call: Caller, platform: Platform) -> None:
        """Nobody gives away what they do not hold."""
        with pytest.raises(PermissionDenied) as refused:
            await call(UserService.create, new_user(roles=["admin"]))

        assert (refused.value.code, refused.value.permission) == ("user.above_actor", "*")
        assert not await platform.can_sign_in("ada@example.com", PASSWORD)
        [entry] = await platform.audit(action="user.create", outcome="denied")
        assert entry.target_label == "ada@example.com"

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(
        ("password", "code"),
        [
            ("short", "user.password.weak"),
            ("aaaaaaaaaaaa", "user.password.weak"),
            ("ada@example.com", "user.password.guessable"),
            ("welcome123", "user.password.guessable"),
            ("lovelace1815", "user.password.guessable"),
        ],
    )
    async def test_weak_password(
        self, call: Caller, platform: Platform, password: str, code: str
    ) -> None:
        """A weak password is refused before anything is stored."""
        with pytest.raises(Invalid) as refused:
            await call(UserService.create, new_user(password=password))

        assert refused.value.code == code
        assert refused.value.fields.keys() == {"password"}
        assert not await platform.can_sign_in("ada@example.com", password)


class TestUpdate:
    """Change a user's details."""

    @pytest.mark.actor(grants=["user.update", "user.read"])
    async def test_allowed(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """What is given changes, the rest stays; before and after are recorded."""
        user = await make_user(email="ada@example.com", display_name="Ada")

        changed = await call(
            UserService.update,
            user.id,
            UserUpdate(display_name="Ada Lovelace", must_change_password=True),
        )

        assert (changed.display_name, changed.must_change_password) == ("Ada Lovelace", True)
        assert (changed.email, changed.version) == (user.email, 2)
        assert changed.updated_at > user.updated_at
        assert await platform.caller(SYSTEM)(UserService.get, user.id) == changed
        [entry] = await platform.audit(action="user.update")
        assert entry.changes == [
            {"field": "display_name", "before": "Ada", "after": "Ada Lovelace"},
            {"field": "must_change_password", "before": False, "after": True},
        ]

    @pytest.mark.actor("admin")
    async def test_without_a_difference(self, call: Caller, make_user: UserFactory) -> None:
        """Setting what is set already is no new version."""
        user = await make_user()

        same = await call(UserService.update, user.id, UserUpdate(display_name=user.display_name))

        assert same == user

    @pytest.mark.actor("admin")
    async def test_current_version(self, call: Caller, make_user: UserFactory) -> None:
        """A change based on the current version goes through."""
        user = await make_user()

        changed = await call(
            UserService.update, user.id, UserUpdate(display_name="New", version=user.version)
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
    async def test_details_leave_sessions(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """A new name does not sign anybody out."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)

        await call(UserService.update, user.id, UserUpdate(display_name="New"))

        assert await platform.is_live(session)

    @pytest.mark.actor("admin")
    async def test_missing(self, call: Caller, platform: Platform) -> None:
        """Somebody who is not there cannot be changed; the attempt is recorded."""
        with pytest.raises(NotFound) as missing:
            await call(UserService.update, NOBODY, UserUpdate(display_name="New"))

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

        assert await call(UserService.update_own_name, UserUpdate(must_change_password=True)) == (
            before
        )

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

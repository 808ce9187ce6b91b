"""Operations on what a user signs in with."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr, ValidationError

from app.core import clock
from app.core.actor import SYSTEM
from app.core.errors import Conflict, NotFound, PermissionDenied
from app.features.roles.schemas import GrantSpec
from app.features.users.credential_service import CredentialService
from app.features.users.schemas import (
    EmailChange,
    ResetStart,
    UserListQuery,
    UserUpdate,
)
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform, SignedIn

HELPDESK = ["user.read", "user.reset_credentials"]
NOBODY = UUID("01890000-0000-7000-8000-000000000001")
START = ResetStart()
ACTIONS = (
    (CredentialService.check_reset, ()),
    (CredentialService.start_reset, (START,)),
    (CredentialService.change_email, (EmailChange(email="new@example.com"),)),
)


class TestStartReset:
    """Make a one-time link by which the user chooses a new password."""

    @pytest.mark.actor(grants=HELPDESK)
    async def test_allowed(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """The user's sessions end, the old password stays, and no record holds the token."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)

        started = await call(CredentialService.start_reset, user.id, START)

        assert timedelta(hours=23) < started.expires_at - clock.now() <= timedelta(hours=24)
        assert not await platform.is_live(session)
        assert await platform.can_sign_in(user.email, PASSWORD)
        [entry] = await platform.audit(action="user.reset_credentials")
        assert (entry.target_id, entry.changes) == (str(user.id), [])
        assert started.token not in str(await platform.contents())

    @pytest.mark.actor(grants=HELPDESK)
    async def test_leaves_sessions(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Sessions go on when that is asked for."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)

        await call(CredentialService.start_reset, user.id, ResetStart(end_sessions=False))

        assert await platform.is_live(session)

    @pytest.mark.actor(grants=HELPDESK)
    async def test_suspended(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """A suspended user gets no link, which they could not use."""
        user = await make_user()
        await platform.caller(SYSTEM)(UserService.suspend, user.id)

        with pytest.raises(Conflict) as refused:
            await call(CredentialService.start_reset, user.id, START)

        assert refused.value.code == "user.suspended"

    @pytest.mark.actor("admin")
    async def test_oneself(self, call: Caller) -> None:
        """One's own password is changed by giving the current one."""
        own = await call(UserService.own)

        with pytest.raises(Conflict) as refused:
            await call(CredentialService.start_reset, own.id, START)

        assert refused.value.code == "user.reset_credentials.self"


class TestChangeEmail:
    """Give a user another address to sign in with."""

    @pytest.mark.actor(grants=HELPDESK)
    async def test_allowed(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """The new address signs in, the old one does not; sessions end, and it is not confirmed."""
        user = await make_user(email="ada@example.com", verified=True)
        session = await platform.sign_in(user, PASSWORD)

        changed = await call(
            CredentialService.change_email, user.id, EmailChange(email="Countess@Example.com")
        )

        assert (changed.email, changed.verified) == ("countess@example.com", False)
        assert not await platform.is_live(session)
        assert await platform.can_sign_in("countess@example.com", PASSWORD)
        assert not await platform.can_sign_in("ada@example.com", PASSWORD)
        found = await call(UserService.page, UserListQuery(q="countess"))
        assert [item.id for item in found.items] == [user.id]
        assert (await call(UserService.page, UserListQuery(q="ada"))).items == []
        [entry] = await platform.audit(action="user.change_email")
        assert entry.changes == [
            {"field": "email", "before": "ada@example.com", "after": "countess@example.com"},
            {"field": "verified", "before": True, "after": False},
        ]

    @pytest.mark.actor(grants=HELPDESK)
    async def test_confirmed(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """The same address given again is only confirmed: sessions go on."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)

        changed = await call(
            CredentialService.change_email, user.id, EmailChange(email=user.email, verified=True)
        )

        assert changed.verified
        assert await platform.is_live(session)

    @pytest.mark.actor("admin")
    async def test_taken(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """Nobody gets an address that somebody else has, in whatever case."""
        await make_user(email="grace@example.com")
        user = await make_user(email="ada@example.com")
        change = EmailChange(email="GRACE@example.com")

        with pytest.raises(Conflict) as refused:
            await call(CredentialService.change_email, user.id, change)

        assert refused.value.code == "user.email.taken"
        assert await platform.caller(SYSTEM)(UserService.get, user.id) == user

    @pytest.mark.actor("admin")
    async def test_same_address_at_once(self, call: Caller, make_user: UserFactory) -> None:
        """Of several users who are given one address at once, one gets it."""
        users = [await make_user() for _ in range(6)]
        change = EmailChange(email="wanted@example.com")

        results = await asyncio.gather(
            *(call(CredentialService.change_email, user.id, change) for user in users),
            return_exceptions=True,
        )

        refused = [result for result in results if isinstance(result, BaseException)]
        assert len(refused) == len(users) - 1
        assert {getattr(error, "code", error) for error in refused} == {"user.email.taken"}

    @pytest.mark.actor("admin")
    async def test_older_version(self, call: Caller, make_user: UserFactory) -> None:
        """A change based on an older version is refused."""
        user = await make_user()
        change = EmailChange(email="new@example.com", version=user.version + 1)

        with pytest.raises(Conflict) as refused:
            await call(CredentialService.change_email, user.id, change)

        assert refused.value.code == "user.version.conflict"

    @pytest.mark.actor(grants=HELPDESK)
    async def test_oneself(self, call: Caller) -> None:
        """Whoever may change addresses changes their own, but does not confirm it."""
        own = await call(UserService.own)

        with pytest.raises(PermissionDenied) as refused:
            await call(
                CredentialService.change_email, own.id, EmailChange(email=own.email, verified=True)
            )
        changed = await call(
            CredentialService.change_email, own.id, EmailChange(email="me@example.com")
        )

        assert refused.value.code == "user.verify.self"
        assert changed.email == "me@example.com"

    @pytest.mark.actor(
        grants=[GrantSpec(permission="user.reset_credentials", writable=["password"]), "user.read"]
    )
    async def test_limited_to_passwords(self, call: Caller, make_user: UserFactory) -> None:
        """A grant that is limited to passwords opens no addresses."""
        user = await make_user()

        with pytest.raises(PermissionDenied) as refused:
            await call(
                CredentialService.change_email, user.id, EmailChange(email="new@example.com")
            )

        assert refused.value.code == "permission.field"
        assert (await call(CredentialService.check_reset, user.id)).id == user.id


class TestWhomItReaches:
    """Only people below oneself: whoever controls what they sign in with controls the account."""

    @pytest.mark.actor(grants=HELPDESK)
    @pytest.mark.parametrize(("operation", "arguments"), ACTIONS)
    async def test_equals(
        self,
        call: Caller,
        platform: Platform,
        make_user: UserFactory,
        operation: Any,
        arguments: tuple[Any, ...],
    ) -> None:
        """An equal is refused, without naming a permission that the actor holds."""
        peer = await make_user(roles=["as-declared"])
        before = await platform.contents(without=["core_audit_entries"])

        with pytest.raises(PermissionDenied) as refused:
            await call(operation, peer.id, *arguments)

        assert (refused.value.code, refused.value.details) == ("user.not_below_actor", {})
        assert await platform.contents(without=["core_audit_entries"]) == before

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(("operation", "arguments"), ACTIONS)
    async def test_administrators(
        self, call: Caller, make_user: UserFactory, operation: Any, arguments: tuple[Any, ...]
    ) -> None:
        """Not even an administrator takes over another one."""
        other = await make_user(roles=["admin"])

        with pytest.raises(PermissionDenied) as refused:
            await call(operation, other.id, *arguments)

        assert refused.value.code == "user.not_below_actor"

    @pytest.mark.actor(grants=HELPDESK)
    @pytest.mark.parametrize(("operation", "arguments"), ACTIONS)
    async def test_people_above(
        self,
        call: Caller,
        make_user: UserFactory,
        make_role: RoleFactory,
        operation: Any,
        arguments: tuple[Any, ...],
    ) -> None:
        """Somebody who holds one thing more is out of reach."""
        role = await make_role("user.read", "audit.read")
        above = await make_user(roles=[role.name])

        with pytest.raises(PermissionDenied) as refused:
            await call(operation, above.id, *arguments)

        assert refused.value.code == "user.above_actor"

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(("operation", "arguments"), ACTIONS)
    async def test_missing(self, call: Caller, operation: Any, arguments: tuple[Any, ...]) -> None:
        """Somebody who is not there is not found."""
        with pytest.raises(NotFound):
            await call(operation, NOBODY, *arguments)


class TestSetPassword:
    """Set a user's password, by the operator of the machine."""

    async def test_by_the_system(self, platform: Platform, make_user: UserFactory) -> None:
        """The new password works at once, the old one, sessions and links do not."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)
        system = platform.caller(SYSTEM)

        await system(
            CredentialService.set_password, user.id, SecretStr("password1"), must_change=False
        )

        assert not await platform.is_live(session)
        assert not await platform.can_sign_in(user.email, PASSWORD)
        assert await platform.can_sign_in(user.email, "password1")
        [entry] = await platform.audit(action="user.set_password")
        assert entry.changes == [
            {"field": "password", "before": "[redacted]", "after": "[redacted]"}
        ]

    @pytest.mark.actor("admin")
    async def test_by_nobody_else(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """An administrator starts a reset instead."""
        user = await make_user()

        with pytest.raises(PermissionDenied) as refused:
            await call(
                CredentialService.set_password,
                user.id,
                SecretStr("another long password"),
                must_change=True,
            )

        assert refused.value.code == "user.set_password.system_only"
        assert await platform.can_sign_in(user.email, PASSWORD)


class TestDetails:
    """What `user.update` no longer does."""

    @pytest.mark.parametrize(
        ("field", "value"),
        [("email", "x@example.com"), ("password", PASSWORD), ("verified", True)],
    )
    def test_says_where(self, field: str, value: object) -> None:
        """The message at the field names the route that changes it."""
        with pytest.raises(ValidationError) as refused:
            UserUpdate.model_validate({field: value, "display_name": "New"})

        [problem] = refused.value.errors()
        assert (problem["loc"], problem["type"]) == ((field,), "elsewhere")
        assert "/api/v1/users/{id}/" in problem["msg"]

    def test_obligation_is_not_lifted(self) -> None:
        """A password that must be changed is known to somebody else: only the change lifts that."""
        with pytest.raises(ValidationError):
            UserUpdate.model_validate({"must_change_password": False})

    @pytest.mark.actor(grants=["user.create", "user.read"])
    async def test_created_accounts(self, signed_in: SignedIn, platform: Platform) -> None:
        """Whoever creates an account knows its password for one sign-in, and confirms nothing."""
        new = {"email": "new@example.com", "display_name": "New", "password": PASSWORD, "roles": []}
        async with platform.client(signed_in.tokens.access_token) as client:
            known = await client.post("/api/v1/users", json=new | {"must_change_password": False})
            confirmed = await client.post("/api/v1/users", json=new | {"verified": True})
            made = await client.post("/api/v1/users", json=new)

        assert (known.status_code, known.json()["code"]) == (422, "user.password.known")
        assert (confirmed.status_code, confirmed.json()["permission"]) == (
            403,
            "user.reset_credentials",
        )
        assert (made.status_code, made.json()["must_change_password"]) == (201, True)

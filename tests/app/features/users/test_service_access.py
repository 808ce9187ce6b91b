"""Operations that decide who gets in: suspend, reactivate, assign roles, delete."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from app.core.ports import Authenticator
from app.features.users.schemas import (
    Consequence,
    UserCreate,
    UserListQuery,
    UserStatus,
)
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform

MANAGER = ["user.*", "role.read"]
Actions = tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]
NOBODY = UUID("01890000-0000-7000-8000-000000000001")


def new_user(**details: Any) -> UserCreate:
    """Valid details of a new user, with some of them replaced."""
    return UserCreate.model_validate(
        {"email": "ada@example.com", "display_name": "Ada Lovelace", "password": PASSWORD} | details
    )


class TestSuspend:
    """Keep a user from signing in."""

    @pytest.mark.actor(grants=["user.suspend", "user.read"])
    async def test_allowed(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """A suspended user's sessions end, and they cannot sign in."""
        user = await make_user()
        session = await platform.sign_in(user, PASSWORD)

        suspended = await call(UserService.suspend, user.id)

        assert suspended.status == UserStatus.SUSPENDED
        assert not await platform.is_live(session)
        assert not await platform.can_sign_in(user.email, PASSWORD)
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
        assert not await platform.is_live(session)
        assert await platform.can_sign_in(user.email, PASSWORD)
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
        [change] = entry.changes
        assert change["field"] == "roles"
        assert [role["role"] for role in change["before"]] == ["user"]
        assert [(role["role"], role["granted_by"]) for role in change["after"]] == [
            ("guest", "Actor"),
            ("reader", "Actor"),
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
        """Nobody gives away more than they hold, nor learns what a role grants by trying."""
        await make_role("user.read", grant, name="above")
        user = await make_user()
        own = await call(UserService.own)

        for target in (user.id, own.id):
            with pytest.raises(PermissionDenied) as refused:
                await call(UserService.assign_roles, target, ["above"])

            assert refused.value.code == "user.above_actor"
            assert refused.value.permission == "user.assign_roles"
            assert "above" not in refused.value.message
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

        assert not await platform.is_live(session)
        assert not await platform.can_sign_in("ada@example.com", PASSWORD)
        with pytest.raises(NotFound):
            await call(UserService.get, user.id)
        assert (await call(UserService.page, UserListQuery(q="ada"))).items == []
        [entry] = await platform.audit(action="user.delete")
        assert (entry.target_id, entry.target_label) == (str(user.id), "ada@example.com")
        before = {change["field"]: change["before"] for change in entry.changes}
        assert before["display_name"] == "Ada"
        assert [role["role"] for role in before["roles"]] == ["user"]

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

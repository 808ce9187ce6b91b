"""Rules that hold across operations on users."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.core.actor import SYSTEM
from app.core.errors import Conflict, PermissionDenied
from app.features.users.schemas import (
    UserListQuery,
    UserStatus,
    UserUpdate,
)
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform

MANAGER = ["user.*", "role.read"]
Actions = tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]
NOBODY = UUID("01890000-0000-7000-8000-000000000001")


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

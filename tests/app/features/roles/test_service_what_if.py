"""Who would gain and who would lose what, before it is saved."""

from datetime import timedelta
from typing import get_args

import pytest

from app.core import clock
from app.core.access import Effect
from app.features.roles.schemas import (
    GrantSpec,
    RoleUpdate,
    WhatIf,
)
from app.features.roles.service import RoleService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.roles import role_named


def told(report: WhatIf) -> dict[str, dict[str, list[str]]]:
    """The names in a report, by permission and effect."""
    found: dict[str, dict[str, list[str]]] = {}
    for group in report.groups:
        names = [person.name for person in group.people]
        assert (len(names), group.hidden) == (group.count, 0)
        for effect in get_args(Effect):
            for permission in getattr(group, effect):
                people = found.setdefault(permission, {}).setdefault(effect, [])
                people[:] = sorted([*people, *names])
    assert report.affected == sum(group.count for group in report.groups)
    return found


@pytest.mark.actor("admin")
class TestWhatIf:
    """Who would gain and lose what."""

    async def test_names_people(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Through the hierarchy, and leaving out those who hold it anyway."""
        desk = await make_role("user.read", name="desk")
        chief = await make_role("audit.read", name="chief")
        await call(RoleService.update, chief.id, RoleUpdate(includes=["desk"]))
        await make_user(display_name="Ada", roles=["desk"])
        await make_user(display_name="Bob", roles=["chief"])
        await make_user(display_name="Cem", roles=["desk", "admin"])
        before = await platform.contents(without=["core_audit_entries"])

        report = await call(
            RoleService.what_if,
            desk.id,
            RoleUpdate(permissions=["audit.read", "role.read"]),
        )

        assert told(report) == {
            "audit.read": {"gains": ["Ada"]},
            "role.read": {"gains": ["Ada", "Bob"]},
            "user.read": {"loses": ["Ada", "Bob"]},
        }
        assert (report.affected, report.refusal) == (2, None)
        assert await platform.contents(without=["core_audit_entries"]) == before

    async def test_conditions(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Fewer rows, fewer fields and an end are told, too."""
        desk = await make_role("user.read", name="desk")
        await make_user(display_name="Ada", roles=["desk"])

        for grant in (
            GrantSpec(permission="user.read", rule="own"),
            GrantSpec(permission="user.read", readable=["email"]),
            GrantSpec(permission="user.read", expires_at=clock.now() + timedelta(days=1)),
        ):
            report = await call(RoleService.what_if, desk.id, RoleUpdate(grants=[grant]))
            assert told(report) == {"user.read": {"narrows": ["Ada"]}}

    async def test_deletion_and_creation(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Without the role; and a new role changes nothing for anybody yet."""
        desk = await make_role("user.read", name="desk")
        await make_user(display_name="Ada", roles=["desk"])

        gone = await call(RoleService.what_if, desk.id, None)
        made = await call(RoleService.what_if, None, RoleUpdate(name="x", permissions=["*"]))

        assert told(gone) == {"user.read": {"loses": ["Ada"]}}
        assert told(made) == {}

    async def test_says_what_would_be_refused(self, call: Caller, platform: Platform) -> None:
        """Before the click, not after it."""
        admin = await role_named(platform, "admin")

        report = await call(RoleService.what_if, admin.id, RoleUpdate(permissions=[]))

        assert report.refusal is not None
        assert "Nobody would be left" in report.refusal

    async def test_agrees_with_what_happens(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """After saving, exactly those who were named may do what was said."""
        desk = await make_role("user.read", name="desk")
        users = [await make_user(display_name=name, roles=["desk"]) for name in ("Ada", "Bob")]
        change = RoleUpdate(permissions=["role.*"])
        report = await call(RoleService.what_if, desk.id, change)

        await call(RoleService.update, desk.id, change)

        for user in users:
            actor = (await platform.sign_in(user, PASSWORD)).actor
            for group in report.groups:
                assert user.id in [person.id for person in group.people]
                assert all(map(actor.may, group.gains))
                assert not any(map(actor.may, group.loses))

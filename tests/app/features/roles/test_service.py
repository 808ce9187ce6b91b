"""Operations on roles."""

import pytest

from app.core.actor import SYSTEM
from app.core.errors import PermissionDenied, Unauthenticated
from app.core.permissions import PermissionSet
from app.features.roles.schemas import RoleRead
from app.features.roles.service import DEFAULT_ROLES, RoleService
from app.testing.factories import RoleFactory
from app.testing.platform import Caller, Platform


class TestAll:
    """All roles, by name."""

    @pytest.mark.actor(grants=["role.read"])
    async def test_allowed(self, call: Caller, make_role: RoleFactory) -> None:
        """Roles come with what they grant, both in order."""
        await make_role("user.read", "audit.read", name="zebra")

        roles = {role.name: role.grants for role in await call(RoleService.all)}

        assert list(roles) == sorted(roles)
        assert roles["admin"] == ("*",)
        assert roles["user"] == ()
        assert roles["zebra"] == ("audit.read", "user.read")

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Not everybody sees what roles grant; the attempt is recorded."""
        with pytest.raises(PermissionDenied):
            await call(RoleService.all)

        [entry] = await platform.audit(action="role.read", outcome="denied")
        assert entry.actor_name == "Actor"

    async def test_anonymous(self, call: Caller) -> None:
        """Visitors see nothing."""
        with pytest.raises(Unauthenticated):
            await call(RoleService.all)


class TestEnsureDefaults:
    """Create those of the default roles that are missing."""

    async def test_nothing_missing(self, platform: Platform) -> None:
        """Where all are there, nothing is made."""
        before = await platform.contents(without=["core_audit_entries"])

        assert await platform.caller(SYSTEM)(RoleService.ensure_defaults) == []

        assert await platform.contents(without=["core_audit_entries"]) == before

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller) -> None:
        """It is not for everybody."""
        with pytest.raises(PermissionDenied):
            await call(RoleService.ensure_defaults)

    async def test_on_an_empty_database(self, platform: Platform) -> None:
        """A prepared database has exactly the default roles."""
        roles = await platform.caller(SYSTEM)(RoleService.all)

        assert {role.name for role in roles} == set(DEFAULT_ROLES)
        assert [role.name for role in roles if role.is_administrator] == ["admin"]


class TestIsWithin:
    """Whether someone already holds all that a role grants."""

    @pytest.mark.parametrize(
        ("role_grants", "held", "expected"),
        [
            ([], [], True),
            (["user.read"], [], False),
            (["user.read"], ["user.read"], True),
            (["user.read"], ["user.*"], True),
            (["user.read"], ["*"], True),
            (["user.*"], ["user.read"], False),
            (["user.*"], ["user.*"], True),
            (["user.*"], ["*"], True),
            (["*"], ["user.*", "role.*"], False),
            (["*"], ["*"], True),
            (["user.read", "role.read"], ["user.*"], False),
            (["blog.post.*"], ["blog.*"], True),
            (["blog.*"], ["blog.post.*"], False),
        ],
    )
    def test_compares_grants(
        self, role_grants: list[str], held: list[str], *, expected: bool
    ) -> None:
        """A wildcard is held by a wider one only."""
        role = RoleRead.model_validate(
            {
                "id": "01890000-0000-7000-8000-000000000001",
                "name": "some",
                "description": "",
                "grants": role_grants,
            }
        )

        assert role.is_within(PermissionSet(held)) is expected

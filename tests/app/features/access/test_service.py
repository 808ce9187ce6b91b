"""Explanations and reports: what they say is what the gate does."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.core import clock
from app.core.errors import Invalid, NotFound
from app.features.access.schemas import ExplainQuery
from app.features.access.service import AccessService
from app.features.roles.schemas import Grants, GrantSpec, MembersAdd, RoleUpdate
from app.features.roles.service import RoleService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform

NOBODY = UUID("01890000-0000-7000-8000-000000000001")


@pytest.mark.actor("admin")
class TestPermissions:
    """Every permission that a feature declares."""

    async def test_all(self, call: Caller, platform: Platform) -> None:
        """With what a grant can be limited to."""
        found = {each.permission: each for each in await call(AccessService.permissions)}

        assert found.keys() == {str(name) for name in platform.registry.permissions}
        assert {rule.name for rule in found["user.read"].rules} == {"own", "same_role"}
        assert found["user.read"].fields["email"] == "E-mail"
        assert found["role.read"].rules == []


@pytest.mark.actor("admin")
class TestExplain:
    """Why somebody holds a permission or does not."""

    async def test_tells_the_way(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Through included roles and wildcards, with who gave it."""
        await make_role("user.*", name="editor")
        chief = await make_role(name="chief")
        await call(RoleService.update, chief.id, RoleUpdate(includes=["editor"]))
        user = await make_user(display_name="Ada", roles=["chief"])

        told = await call(
            AccessService.explain, ExplainQuery(user_id=user.id, permission="user.delete")
        )

        assert told.allowed
        assert told.verdict == "Ada holds user.delete."
        [step] = told.steps
        assert (step.roles, step.granted, step.is_wildcard) == (["chief", "editor"], "user.*", True)
        assert step.sentence == "Through chief → editor: grants user.*."
        assert step.granted_by == "system"
        assert told.given_by_roles == ["admin", "chief", "editor"]

    async def test_tells_why_not(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """No grant at all, one that has ended, one for other rows."""
        ended = GrantSpec(permission="user.delete", expires_at=clock.now() - timedelta(days=1))
        await make_role(ended, GrantSpec(permission="user.update", rule="own"), name="desk")
        user = await make_user(display_name="Ada", roles=["desk"])
        other = await make_user()

        nothing = await call(
            AccessService.explain, ExplainQuery(user_id=user.id, permission="role.read")
        )
        past = await call(
            AccessService.explain, ExplainQuery(user_id=user.id, permission="user.delete")
        )
        elsewhere = await call(
            AccessService.explain,
            ExplainQuery(user_id=user.id, permission="user.update", object_id=str(other.id)),
        )
        own = await call(
            AccessService.explain,
            ExplainQuery(user_id=user.id, permission="user.update", object_id=str(user.id)),
        )

        assert (nothing.allowed, nothing.steps) == (False, [])
        assert "no role and no grant in person" in nothing.verdict
        assert not past.allowed
        assert past.verdict.endswith("what would give it has ended.")
        assert (elsewhere.allowed, own.allowed) == (False, True)
        assert elsewhere.steps[0].verdict == "other_rows"
        assert elsewhere.steps[0].rule == "Their own record"

    async def test_agrees_with_the_gate(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """For every permission."""
        await make_role("user.*", "*.read", name="desk")
        user = await make_user(roles=["desk"])
        actor = (await platform.sign_in(user, PASSWORD)).actor

        for name in platform.registry.permissions:
            told = await call(
                AccessService.explain, ExplainQuery(user_id=user.id, permission=str(name))
            )
            assert told.allowed is actor.may(name)

    @pytest.mark.parametrize(
        ("permission", "object_id", "error"),
        [
            ("nothing.read", None, Invalid),
            ("role.read", str(NOBODY), Invalid),
            ("user.read", str(NOBODY), NotFound),
            ("user.read", "x", NotFound),
        ],
    )
    async def test_impossible(
        self,
        call: Caller,
        make_user: UserFactory,
        permission: str,
        object_id: str | None,
        error: type[Exception],
    ) -> None:
        """Unknown permissions, and records that are not there."""
        user = await make_user()
        wanted = ExplainQuery(user_id=user.id, permission=permission, object_id=object_id)

        with pytest.raises(error):
            await call(AccessService.explain, wanted)

    async def test_unknown_user(self, call: Caller) -> None:
        """There is nobody to explain."""
        with pytest.raises(NotFound):
            await call(AccessService.explain, ExplainQuery(user_id=NOBODY, permission="user.read"))
        with pytest.raises(NotFound):
            await call(AccessService.of_user, NOBODY)


@pytest.mark.actor("admin")
class TestReports:
    """All that a user holds, and everybody who holds something."""

    async def test_of_user(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Exactly what the gate lets through, with the conditions."""
        ends = clock.now() + timedelta(days=1)
        role = await make_role(
            GrantSpec(permission="user.read", rule="own", readable=["email"]), "role.*", name="desk"
        )
        user = await make_user(roles=["guest"])
        await call(
            RoleService.add_members, role.id, MembersAdd(user_ids=[user.id], expires_at=ends)
        )
        actor = (await platform.sign_in(user, PASSWORD)).actor

        held = {each.permission: each for each in await call(AccessService.of_user, user.id)}

        assert held.keys() == {str(n) for n in platform.registry.permissions if actor.may(n)}
        read = held["user.read"]
        assert (read.rows, read.readable, read.writable) == ("Their own record", ["email"], None)
        assert (read.through, read.ends_at) == (["desk"], ends)
        assert held["role.update"].rows == "all"

    async def test_holders(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """By role, by hierarchy, by wildcard and in person; not the suspended."""
        await make_role("audit.*", name="watch")
        await make_user(display_name="Ada", roles=["watch"])
        await make_user(display_name="Bob", roles=["guest"])
        cem = await make_user(display_name="Cem", roles=["guest"])
        await make_user(display_name="Dee", roles=["admin"])
        own = [GrantSpec(permission="audit.read", rule="own")]
        await call(RoleService.set_own_grants, cem.id, Grants(grants=own))

        found = {
            each.display_name: each for each in await call(AccessService.holders, "audit.read")
        }

        assert found.keys() == {"Actor", "Ada", "Cem", "Dee"}
        assert found["Ada"].through == ["watch"]
        assert (found["Cem"].through, found["Cem"].rows) == (
            ["in person"],
            "What they did themselves",
        )

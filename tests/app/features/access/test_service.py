"""Explanations and reports: what they say is what the gate does."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.core import clock
from app.core.actor import SYSTEM
from app.core.errors import Invalid, NotFound
from app.core.unit_of_work import UnitOfWork
from app.features.access.schemas import CompareQuery, ExplainQuery
from app.features.access.service import AccessService
from app.features.roles.repository import RoleRepository
from app.features.roles.schemas import Grants, GrantSpec, MembersAdd, RoleUpdate
from app.features.roles.service import RoleService
from app.features.users.service import UserService
from app.settings import AccessSettings, Settings
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


class TestGranters:
    """Whom somebody can ask who lacks a permission."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_names(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory, platform: Platform
    ) -> None:
        """Those who may give roles and hold it, or may give what they do not hold."""
        await make_role("user.assign_roles", "user.delete", name="holds")
        await make_role("user.assign_roles", "role.grant", name="gives")
        await make_role("user.assign_roles", "user.read", name="lacks")
        for role in ("holds", "gives", "lacks"):
            await make_user(display_name=f"Ada {role}", roles=[role])
        gone = await make_user(display_name="Ada gone", roles=["holds"])
        await platform.caller(SYSTEM)(UserService.suspend, gone.id)

        assert await call(AccessService.granters, "user.delete") == ["Ada gives", "Ada holds"]

    @pytest.mark.actor("user")
    async def test_unseen(self, call: Caller, make_user: UserFactory) -> None:
        """Who may see nobody is told no name."""
        await make_user(display_name="Ada", roles=["admin"])

        assert await call(AccessService.granters, "user.delete") == []


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
            each.name: each for each in (await call(AccessService.holders, "audit.read")).items
        }

        assert found.keys() == {"Actor", "Ada", "Cem", "Dee"}
        assert found["Ada"].through == ["watch"]
        assert (found["Cem"].through, found["Cem"].rows) == (
            ["in person"],
            "What they did themselves",
        )

    async def test_holder_counts(self, call: Caller, make_user: UserFactory) -> None:
        """As many as the list of holders names, permission by permission."""
        await make_user(roles=["admin"])
        await make_user(roles=["guest"])
        cem = await make_user(roles=["guest"])
        await call(RoleService.set_own_grants, cem.id, Grants(permissions=["audit.read"]))

        counts = await call(AccessService.holder_counts)

        for name in ("audit.read", "user.delete"):
            assert counts[name] == len((await call(AccessService.holders, name)).items)
        assert counts["audit.read"] == counts["user.delete"] + 1

    async def test_matrix(self, call: Caller, make_role: RoleFactory) -> None:
        """How each role grants each permission."""
        await make_role("audit.read", GrantSpec(permission="user.read", rule="own"), name="b")
        above = await make_role("session.*", name="a")
        await call(RoleService.update, above.id, RoleUpdate(includes=["b"]))

        matrix = await call(AccessService.matrix)

        names = [role.name for role in matrix.roles]
        cells = {row.permission: dict(zip(names, row.cells, strict=True)) for row in matrix.rows}
        assert names == sorted(names)
        assert (cells["audit.read"]["a"], cells["audit.read"]["b"]) == ("i", "d")
        assert (cells["user.read"]["a"], cells["user.read"]["b"]) == ("ic", "dc")
        assert cells["session.read"]["a"] == "dw"
        assert cells["session.read"]["b"] == ""

    async def test_compare(self, call: Caller, make_role: RoleFactory) -> None:
        """Only what differs, in words."""
        await make_role("audit.read", GrantSpec(permission="user.read", rule="own"), name="a")
        await make_role("audit.read", "user.read", "role.read", name="b")

        found = await call(AccessService.compare, CompareQuery(a="a", b="b"))

        assert {each.permission: (each.a, each.b) for each in found} == {
            "user.read": ("Their own record", "all records"),
            "role.read": ("", "all records"),
        }
        with pytest.raises(NotFound):
            await call(AccessService.compare, CompareQuery(a="a", b="nobody"))


@pytest.mark.actor("admin")
class TestPeople:
    """Finding those who are to be explained."""

    async def test_person(self, call: Caller, make_user: UserFactory) -> None:
        """By id, or by address in any spelling."""
        ada = await make_user(email="ada@example.com")

        assert (await call(AccessService.person, str(ada.id))).id == ada.id
        assert (await call(AccessService.person, " Ada@Example.com ")).id == ada.id
        for nobody in ("ada", "", str(NOBODY), "a\0@example.com", "\0", "\ud800@example.com"):
            with pytest.raises(NotFound):
                await call(AccessService.person, nobody)

    async def test_people(self, call: Caller, make_user: UserFactory) -> None:
        """By a part of the name or address; a few, and nobody for nothing."""
        await make_user(email="ada@example.com", display_name="Ada Okafor")
        await make_user(email="x%y@example.com", display_name="Bob")

        assert [each.email for each in await call(AccessService.people, "okaf")] == [
            "ada@example.com"
        ]
        assert [each.display_name for each in await call(AccessService.people, "x%y")] == ["Bob"]
        assert await call(AccessService.people, "%") == []
        assert await call(AccessService.people, " ") == []
        assert [each.display_name for each in await call(AccessService.people, "ada\tokaf")] == [
            "Ada Okafor"
        ]
        for unseen in ("\0", "a\0b", "\ud800", "\u202e"):
            assert await call(AccessService.people, unseen) == []


@pytest.mark.actor("admin")
class TestFile:
    """The roles and the file that describes them."""

    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        """A platform whose roles are described by a file."""
        return settings.model_copy(update={"access": AccessSettings(file=tmp_path / "roles.yaml")})

    async def test_drift(self, call: Caller, settings: Settings, make_role: RoleFactory) -> None:
        """What was exported does not differ; what is changed since, does."""
        assert settings.access.file is not None
        settings.access.file.write_text(await call(AccessService.export), encoding="utf-8")
        same = await call(AccessService.drift)
        await make_role("user.read", name="new")
        changed = await call(AccessService.drift)
        settings.access.file.write_text("roles: [", encoding="utf-8")
        broken = await call(AccessService.drift)
        settings.access.file.unlink()
        gone = await call(AccessService.drift)

        assert (same.file, same.problem, same.differences) == (str(settings.access.file), "", [])
        assert changed.differences == ["new: is not in the file."]
        assert "no YAML" in broken.problem
        assert "cannot be read" in gone.problem


@pytest.mark.actor("admin")
async def test_ended_grants_stay(call: Caller, platform: Platform, make_user: UserFactory) -> None:
    """Granting more in person keeps what has ended, to be told of."""
    user = await make_user()
    ended = GrantSpec(permission="audit.read", expires_at=clock.now() - timedelta(days=1))
    async with platform.caller(SYSTEM).unit() as unit:
        uow = await unit.get(UnitOfWork)
        await uow.begin_write()
        await (await unit.get(RoleRepository)).replace_own_grants(
            user.id, [ended], by=(None, "system")
        )
        await uow.commit()
    present = await call(RoleService.own_grants, user.id)

    await call(
        RoleService.set_own_grants,
        user.id,
        Grants(grants=[*present, GrantSpec(permission="user.read")]),
    )

    after = await call(RoleService.own_grants, user.id)
    assert {each.permission for each in after} == {"audit.read", "user.read"}


@pytest.mark.actor("admin")
class TestKeptOut:
    """People who hold something and may not all the same."""

    async def test_suspended(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """A suspended user may not, whatever they hold, and every report says so."""
        await make_role("user.read", name="desk")
        user = await make_user(display_name="Ada", roles=["desk"])
        await call(UserService.suspend, user.id)

        for permission, holds in (("user.read", True), ("role.read", False)):
            told = await call(
                AccessService.explain, ExplainQuery(user_id=user.id, permission=permission)
            )
            assert (told.allowed, told.holds, told.kept_out) == (False, holds, ["suspended"])
            assert told.verdict.startswith("Ada may not: Ada is suspended and cannot sign in.")
        [held] = await call(AccessService.of_user, user.id)
        assert held.kept_out == ["suspended"]
        holders = await call(AccessService.holders, "user.read")
        assert user.id not in [each.id for each in holders.items]

    async def test_must_change_password(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Who must choose another password first is among the holders, with a mark."""
        await make_role("user.read", name="desk")
        user = await make_user(display_name="Ada", roles=["desk"], must_change_password=True)

        told = await call(
            AccessService.explain, ExplainQuery(user_id=user.id, permission="user.read")
        )
        holders = await call(AccessService.holders, "user.read")

        assert (told.allowed, told.kept_out) == (False, ["must_change_password"])
        [marked] = [each for each in holders.items if each.id == user.id]
        assert marked.kept_out == ["must_change_password"]
        assert not any(each.kept_out for each in holders.items if each.id != user.id)


class TestKeptOutUnseen:
    """What tells it belongs to the fields of a user."""

    @pytest.mark.actor(
        grants=["role.read", GrantSpec(permission="user.read", readable=["display_name", "roles"])]
    )
    async def test_is_not_told(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Who may not read the status of a user does not learn it by an explanation."""
        await make_role("user.read", name="desk")
        user = await make_user(display_name="Ada", roles=["desk"])
        await platform.caller(SYSTEM)(UserService.suspend, user.id)

        told = await call(
            AccessService.explain, ExplainQuery(user_id=user.id, permission="user.read")
        )

        assert (told.allowed, told.kept_out) == (True, [])

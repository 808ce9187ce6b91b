"""Roles and people whose names look like those of others are refused, by every way."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.core.errors import Conflict
from app.core.migrations import Migrator
from app.core.text import is_shown
from app.features.roles.schemas import RoleCreate, RoleUpdate
from app.features.roles.service import DEFAULT_ROLES, RoleService
from app.features.users.credential_service import CredentialService
from app.features.users.schemas import EmailChange, UserListQuery
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform
from tests.app.core.test_names import ADMIN

VERSIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"

CLASHING = [name for name in ADMIN if is_shown(name) and name.isalnum()]


@pytest.mark.actor("admin")
class TestRoles:
    """Names of roles."""

    @pytest.mark.parametrize("name", CLASHING)
    async def test_built_in_names(self, call: Caller, make_role: RoleFactory, name: str) -> None:
        """No role is made or renamed so that its name looks like a built-in one."""
        other = await make_role(name="other")

        with pytest.raises(Conflict) as made:
            await call(RoleService.create, RoleCreate(name=name))
        with pytest.raises(Conflict) as renamed:
            await call(RoleService.update, other.id, RoleUpdate(name=name))

        assert {made.value.code, renamed.value.code} == {"role.name.taken"}
        assert "another role, admin." in made.value.message

    @pytest.mark.parametrize("name", [each.upper() for each in DEFAULT_ROLES])
    async def test_capitals(self, call: Caller, name: str) -> None:
        """Every built-in name is reserved in capitals, too."""
        with pytest.raises(Conflict):
            await call(RoleService.create, RoleCreate(name=name))

    async def test_renaming_to_another_spelling(self, call: Caller, make_role: RoleFactory) -> None:
        """A role may change how its own name is written."""
        role = await make_role(name="helpdesk")

        renamed = await call(RoleService.update, role.id, RoleUpdate(name="Helpdesk"))

        assert renamed.name == "Helpdesk"

    async def test_filter(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """A list of those with the role ADMIN lists those with the role admin."""
        await make_role(name="desk")
        user = await make_user(roles=["desk"])

        for spelling in ("desk", "DESK", "ｄｅｓｋ"):  # noqa: RUF001 - wide letters
            page = await call(UserService.page, UserListQuery(role=spelling))
            assert [each.id for each in page.items] == [user.id]


@pytest.mark.actor("admin")
class TestAddresses:
    """What people sign in with."""

    async def test_width(self, platform: Platform, make_user: UserFactory) -> None:
        """Wide letters are the same address: taken, and good for signing in."""
        user = await make_user(email="ada@example.org")

        with pytest.raises(Conflict) as caught:
            await make_user(email="ａｄａ@example.org")  # noqa: RUF001 - wide letters
        assert caught.value.code == "user.email.taken"
        assert await platform.can_sign_in("ａｄａ＠ｅｘａｍｐｌｅ．ｏｒｇ", PASSWORD)  # noqa: RUF001 - likewise
        assert user.email == "ada@example.org"

    @pytest.mark.parametrize("email", ["аdа@example.org", "ada@еха.org"])  # noqa: RUF001 - Cyrillic
    async def test_mixed(self, make_user: UserFactory, email: str) -> None:
        """An address with a part that only looks Latin is refused."""
        with pytest.raises(ValueError, match="mixes letters"):
            await make_user(email=email)

    async def test_lookalikes(self, call: Caller, make_user: UserFactory) -> None:
        """An address of Cyrillic letters cannot stand beside the Latin one that it looks like."""
        email = "сор@example.org"  # noqa: RUF001 - Cyrillic
        await make_user(email="cop@example.org")
        other = await make_user()

        with pytest.raises(Conflict) as made:
            await make_user(email=email)
        with pytest.raises(Conflict) as changed:
            await call(CredentialService.change_email, other.id, EmailChange(email=email))

        assert {made.value.code, changed.value.code} == {"user.email.lookalike"}

    async def test_own(self, call: Caller, make_user: UserFactory) -> None:
        """Somebody's own address is no obstacle, and a former one is free again."""
        user = await make_user(email="cop@example.org")

        await call(CredentialService.change_email, user.id, EmailChange(email="new@example.org"))

        await make_user(email="сор@example.org")  # noqa: RUF001 - Cyrillic


class TestMigration:
    """Names that were stored before they were compared so."""

    async def test_clashing_names(self, empty_database_url: str) -> None:
        """They keep their names; the built-in or older one has the key, the other one its own."""
        database = Database(empty_database_url)
        migrator = Migrator(database)
        [keys] = VERSIONS.glob("*_name_keys.py")
        [before] = re.findall('down_revision = "(.*)"', keys.read_text(encoding="utf-8"))
        await migrator.upgrade(before)
        async with database.writing.begin() as connection:
            for number, name in enumerate(["Admin", "admin", "Éditeur", "éditeur"]):
                await connection.execute(
                    text(
                        "INSERT INTO core_roles (id, name, description, created_at) "
                        f"VALUES ('0000000000000000000000000000000{number}', '{name}', '', "
                        "'2026-01-01 00:00:00')"
                    )
                )
        await migrator.upgrade()

        async with database.reading.connect() as connection:
            rows = await connection.execute(text("SELECT name, name_key FROM core_roles"))
            found: dict[str, str] = {row.name: row.name_key for row in rows}
        await database.close()
        assert {name: key.partition("#")[0] for name, key in found.items()} == {
            "Admin": "admin",
            "admin": "admin",
            "Éditeur": "éditeur",
            "éditeur": "éditeur",
        }
        assert [name for name, key in found.items() if "#" not in key] == ["admin", "Éditeur"]

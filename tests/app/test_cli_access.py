"""`platformctl perms`, `guards` and `access`."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.commands import FOUND, operations
from app.core.operations import Service
from app.features.access.service import AccessService
from app.features.roles.schemas import MembersAdd
from app.features.roles.service import RoleService
from app.features.users import service as users_service
from examples.inventory.module import ItemService
from tests.app.test_cli import Run, migrated, run

pytestmark = pytest.mark.slow

__all__ = ["migrated", "run"]

ADMIN = "admin@example.com"
FILE = """
roles:
- name: admin
  description: May do everything.
  grants:
  - permission: '*'
- name: guest
  description: Signs in and looks around.
- name: chief
  includes: [desk]
- name: desk
  grants:
  - permission: user.read
    rule: own
"""


def unboxed(text: str) -> str:
    """What stands in the box of a usage error, on one line."""
    return " ".join(text.replace("│", " ").split())


class TestPerms:
    """`perms explain`, `holders` and `of`."""

    def test_explain(self, migrated: Run) -> None:
        """By address or id, in words or as JSON; the record counts."""
        words = migrated("perms", "explain", ADMIN, "user.read")
        told = json.loads(migrated("perms", "explain", ADMIN, "user.read", "--json").stdout)
        person = told["user"]["id"]
        by_id = migrated("perms", "explain", person, "user.read", person)
        nobody = migrated("perms", "explain", "nobody@example.com", "user.read", "--json")

        assert words.stdout.splitlines() == [
            (
                "Administrator may not: Administrator must choose another password first. "
                "Apart from that: Administrator holds user.read."
            ),
            "  counts: Through admin: grants *.",
            "Roles that would give it: admin",
        ]
        assert (told["allowed"], told["holds"]) == (False, True)
        assert "for this record" in by_id.stdout
        assert nobody.returncode == 1
        assert json.loads(nobody.stderr)["code"] == "user.not_found"

    def test_reports(self, migrated: Run) -> None:
        """Everybody who holds one permission, and all that one person holds."""
        holders = json.loads(migrated("perms", "holders", "user.read", "--json").stdout)
        held = json.loads(migrated("perms", "of", ADMIN, "--json").stdout)

        assert [each["email"] for each in holders] == [ADMIN]
        assert "user.delete" in [each["permission"] for each in held]
        line = f"{ADMIN}  all  admin (must choose another password first)\n"
        assert migrated("perms", "holders", "user.read").stdout == line
        assert "user.delete  all  admin" in migrated("perms", "of", ADMIN).stdout
        assert migrated("perms", "holders", "no.such").returncode == 1


class TestGuards:
    """`guards list` and `check`."""

    def test_list(self, migrated: Run) -> None:
        """Routes, handlers and pages, with permission, row rules and holders."""
        found = {
            (each["kind"], each["name"]): each
            for each in json.loads(migrated("guards", "list", "--json").stdout)
        }

        route = found["route", "GET /api/v1/users"]
        assert (route["permission"], route["holders"]) == ("user.read", 1)
        assert "Their own record" in route["rules"]
        assert found["handler", "user_record.delete"]["permission"] == "user.delete"
        assert found["page", "/audit"]["permission"] == "audit.read"
        assert found["page", "/"]["holders"] is None

    def test_check(self, migrated: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """It passes as long as nothing is unguarded, and names what is."""
        assert migrated("guards", "check").returncode == 0

        class OpenService(Service):
            async def leak(self) -> None:
                """Pass no gate."""

        OpenService.__module__ = users_service.__name__
        OpenService.__qualname__ = "OpenService"
        monkeypatch.setattr(users_service, "OpenService", OpenService, raising=False)
        result = migrated("guards", "check", "--json")

        assert result.returncode == FOUND
        assert json.loads(result.stdout) == {"unguarded": ["operation OpenService.leak"]}

    def test_check_of_a_module(self, migrated: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Modules are looked at as the platform's own features are."""
        monkeypatch.setenv("ATRIUM_MODULES__INSTALLED", '["examples.inventory"]')

        async def leak(self: Any) -> None:
            """Pass no gate."""

        monkeypatch.setattr(ItemService, "leak", leak, raising=False)
        result = migrated("guards", "check", "--json")

        assert result.returncode == FOUND
        assert json.loads(result.stdout) == {"unguarded": ["operation ItemService.leak"]}


class TestFile:
    """`access export`, `diff` and `apply`."""

    @pytest.fixture
    def write(self, tmp_path: Path) -> Callable[[str], str]:
        """Write a file of roles."""

        def write(text: str) -> str:
            path = tmp_path / "roles.yaml"
            path.write_text(text, encoding="utf-8")
            return str(path)

        return write

    def test_export(self, migrated: Run, tmp_path: Path) -> None:
        """Printed or written, it is the same and does not differ from what there is."""
        path = tmp_path / "out.yaml"
        migrated("access", "export", str(path))

        assert migrated("access", "export").stdout == path.read_text(encoding="utf-8")
        assert migrated("access", "diff", str(path)).returncode == 0

    def test_apply(self, migrated: Run, write: Callable[[str], str]) -> None:
        """A dry run changes nothing; then roles are made in any order; then nothing is left."""
        path = write(FILE)
        before = migrated("access", "export").stdout
        dry = migrated("access", "apply", path, "--dry-run")
        unchanged = migrated("access", "export").stdout
        applied = migrated("access", "apply", path)
        diff = json.loads(migrated("access", "diff", path, "--json").stdout)

        assert "Nothing was changed." in dry.stdout
        assert unchanged == before
        assert applied.returncode == 0
        assert diff == {"differences": ["user: is not in the file."]}
        assert "rule: own" in migrated("access", "export").stdout

    @pytest.mark.parametrize("command", ["diff", "apply"])
    def test_unusable_file(self, migrated: Run, tmp_path: Path, command: str) -> None:
        """A file that is not there, or is not UTF-8, is wrong usage, and no setting is blamed."""
        latin = tmp_path / "latin.yaml"
        latin.write_bytes("roles:\n- name: füralle\n".encode("latin-1"))
        missing = migrated("access", command, str(tmp_path / "none.yaml"))
        garbled = migrated("access", command, str(latin))

        assert (missing.returncode, garbled.returncode) == (2, 2)
        assert "does not exist" in unboxed(missing.stderr)
        assert "UTF-8" in unboxed(garbled.stderr)
        assert "ATRIUM_DATA_DIR" not in missing.stderr + garbled.stderr

    @pytest.mark.parametrize("command", [("access", "export"), ("audit", "export", "--output")])
    def test_no_folder(self, migrated: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
        """Nothing is written into a folder that is not there, which is wrong usage."""
        result = migrated(*command, str(tmp_path / "none" / "file"))

        assert result.returncode == 2
        assert "no such folder" in unboxed(result.stderr)

    def test_another_role_of_the_name(
        self, migrated: Run, write: Callable[[str], str], tmp_path: Path
    ) -> None:
        """A file's role is not one that only has its name, unless one goes by names."""
        path = tmp_path / "out.yaml"
        only = write("roles: [{name: helper}]")
        migrated("access", "apply", only)
        migrated("access", "export", str(path))
        migrated("access", "apply", write(FILE), "--prune")
        anew = migrated("access", "apply", str(path))
        same = "helper" not in migrated("access", "diff", str(path)).stdout
        migrated("access", "apply", write(FILE), "--prune")
        migrated("access", "apply", write("roles: [{name: helper}]"))
        refused = migrated("access", "apply", str(path))
        by_name = migrated("access", "apply", str(path), "--by-name")

        assert (anew.returncode, same) == (0, True)
        assert refused.returncode == 1
        assert "helper: is another role here than in the file, by its id." in refused.stderr
        assert by_name.returncode == 0

    def test_totals(self, migrated: Run, write: Callable[[str], str]) -> None:
        """Who would lose what is counted before."""
        path = write(FILE + "- name: helper\n  grants: [{permission: user.read}]\n")
        migrated("access", "apply", path)
        migrated("users", "create-admin", "ada@example.com")
        path = write(FILE.replace("guest\n", "guest\n  grants: [{permission: audit.read}]\n"))
        result = json.loads(migrated("access", "apply", path, "--dry-run", "--json").stdout)

        assert result["applied"] is False
        assert result["totals"]["loses"] == 0

    def test_dry_run_looks_into_new_roles(self, migrated: Run, write: Callable[[str], str]) -> None:
        """What saving would refuse is refused, also of roles that are not there yet."""
        path = write(FILE + "- name: fresh\n  grants: [{permission: no.such}]\n")

        result = migrated("access", "apply", path, "--dry-run")

        assert result.returncode == 1
        assert "No feature has a permission no.such" in result.stderr

    def test_prune(self, migrated: Run, write: Callable[[str], str]) -> None:
        """Roles go that the file does not name, but those that are built in."""
        path = write(FILE)
        migrated("access", "apply", write(FILE + "- name: old\n"))
        write(FILE)
        kept = migrated("access", "apply", path).stdout
        dry = migrated("access", "apply", path, "--prune", "--dry-run").stdout
        still = migrated("access", "export").stdout
        pruned = migrated("access", "apply", path, "--prune").stdout
        after = migrated("access", "export").stdout

        assert "old: is deleted." not in kept
        assert "old: is deleted." in dry
        assert "name: old" in still
        assert "Applied." in pruned
        assert "name: old" not in after
        assert "name: user" in after

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "This file is empty"),
            (b"# roles\n", "This file is empty"),
            (b"{}", "roles: This is required."),
            (b"roles:", "roles: Must be a list."),
            (b"roles: []", "The file describes no role, so --prune would delete all of them."),
            (b"roles:\n- name: a\nroles:\n- name: b", "line 3: roles stands here a second time"),
            (b"roles:\n- name: a\n  name: b", "line 3: name stands here a second time"),
            ("roles:\n- name: Größe".encode("latin-1"), "no text in UTF-8"),
            ("roles:\n- name: a".encode("utf-16"), "no text in UTF-8"),
        ],
        ids=range(9),
    )
    def test_accidents(self, migrated: Run, tmp_path: Path, content: bytes, words: str) -> None:
        """What cannot be meant deletes nothing, however much it is forced: one sentence."""
        path = tmp_path / "roles.yaml"
        path.write_bytes(content)
        before = migrated("access", "export").stdout

        result = migrated("access", "apply", str(path), "--prune", "--force")

        assert result.returncode in (1, 2)
        assert words in " ".join(result.stderr.replace("│", " ").split())
        assert migrated("access", "export").stdout == before

    def test_prune_spares_members(self, migrated: Run, write: Callable[[str], str]) -> None:
        """A role that somebody has goes only when it is forced, and not before."""

        async def give() -> None:
            async with operations(RoleService) as (roles, container):
                [old] = [role for role in await roles.all() if role.name == "old"]
                person = await (await container.get(AccessService)).person(ADMIN)
                await roles.add_members(old.id, MembersAdd(user_ids=[person.id]))

        old = "- name: old\n  grants: [{permission: user.read}]\n"
        migrated("access", "apply", write(FILE + old))
        asyncio.run(give())
        path = write(FILE)
        refused = migrated("access", "apply", path, "--prune")
        still = migrated("access", "export").stdout
        forced = migrated("access", "apply", path, "--prune", "--force")

        assert refused.returncode == 1
        assert "old: 1 person has this role" in refused.stderr
        assert "name: old" in still
        assert forced.returncode == 0
        assert "name: old" not in migrated("access", "export").stdout

    @pytest.mark.parametrize("option", [[], ["--dry-run"]])
    def test_refused(self, migrated: Run, write: Callable[[str], str], option: list[str]) -> None:
        """As the service refuses: nobody would keep everything, and nothing at all is changed."""
        path = write(FILE.replace("permission: '*'", "permission: user.read"))
        before = migrated("access", "export").stdout
        result = migrated("access", "apply", path, *option)

        assert result.returncode == 1
        assert "Nobody would be left" in result.stderr
        assert migrated("access", "export").stdout == before

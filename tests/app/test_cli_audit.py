"""`platformctl audit`."""

import getpass
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.commands import FOUND
from tests.app.test_cli import Run, migrated, run

__all__ = ["migrated", "run"]


def tamper(directory: Path, statement: str) -> None:
    """Do what the platform never does."""
    with closing(sqlite3.connect(directory / "atrium.db")) as connection:
        connection.execute(statement)
        connection.commit()


class TestVerify:
    """`audit seal` and `audit verify`."""

    def test_sound(self, migrated: Run) -> None:
        """What was sealed verifies, and is counted."""
        sealed = json.loads(migrated("audit", "seal", "--json").stdout)
        verified = migrated("audit", "verify", "--json")

        assert sealed["entries"] == 2
        assert verified.returncode == 0
        facts = json.loads(verified.stdout)
        assert facts == {
            "sound": True,
            "checked": 2,
            "sealed": 2,
            "head": facts["head"],
            "waiting": 0,
            "faults": 0,
            "findings": [],
            "acknowledged": [],
            "remarks": [],
        }
        assert re.fullmatch(r"2:[0-9a-f]{64}", facts["head"])

    def test_expected(self, migrated: Run) -> None:
        """A head that was noted must be in the trail still; what is no head is wrong usage."""
        migrated("audit", "seal")
        head = json.loads(migrated("audit", "verify", "--json").stdout)["head"]
        there = migrated("audit", "verify", "--expect", head)
        other = migrated("audit", "verify", "--expect", f"2:{'0' * 64}")
        later = migrated("audit", "verify", "--expect", f"3:{'0' * 64}")
        wrong = migrated("audit", "verify", "--expect", "two")

        assert there.returncode == 0
        assert f"Head: {head}" in there.stdout
        assert (other.returncode, later.returncode) == (FOUND, FOUND)
        assert "Seal 2 has another hash than expected" in other.stdout
        assert "The trail ends with seal 2" in later.stdout
        assert wrong.returncode == 1
        assert "Write the number of a seal" in wrong.stderr

    def test_altered(self, migrated: Run, tmp_path: Path) -> None:
        """What was altered is named, and the command fails."""
        migrated("audit", "seal")
        tamper(tmp_path, "UPDATE core_audit_entries SET actor_name = 'Mallory'")
        result = migrated("audit", "verify")

        assert result.returncode == FOUND
        assert "(seal 1) was altered." in result.stdout
        assert "2 problems were found." in result.stdout

    def test_key_is_kept(self, migrated: Run, tmp_path: Path) -> None:
        """The key is made once, for its owner only."""
        first = json.loads(migrated("audit", "key", "--json").stdout)
        second = json.loads(migrated("audit", "key", "--json").stdout)

        assert first == second
        assert (tmp_path / "audit_signing_key").stat().st_mode & 0o777 == 0o600


class TestWhoAndWhy:
    """`--reason`, and who is behind the command line."""

    def test_is_recorded(self, migrated: Run, tmp_path: Path) -> None:
        """The operating system's user and the reason stand in the entry."""
        migrated("--reason", "Ticket 7", "users", "create-admin", "ada@example.com")
        with closing(sqlite3.connect(tmp_path / "atrium.db")) as connection:
            columns = "on_behalf_of, reason, module, length(trace_id)"
            [row] = connection.execute(
                f"SELECT {columns} FROM core_audit_entries WHERE channel = 'cli'"
            ).fetchall()

        assert row[0].endswith(getpass.getuser())
        assert row[1:] == ("Ticket 7", "users", 32)

    @pytest.mark.parametrize("reason", ["x" * 301, "two\nlines"])
    def test_refused(self, migrated: Run, reason: str) -> None:
        """What cannot be kept as it is, is refused before anything is done."""
        result = migrated("--reason", reason, "users", "create-admin", "ada@example.com")

        assert result.returncode == 2
        assert "at most 300" in result.stderr


class TestExport:
    """`audit export` and `audit verify --export`."""

    @pytest.mark.parametrize("ending", ["csv", "jsonl"])
    def test_there_and_back(self, migrated: Run, tmp_path: Path, ending: str) -> None:
        """An export is for its owner only, and verifies until it is altered."""
        path = tmp_path / "export.zip"
        exported = migrated("audit", "export", "--output", str(path), "--format", ending)
        verified = migrated("audit", "verify", "--export", str(path))
        content = path.read_bytes()
        path.write_bytes(content.replace(b"entries", b"ENTRIES"))
        damaged = migrated("audit", "verify", "--export", str(path))

        assert exported.stdout.startswith("Exported 2 entries")
        assert path.stat().st_mode & 0o777 == 0o600
        assert (verified.returncode, verified.stdout) == (0, "The export is sound: 2 entries.\n")
        assert damaged.returncode == FOUND

    def test_never_overwrites(self, migrated: Run, tmp_path: Path) -> None:
        """A file that is there stays."""
        path = tmp_path / "export.zip"
        path.write_text("precious")
        result = migrated("audit", "export", "--output", str(path))

        assert result.returncode == 2
        assert path.read_text() == "precious"

    def test_wrong_filter(self, migrated: Run, tmp_path: Path) -> None:
        """A wrong filter is one sentence, and no file."""
        path = tmp_path / "export.zip"
        result = migrated("audit", "export", "--output", str(path), "--outcome", "maybe")

        assert result.returncode == 1
        assert "outcome" in result.stderr
        assert not path.exists()


class TestPrune:
    """`audit prune`."""

    def test_by_policy(self, migrated: Run, tmp_path: Path) -> None:
        """What is older than the policy goes, after a look at what would go."""
        for table, column in (
            ("core_audit_entries", "at"),
            ("core_users", "created_at"),
            ("core_roles", "created_at"),
        ):
            tamper(tmp_path, f"UPDATE {table} SET {column} = '2020-01-01 00:00:00.000000'")
        migrated("audit", "seal")
        policy = {f"ATRIUM_AUDIT__KEEP_{kind}_DAYS": "30" for kind in ("SECURITY", "CHANGES")}
        nothing = json.loads(migrated("audit", "prune", "--json").stdout)
        planned = migrated("audit", "prune", "--dry-run", **policy)
        pruned = json.loads(migrated("audit", "prune", "--json", **policy).stdout)
        verified = migrated("audit", "verify", "--json", **policy)

        assert nothing == {"entries": 0, "ranges": 0, "kept_as_evidence": 0}
        assert planned.stdout == "Would delete first 2 entries in 1 ranges.\n"
        assert pruned == {"entries": 2, "ranges": 1, "kept_as_evidence": 0}
        assert verified.returncode == 0

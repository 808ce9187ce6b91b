"""`platformctl`, called as its console script calls it."""

import asyncio
import io
import json
import os
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main
from app.commands import FOUND, UNAVAILABLE, WRONG_USAGE
from app.testing.fixtures import settings_for
from app.testing.platform import open_platform
from tests.fixtures.database_roles import DatabaseRoles

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a data directory of its own."""
    monkeypatch.setenv("ATRIUM_DATA_DIR", str(tmp_path))
    # Commands configure logging, onto the stream that this test captures.
    monkeypatch.setattr("app.bootstrap.configure_logging", lambda _settings: None)

    def command(*arguments: str, **environment: str) -> Result:
        with monkeypatch.context() as context:
            context.setattr("sys.argv", ["platformctl", *arguments])
            for name, value in environment.items():
                context.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        captured = capsys.readouterr()
        return Result(int(ended.value.code or 0), captured.out, captured.err)

    return command


@pytest.fixture
def migrated(run: Run) -> Run:
    """The same with a current schema and the seeds."""
    assert run("db", "upgrade").returncode == 0
    assert run("seed").returncode == 0
    return run


class TestDatabase:
    """`db upgrade`, `downgrade`, `current` and `check`."""

    def test_up_and_down(self, run: Run) -> None:
        """The schema goes up, is said to be current, and goes down to nothing."""
        before = run("db", "check")
        run("db", "upgrade")
        at = json.loads(run("db", "current", "--json").stdout)
        checked = run("db", "check")
        run("db", "downgrade", "base", "--yes")
        after = json.loads(run("db", "current", "--json").stdout)

        assert before.returncode == FOUND
        assert at["current"] == at["newest"]
        assert checked.returncode == 0
        assert after["current"] == []

    def test_down_past_the_seals(self, migrated: Run, tmp_path: Path) -> None:
        """What proves the audit trail is dropped only when that is said, and is told ever after."""
        anchor = {"ATRIUM_AUDIT__ANCHOR_FILE": str(tmp_path / "anchor.jsonl")}
        migrated("audit", "seal", **anchor)
        down = ("db", "downgrade", "core_0002", "--yes")
        refused = migrated(*down, **anchor)
        unharmed = migrated("audit", "verify", **anchor)
        done = migrated("--reason", "A rehearsal", *down, "--destroys-proof", **anchor)
        migrated("db", "upgrade", **anchor)
        migrated("audit", "seal", **anchor)
        verified = migrated("audit", "verify", **anchor)

        assert (refused.returncode, done.returncode) == (1, 0)
        assert "--destroys-proof" in refused.stderr
        assert unharmed.returncode == 0
        assert verified.returncode == 0
        assert "destroyed the proof of all entries before (A rehearsal)" in verified.stdout
        assert '{"restart":' in (tmp_path / "anchor.jsonl").read_text()

    def test_seed_migrates(self, run: Run) -> None:
        """Seeding an empty data directory makes the schema first."""
        assert run("seed").returncode == 0
        assert run("db", "check").returncode == 0

    def test_down_asks_first(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without an answer nothing is dropped."""
        run("db", "upgrade")
        monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
        asked = run("db", "downgrade", "base")

        assert asked.returncode == 1
        assert run("db", "check").returncode == 0

    def test_no_database(self, run: Run) -> None:
        """A database that does not answer is one sentence that names the setting."""
        result = run(
            "db", "current", ATRIUM_DATABASE__URL="postgresql://nobody:hidden@127.0.0.1:1/none"
        )

        assert result.returncode == UNAVAILABLE
        assert "ATRIUM_DATABASE__URL" in result.stderr
        assert "Traceback" not in result.stderr
        assert "hidden" not in result.stderr


class TestDatabaseRoles:
    """A role of PostgreSQL for the server that owns nothing."""

    @pytest.fixture
    def limited(self, run: Run, database_roles: DatabaseRoles) -> Run:
        """Run a command with that role."""
        url = database_roles.url(database_roles.limited)
        return lambda *arguments: run(*arguments, ATRIUM_DATABASE__URL=url)

    @pytest.mark.postgres
    def test_grants(self, run: Run, database_roles: DatabaseRoles) -> None:
        """What is printed is one transaction, which psql runs as it is."""
        url = database_roles.url(database_roles.owner)

        printed = run("db", "grants", database_roles.limited, ATRIUM_DATABASE__URL=url)

        assert printed.returncode == 0
        assert printed.stdout.startswith("BEGIN;\n")
        assert printed.stdout.endswith("COMMIT;\n")
        assert "GRANT SELECT, INSERT ON" in printed.stdout
        database_roles.run(printed.stdout)

    def test_grants_of_sqlite(self, migrated: Run) -> None:
        """SQLite has no roles."""
        refused = migrated("db", "grants", "somebody")

        assert (refused.returncode, refused.stdout) == (1, "")
        assert "PostgreSQL" in refused.stderr

    @pytest.mark.postgres
    def test_of_the_server(self, limited: Run) -> None:
        """With the server's role the schema is current, can be seeded, and the trail verified."""
        for command in (("db", "upgrade"), ("db", "check"), ("seed",), ("audit", "verify")):
            done = limited(*command)

            assert done.returncode == 0, done.stderr

    @pytest.mark.postgres
    @pytest.mark.parametrize(
        "command",
        [
            ("db", "downgrade", "base", "--yes", "--destroys-proof"),
            ("audit", "accept-anchor", "--reason", "a new disk"),
        ],
        ids=["downgrade", "accept-anchor"],
    )
    def test_of_the_owner(self, limited: Run, command: tuple[str, ...]) -> None:
        """What is the owner's to do is refused in one sentence that says so."""
        refused = limited(*command)

        assert refused.returncode == 1
        assert "as the role that owns the tables" in refused.stderr
        assert "Traceback" not in refused.stderr


class TestSeed:
    """`seed`."""

    def test_twice(self, run: Run) -> None:
        """The first run makes roles and an administrator, the second finds them."""
        run("db", "upgrade")
        first = json.loads(run("seed", "--json").stdout)
        second = json.loads(run("seed", "--json").stdout)

        assert sorted(first["roles"]) == ["admin", "guest", "user"]
        assert first["administrator"] == "admin@example.com"
        assert len(first["password"]) >= 12
        assert second == {"roles": [], "administrator": ""}

    def test_given_password(self, run: Run) -> None:
        """A configured password is not printed."""
        run("db", "upgrade")
        result = run("seed", ATRIUM_BOOTSTRAP__ADMIN_PASSWORD="configured-one")

        assert "configured-one" not in result.stdout
        assert "admin@example.com" in result.stdout


class TestUsers:
    """`users create-admin`, `list`, `suspend`, `reactivate` and `set-password`."""

    def test_create_list_suspend(self, migrated: Run) -> None:
        """A made administrator is listed, and can be suspended while there is another."""
        made = json.loads(migrated("users", "create-admin", "Ada@Example.com", "--json").stdout)
        listed = json.loads(migrated("users", "list", "--search", "ada", "--json").stdout)
        suspended = migrated("users", "suspend", "ada@example.com")

        assert [user["email"] for user in listed] == ["ada@example.com"]
        assert listed[0]["id"] == made["id"]
        assert listed[0]["must_change_password"]
        assert suspended.returncode == 0

    def test_looks(self, migrated: Run, tmp_path: Path) -> None:
        """Whom a command lists is in the trail when it ends, by whoever ran it."""
        policy = {"ATRIUM_AUDIT__READS": '{"user": "sensitive"}'}
        result = migrated("users", "list", **policy)
        with closing(sqlite3.connect(tmp_path / "atrium.db")) as database:
            looks = database.execute(
                "SELECT target_label, channel, on_behalf_of FROM core_audit_entries "
                "WHERE action = 'user.read'"
            ).fetchall()

        assert result.returncode == 0
        assert [(label, channel) for label, channel, _ in looks] == [("admin@example.com", "cli")]
        assert all(behind for *_, behind in looks)

    @pytest.mark.parametrize("policy", ["usr", "role"])
    def test_looks_at_what_is_not_there(self, run: Run, policy: str) -> None:
        """A policy for what has no records, or nothing sensitive, stops every command."""
        result = run("users", "list", ATRIUM_AUDIT__READS=json.dumps({policy: "sensitive"}))

        assert result.returncode != 0
        assert result.stderr.startswith(f"audit.reads (ATRIUM_AUDIT__READS): '{policy}' has no")
        assert len(result.stderr.splitlines()) == 1

    @pytest.mark.parametrize("command", ["create-admin", "set-password"])
    def test_weak_password(
        self, migrated: Run, monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        """A password that the policy refuses is refused here too."""
        monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
        result = migrated("users", command, "admin@example.com", "--password-stdin")

        assert result.returncode == 1
        assert "at least 8" in result.stderr

    async def test_set_password(
        self, migrated: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who lost the first password gets in with a new one, which is printed nowhere."""
        monkeypatch.setattr("sys.stdin", io.StringIO("a brand new phrase\n"))
        arguments = ("users", "set-password", "admin@example.com", "--password-stdin", "--json")
        result = await asyncio.to_thread(migrated, *arguments)

        assert result.returncode == 0
        assert json.loads(result.stdout)["must_change_password"] is False
        assert "brand new" not in result.stdout + result.stderr
        settings = settings_for(f"sqlite:///{tmp_path / 'atrium.db'}", tmp_path)
        async with open_platform(settings) as platform:
            assert await platform.can_sign_in("admin@example.com", "a brand new phrase")
            [entry] = await platform.audit(action="user.set_password")
            assert (entry.outcome, entry.actor_kind, entry.channel) == (
                "succeeded",
                "system",
                "cli",
            )

    @pytest.mark.parametrize("arguments", [("--password-stdin",), ()])
    def test_no_password(
        self, migrated: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
    ) -> None:
        """Nothing to read and nobody to ask is wrong usage."""
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        result = migrated("users", "set-password", "admin@example.com", *arguments)

        assert result.returncode == 2
        assert "password" in result.stderr

    def test_reactivate(self, migrated: Run) -> None:
        """Who was suspended may come back."""
        migrated("users", "create-admin", "ada@example.com")
        migrated("users", "suspend", "ada@example.com")
        result = json.loads(migrated("users", "reactivate", "ADA@example.com", "--json").stdout)

        assert result["status"] == "active"

    def test_list_says_that_it_stops(self, migrated: Run) -> None:
        """Who is left out is said, with how to go on; programs read the list all the same."""
        for number in range(2):
            migrated("users", "create-admin", f"ada{number}@example.com")
        first = migrated("users", "list", "--limit", "2", "--json")
        cursor = first.stderr.strip().removeprefix("There are more: --cursor ")
        second = migrated("users", "list", "--limit", "2", "--json", "--cursor", cursor)

        emails = [user["email"] for page in (first, second) for user in json.loads(page.stdout)]
        assert emails == ["ada1@example.com", "ada0@example.com", "admin@example.com"]
        assert second.stderr == ""

    def test_duplicate(self, migrated: Run) -> None:
        """A taken address is one sentence and exit code 1."""
        result = migrated("users", "create-admin", "ADMIN@example.com")

        assert result.returncode == 1
        assert result.stderr.strip() == "This e-mail address is taken by another user."

    def test_last_administrator(self, migrated: Run) -> None:
        """The last administrator cannot be suspended from here either."""
        result = migrated("users", "suspend", "admin@example.com")

        assert result.returncode == 1
        assert "last administrator" in result.stderr

    @pytest.mark.parametrize("command", ["suspend", "reactivate"])
    @pytest.mark.parametrize("address", ["nobody@example.com", "nobody"])
    def test_unknown(self, migrated: Run, command: str, address: str) -> None:
        """Doing something to nobody says so."""
        result = migrated("users", command, address)

        assert result.returncode == 1
        assert f"no user {address}" in result.stderr

    def test_without_schema(self, run: Run) -> None:
        """On an empty database the command says what to do."""
        result = run("users", "list")

        assert result.returncode == 1
        assert "platformctl db upgrade" in result.stderr


class TestFailures:
    """What is nobody's defect is one sentence, or an object for programs, and never a traceback."""

    @staticmethod
    def check(run: Run, *arguments: str, exit_code: int, **environment: str) -> dict[str, str]:
        """What a command says that fails, after checking that it says the same in words."""
        spoken = run(*arguments, **environment)
        written = run(*arguments, "--json", **environment)

        assert (spoken.returncode, written.returncode) == (exit_code, exit_code)
        assert (spoken.stdout, written.stdout) == ("", "")
        assert "Traceback" not in spoken.stderr
        facts: dict[str, str] = json.loads(written.stderr)
        assert facts.keys() == {"code", "message"}
        if exit_code != 2:
            assert spoken.stderr == f"{facts['message']}\n"
        return facts

    def test_unknown_revision(self, migrated: Run) -> None:
        """A revision that does not exist is named."""
        result = migrated("db", "downgrade", "999", "--yes")

        assert result.returncode == 1
        assert "999" in result.stderr
        assert "Traceback" not in result.stderr
        assert migrated("db", "check").returncode == 0

    def test_impossible_directory(self, run: Run, tmp_path: Path) -> None:
        """A data directory inside a file cannot be made."""
        (tmp_path / "file").write_text("")
        directory = tmp_path / "file" / "data"
        facts = self.check(run, "db", "current", exit_code=3, ATRIUM_DATA_DIR=str(directory))

        assert facts["code"] == "file.unusable"
        assert str(tmp_path / "file") in facts["message"]
        assert "ATRIUM_DATA_DIR" in facts["message"]

    def test_no_database_file(self, run: Run, tmp_path: Path) -> None:
        """A file that is something else is left alone."""
        (tmp_path / "atrium.db").write_text("Dear diary, " * 100)
        facts = self.check(run, "users", "list", exit_code=UNAVAILABLE)

        assert facts["code"] == "database.unavailable"
        assert "not a database" in facts["message"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("access", "diff", "PATH"),
            ("access", "apply", "PATH", "--prune", "--force"),
            ("audit", "verify", "--export", "PATH"),
            ("audit", "export", "--output", "PATH"),
        ],
        ids=" ".join,
    )
    def test_no_such_file(self, run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
        """A file that is not there, or a folder to write to, is wrong usage, and named."""
        path = str(tmp_path / "nowhere" / "file")

        facts = self.check(
            run, *(path if each == "PATH" else each for each in arguments), exit_code=WRONG_USAGE
        )

        assert "nowhere" in facts["message"].replace("\n", "")
        assert "ATRIUM_DATA_DIR" not in facts["message"]

    def test_locked_database(self, migrated: Run, tmp_path: Path) -> None:
        """A database in which another process writes for long is busy."""
        with closing(sqlite3.connect(tmp_path / "atrium.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            facts = self.check(
                migrated,
                *("users", "suspend", "admin@example.com"),
                exit_code=UNAVAILABLE,
                ATRIUM_DATABASE__BUSY_TIMEOUT_SECONDS="0.1",
            )

        assert facts["code"] == "database.busy"

    @pytest.mark.parametrize("host", ["127.0.0.1:1", "host.invalid"])
    def test_unreachable_server(self, run: Run, host: str) -> None:
        """A PostgreSQL that nobody answers for; its password is not repeated."""
        url = f"postgresql://nobody:hidden@{host}/none"
        facts = self.check(run, "users", "list", exit_code=UNAVAILABLE, ATRIUM_DATABASE__URL=url)

        assert facts["code"] == "database.unavailable"
        assert "ATRIUM_DATABASE__URL" in facts["message"]
        assert "hidden" not in facts["message"]

    def test_wrong_usage(self, run: Run) -> None:
        """Programs learn of their own mistakes in the same form."""
        facts = self.check(run, "users", "suspend", exit_code=2)

        assert facts["code"] == "cli.usage"

    def test_refused(self, migrated: Run) -> None:
        """What a service refuses keeps its code."""
        facts = self.check(migrated, "users", "suspend", "admin@example.com", exit_code=1)

        assert facts["code"] == "user.last_administrator"

    def test_wrong_setting(self, run: Run) -> None:
        """So does a wrong configuration."""
        facts = self.check(run, "config", "show", exit_code=3, ATRIUM_SERVER__PORT="x")

        assert "ATRIUM_SERVER__PORT" in facts["message"]


class TestPrivacy:
    """What is kept in the data directory."""

    def test_only_its_owner_reads_it(self, run: Run, tmp_path: Path) -> None:
        """Neither the directory nor any file in it is open to others."""
        directory = tmp_path / "fresh"
        before = os.umask(0)
        try:
            assert run("db", "upgrade", ATRIUM_DATA_DIR=str(directory)).returncode == 0
            assert run("seed", ATRIUM_DATA_DIR=str(directory)).returncode == 0
            with closing(sqlite3.connect(directory / "atrium.db")) as reader:
                reader.execute("SELECT count(*) FROM core_users").fetchone()
                modes = {
                    path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()
                }
        finally:
            os.umask(before)

        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert {"atrium.db", "atrium.db-wal", "atrium.db-shm"} <= modes.keys()
        assert set(modes.values()) == {0o600}, modes


class TestConfiguration:
    """`config show`, and what a wrong configuration says."""

    def test_secrets_are_masked(self, run: Run) -> None:
        """No secret is printed, not even inside an address."""
        result = run(
            "config",
            "show",
            ATRIUM_AUTH__JWT_SECRET="s" * 40,
            ATRIUM_REDIS__URL="redis://:hidden@localhost:6379/0",
            ATRIUM_BOOTSTRAP__ADMIN_PASSWORD="hidden",
        )

        assert "ssss" not in result.stdout
        assert "hidden" not in result.stdout
        assert "server.port" in result.stdout

    def test_unknown_setting(self, run: Run) -> None:
        """An unknown setting stops with exit code 3 and a suggestion."""
        result = run("config", "show", ATRIUM_SERVER__PRT="1")

        assert result.returncode == 3
        assert "did you mean ATRIUM_SERVER__PORT?" in result.stderr

    def test_taken_port(self, run: Run) -> None:
        """Serving on a taken port stops at once and names the setting."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            result = run("serve", ATRIUM_SERVER__PORT=str(taken.getsockname()[1]))

        assert result.returncode == 3
        assert "ATRIUM_SERVER__PORT" in result.stderr

    def test_version(self, run: Run) -> None:
        """The version is that of the distribution."""
        assert json.loads(run("version", "--json").stdout) == {"version": "0.1.0"}
        assert run("--version").stdout == run("version").stdout == "Atrium 0.1.0\n"

    def test_what_is_imported(self) -> None:
        """What only prints starts at once: slow libraries are imported by those who need them."""
        slow = "{'sqlalchemy', 'reflex', 'fastapi', 'app.settings', 'asyncio', 'pydantic'}"
        program = f"import app.cli, sys; sys.exit(str({slow} & sys.modules.keys()))"

        ended = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )

        assert ended.stderr.strip() == "set()"

    def test_settings_need_no_database(self) -> None:
        """Nor do settings need the database's library before a database is named."""
        program = "import app.settings, sys; sys.exit(str({'sqlalchemy'} & sys.modules.keys()))"

        ended = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )

        assert ended.stderr.strip() == "set()"

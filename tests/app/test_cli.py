"""`platformctl`, called as its console script calls it."""

import io
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main


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

        assert before.returncode == 1
        assert at["current"] == at["newest"]
        assert checked.returncode == 0
        assert after["current"] == []

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

        assert result.returncode == 1
        assert "ATRIUM_DATABASE__URL" in result.stderr
        assert "Traceback" not in result.stderr
        assert "hidden" not in result.stderr


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
    """`users create-admin`, `list` and `suspend`."""

    def test_create_list_suspend(self, migrated: Run) -> None:
        """A made administrator is listed, and can be suspended while there is another."""
        made = json.loads(migrated("users", "create-admin", "Ada@Example.com", "--json").stdout)
        listed = json.loads(migrated("users", "list", "--search", "ada", "--json").stdout)
        suspended = migrated("users", "suspend", "ada@example.com")

        assert [user["email"] for user in listed] == ["ada@example.com"]
        assert listed[0]["id"] == made["id"]
        assert listed[0]["must_change_password"]
        assert suspended.returncode == 0

    def test_weak_password(self, migrated: Run) -> None:
        """A password that the policy refuses is refused here too."""
        result = migrated("users", "create-admin", "b@example.com", "--password", "short")

        assert result.returncode == 1
        assert "at least 8" in result.stderr

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

    def test_unknown(self, migrated: Run) -> None:
        """Suspending nobody says so."""
        result = migrated("users", "suspend", "nobody@example.com")

        assert result.returncode == 1
        assert "no user nobody@example.com" in result.stderr

    def test_without_schema(self, run: Run) -> None:
        """On an empty database the command says what to do."""
        result = run("users", "list")

        assert result.returncode == 1
        assert "platformctl db upgrade" in result.stderr


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

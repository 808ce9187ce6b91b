"""What docs/operations.md says of backups: taken while it is used, restored elsewhere, proven."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.commands import FOUND
from tests.fixtures.postgres import PostgresServer

KEYS = ("jwt_secret", "audit_signing_key")


@dataclass(frozen=True)
class Installation:
    """A data directory and the database that belongs to it."""

    data: Path
    url: str

    def __call__(self, *arguments: str, exit_code: int = 0) -> str:
        """What a command prints."""
        variables = {"ATRIUM_DATA_DIR": str(self.data), "ATRIUM_DATABASE__URL": self.url}
        result = CliRunner().invoke(cli, arguments, env=variables)
        assert result.exit_code == exit_code, (arguments, result.output, result.exception)
        return result.stdout


@dataclass(frozen=True)
class Places:
    """Two installations, and how the database of the first is brought to the second."""

    old: Installation
    new: Installation
    back_up: Callable[[], None]
    restore: Callable[[], None]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def places(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Places:
    """One in use, one that is only a folder yet; each command of the documentation by its name."""
    monkeypatch.setattr("app.bootstrap.configure_logging", lambda _settings: None)
    old, new = tmp_path / "old", tmp_path / "new"
    new.mkdir(mode=0o700)
    copy = tmp_path / "copy"
    if request.param == "sqlite":
        # As `sqlite3 … ".backup …"` does it, which is one call of the same library.

        def back_up() -> None:
            with sqlite3.connect(old / "atrium.db") as source, sqlite3.connect(copy) as target:
                source.backup(target)

        return Places(
            Installation(old, f"sqlite:///{old / 'atrium.db'}"),
            Installation(new, f"sqlite:///{new / 'atrium.db'}"),
            back_up,
            lambda: shutil.copy(copy, new / "atrium.db") and None,
        )
    server: PostgresServer = request.getfixturevalue("postgres_server")
    names = [server.create_database() for _ in range(2)]

    def program(name: str, *arguments: str, database: str) -> None:
        address = f"postgresql://postgres@127.0.0.1:{server.port}/{database}"
        command = [str(server.programs / name), *arguments, "--dbname", address]
        subprocess.run(command, check=True, capture_output=True)

    return Places(
        Installation(old, server.url(names[0])),
        Installation(new, server.url(names[1])),
        lambda: program("pg_dump", "--format=custom", f"--file={copy}", database=names[0]),
        lambda: program("pg_restore", "--no-owner", str(copy), database=names[1]),
    )


def test_restore(places: Places) -> None:
    """What was there when the backup was taken is there again, and the trail is proven sound."""
    old, new = places.old, places.new
    old("seed")
    old("users", "create-admin", "ada@example.com")
    old("users", "suspend", "ada@example.com")
    old("audit", "seal")
    head = json.loads(old("audit", "verify", "--json"))["head"]
    # What waits for its seal is restored as well.
    old("users", "reactivate", "ada@example.com")

    places.back_up()
    for name in KEYS:
        if (old.data / name).exists():
            shutil.copy2(old.data / name, new.data / name)
    old("users", "create-admin", "later@example.com")
    places.restore()

    new("db", "check")
    found = json.loads(new("audit", "verify", "--expect", head, "--json"))
    assert (found["sound"], found["faults"]) == (True, 0)
    emails = {user["email"] for user in json.loads(new("users", "list", "--json"))}
    assert emails == {"admin@example.com", "ada@example.com"}
    new("audit", "seal")
    new("users", "suspend", "ada@example.com")
    new("audit", "seal")
    assert json.loads(new("audit", "verify", "--expect", head, "--json"))["sound"]


def test_without_the_key(places: Places) -> None:
    """A backup without the key that signs the trail says what is missing, instead of sound."""
    old, new = places.old, places.new
    old("seed")
    old("audit", "seal")
    places.back_up()
    places.restore()

    found = json.loads(new("audit", "verify", "--json", exit_code=FOUND))

    assert not found["sound"]
    assert "not one of ours" in json.dumps(found["findings"])

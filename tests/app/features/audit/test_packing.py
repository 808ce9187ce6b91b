"""Exports of the audit trail: what they hold, and that a changed one is recognised."""

import csv
import json
from collections.abc import Iterable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from pydantic import ValidationError

from app.core.actor import SYSTEM
from app.core.errors import PermissionDenied
from app.core.sealing import Keys
from app.features.audit import repository
from app.features.audit.packing import check_package
from app.features.audit.schemas import AuditExportQuery
from app.features.audit.seal_service import SealService
from app.features.roles.schemas import GrantSpec
from app.features.users.schemas import UserUpdate
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform

pytestmark = pytest.mark.one_engine

EXPORT = "/api/v1/audit/export"


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two entries at a time, so that a few are many."""
    monkeypatch.setattr(repository, "STEP", 2)


async def export(call: Caller, path: Path, **query: Any) -> Path:
    """Write an export."""
    with path.open("wb") as file:

        async def write(some: bytes) -> None:
            file.write(some)

        await call(SealService.export, AuditExportQuery.model_validate(query), write)
    return path


def inside(content: bytes | Path) -> tuple[str, dict[str, Any]]:
    """The entries and the manifest of an export."""
    with ZipFile(content if isinstance(content, Path) else BytesIO(content)) as archive:
        entries, manifest = archive.namelist()
        assert manifest == "manifest.json"
        return archive.read(entries).decode(), json.loads(archive.read(manifest))["manifest"]


def repack(path: Path, **changes: bytes) -> Path:
    """The same export with some of its files replaced, by their name without ending."""
    with ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, changes.get(name.partition(".")[0], content))
    return path


async def problem(platform: Platform, path: Path, trusted: Iterable[str] | None = None) -> str:
    """What the check says."""
    own = (await platform.container.get(Keys)).public
    return check_package(path, set([own] if trusted is None else trusted).__contains__).problem


@pytest.fixture
async def filled(platform: Platform, make_user: UserFactory) -> Caller:
    """A trail of some entries, of which the last has no seal yet."""
    for _ in range(5):
        await make_user()
    call = platform.caller(SYSTEM)
    await call(SealService.seal)
    await make_user()
    return call


class TestExport:
    """Hand out entries."""

    @pytest.mark.parametrize("ending", ["csv", "jsonl"])
    async def test_every_entry_once(
        self, platform: Platform, filled: Caller, tmp_path: Path, ending: str
    ) -> None:
        """All entries, oldest first, as the manifest says; and it verifies."""
        expected = [str(entry.id) for entry in await platform.audit()]

        path = await export(filled, tmp_path / "a.zip", format=ending)

        text, manifest = inside(path)
        if ending == "csv":
            rows = list(csv.DictReader(StringIO(text, newline="")))
            assert [row["id"] for row in rows] == expected
            assert [row["seq"] for row in rows] == ["1", "2", "3", "4", "5", "6", ""]
        else:
            lines = [json.loads(line) for line in text.splitlines()]
            assert [line["entry"]["id"] for line in lines] == [
                entry_id.replace("-", "") for entry_id in expected
            ]
            assert [line["seal"] and line["seal"]["seq"] for line in lines] == [*range(1, 7), None]
        assert (manifest["count"], manifest["filters"]) == (7, {})
        assert manifest["first"]["id"] == expected[0].replace("-", "")
        assert manifest["last"]["id"] == expected[-1].replace("-", "")
        assert await problem(platform, path) == ""

    async def test_filters(
        self, platform: Platform, filled: Caller, make_user: UserFactory, tmp_path: Path
    ) -> None:
        """Only what matches is exported, and the manifest and the trail say so."""
        user = await make_user()
        await filled(UserService.update, user.id, UserUpdate(display_name="New"))
        filters = {"action": "user.update", "target_id": str(user.id)}

        path = await export(filled, tmp_path / "a.zip", format="jsonl", **filters)

        text, manifest = inside(path)
        [line] = text.splitlines()
        assert json.loads(line)["entry"]["action"] == "user.update"
        assert (manifest["count"], manifest["filters"]) == (1, filters)
        [entry] = await platform.audit(action="audit.export")
        assert entry.detail == {
            **filters,
            "format": "jsonl",
            "rows": 1,
            "sha256": manifest["sha256"],
        }

    async def test_nothing_matches(
        self, platform: Platform, filled: Caller, tmp_path: Path
    ) -> None:
        """An export without entries is one, too."""
        path = await export(filled, tmp_path / "a.zip", format="jsonl", action="no.such")

        text, manifest = inside(path)
        assert (text, manifest["count"], manifest["first"]) == ("", 0, None)
        assert await problem(platform, path) == ""

    async def test_formulas(self, filled: Caller, make_user: UserFactory, tmp_path: Path) -> None:
        """No cell is one that a spreadsheet would run."""
        formula = '=HYPERLINK("https://evil.example","x")'
        user = await make_user(display_name=formula)
        caller = Caller(filled._container, filled.actor, filled.context)
        await caller(UserService.update, user.id, UserUpdate(display_name="-1+1"))

        path = await export(filled, tmp_path / "a.zip", format="csv")

        rows = csv.reader(StringIO(inside(path)[0], newline=""))
        cells = [cell for row in rows for cell in row]
        assert any(formula.replace('"', '\\"') in cell for cell in cells)
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []

    @pytest.mark.actor(grants=["audit.read", "audit.verify"])
    async def test_refused(self, call: Caller, tmp_path: Path) -> None:
        """Whoever may read may not yet take it all away."""
        with pytest.raises(PermissionDenied):
            await export(call, tmp_path / "a.zip")

    async def caller_with(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory, *grants: GrantSpec
    ) -> Caller:
        """Somebody who holds these grants."""
        role = await make_role(*grants)
        user = await make_user(email="limited@example.com", roles=[role.name])
        return platform.caller((await platform.sign_in(user, PASSWORD)).actor)

    async def test_rows_that_may_not_be_seen(
        self,
        platform: Platform,
        filled: Caller,
        make_user: UserFactory,
        make_role: RoleFactory,
        tmp_path: Path,
    ) -> None:
        """Whoever may export what they did themselves gets nothing else."""
        grant = GrantSpec(permission="audit.export", rule="own")
        call = await self.caller_with(platform, make_user, make_role, grant)

        text, _ = inside(await export(call, tmp_path / "a.zip", format="jsonl"))

        who = {json.loads(line)["entry"]["actor_email"] for line in text.splitlines()}
        assert who == {"limited@example.com"}

    async def test_fields_that_may_not_be_seen(
        self,
        platform: Platform,
        filled: Caller,
        make_user: UserFactory,
        make_role: RoleFactory,
        tmp_path: Path,
    ) -> None:
        """What a grant hides of a thing is not exported; such an entry comes without its seal."""
        call = await self.caller_with(
            platform,
            make_user,
            make_role,
            GrantSpec(permission="audit.export"),
            GrantSpec(permission="user.read", readable=["display_name"]),
        )

        path = await export(call, tmp_path / "a.zip", format="jsonl", action="user.create")

        text, _ = inside(path)
        others = [line for line in text.splitlines() if "limited@example.com" not in line]
        assert others
        assert "user1@example.com" not in text
        assert {json.loads(line)["seal"] for line in others} == {None}
        assert await problem(platform, path) == ""

    @pytest.mark.parametrize("query", [{"format": "xml"}, {"limit": 5}, {"since": "yesterday"}])
    def test_wrong_queries(self, query: dict[str, Any]) -> None:
        """An export is asked for in its own words."""
        with pytest.raises(ValidationError):
            AuditExportQuery.model_validate(query)


class TestRest:
    """GET /audit/export and /audit/verify."""

    @pytest.mark.actor("admin")
    async def test_download(self, client: httpx.AsyncClient, make_user: UserFactory) -> None:
        """The answer is a file, filtered as it was asked for."""
        await make_user()
        answer = await client.get(EXPORT, params={"action": "user.create", "format": "jsonl"})

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/zip"
        assert 'filename="audit-' in answer.headers["content-disposition"]
        text, manifest = inside(answer.content)
        assert len(text.splitlines()) == manifest["count"] == 2
        assert manifest["exported_by"] == "actor@example.com"

    @pytest.mark.actor(grants=["audit.verify"])
    async def test_verify(self, client: httpx.AsyncClient, filled: Caller) -> None:
        """The parts follow each other until there are no more."""
        parts = [(await client.get("/api/v1/audit/verify", params={"limit": 2})).json()]
        while cursor := parts[-1]["next_cursor"]:
            query = {"limit": 2, "cursor": cursor}
            parts.append((await client.get("/api/v1/audit/verify", params=query)).json())

        assert sum(part["checked"] for part in parts) == parts[-1]["sealed"] > 6
        assert [part["findings"] for part in parts] == [[]] * len(parts)
        assert parts[-1]["progress"] == 1

    @pytest.mark.actor("user")
    async def test_refused(self, client: httpx.AsyncClient) -> None:
        """403 names the permission."""
        for name in ("export", "verify"):
            answer = await client.get(f"/api/v1/audit/{name}")
            assert (answer.status_code, answer.json()["permission"]) == (403, f"audit.{name}")


class TestCheck:
    """Check an export."""

    @pytest.mark.parametrize("ending", ["csv", "jsonl"])
    async def test_altered_entries(
        self, platform: Platform, filled: Caller, tmp_path: Path, ending: str
    ) -> None:
        """A changed word is noticed."""
        path = await export(filled, tmp_path / "a.zip", format=ending)
        text, _ = inside(path)
        repack(path, entries=text.replace("user3@", "eve@").encode())

        assert "altered" in await problem(platform, path)

    async def test_altered_manifest(
        self, platform: Platform, filled: Caller, tmp_path: Path
    ) -> None:
        """So is a manifest that says something else."""
        path = await export(filled, tmp_path / "a.zip")
        with ZipFile(path) as archive:
            signed = archive.read("manifest.json")
        repack(path, manifest=signed.replace(b'"count": 7', b'"count": 6'))

        assert "signature does not match" in await problem(platform, path)

    async def test_signed_by_others(
        self, platform: Platform, filled: Caller, tmp_path: Path
    ) -> None:
        """A manifest that somebody else signed is not ours, unless that key is said to be."""
        path = await export(filled, tmp_path / "a.zip")
        key = inside(path)[1]["public_key"]

        assert "not ours" in await problem(platform, path, ["another"])
        assert await problem(platform, path, [key]) == ""

    @pytest.mark.parametrize("content", [b"", b"PK", b"{}"])
    async def test_no_export(self, platform: Platform, tmp_path: Path, content: bytes) -> None:
        """Any other file is said to be none."""
        path = tmp_path / "a.zip"
        path.write_bytes(content)

        assert "cannot be read" in await problem(platform, path)

    async def test_damaged(self, platform: Platform, filled: Caller, tmp_path: Path) -> None:
        """Whichever byte is damaged, no defect comes of it."""
        path = await export(filled, tmp_path / "a.zip", format="jsonl")
        whole = path.read_bytes()
        silent = 0
        for at in range(len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            silent += await problem(platform, path) == ""

        # Names, times and sizes of the ZIP file itself may differ without meaning anything.
        assert silent < len(whole) / 4

    async def test_manifest_of_something_else(self, platform: Platform, tmp_path: Path) -> None:
        """A ZIP file of other things is none."""
        path = tmp_path / "a.zip"
        others: list[Any] = [{}, [], {"manifest": {"public_key": 7}, "signature": ""}]
        for signed in others:
            with ZipFile(path, "w") as archive:
                archive.writestr("manifest.json", json.dumps(signed))
            assert "cannot be read" in await problem(platform, path)

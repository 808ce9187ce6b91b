"""Exports of the audit trail: a ZIP file of the entries and a signed manifest, and its check.

Inside are `entries.csv` or `entries.jsonl`, and `manifest.json`, which says what they hold.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from struct import error as StructError  # noqa: N812 - an exception
from typing import Any, Literal
from uuid import UUID
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - an exception

from app.core.csv import PLAIN, CsvForm, csv_lines
from app.core.ids import parse_id
from app.core.sealing import (
    FIELDS,
    FORM,
    Keys,
    canonical,
    entry_hash,
    is_signed_by,
    public_key,
    statement,
)
from app.features.audit.checking import Seal

Entry = Mapping[str, Any]
Sealed = tuple[Entry, Seal | None]
"""An entry with its seal; None while it waits for it."""

_KIND = "atrium.audit.export"
_MANIFEST = "manifest.json"
_MOST_MANIFEST_BYTES = 1_000_000
_MOST_LINE_BYTES = 50_000_000
_NO_ID = UUID(int=0)
# What the library raises depends on the byte that is damaged.
_UNREADABLE = (
    *(BadZipFile, ZlibError, StructError, EOFError, OSError, RuntimeError),
    *(AttributeError, LookupError, TypeError, ValueError),
)
_COLUMNS = ("seq", *FIELDS[FORM])


class Package:
    """An export while it is written; `add` and `close` give the next bytes of the file."""

    def __init__(self, ending: Literal["csv", "jsonl"], form: CsvForm = PLAIN) -> None:
        self.count = 0
        self._form = form
        self.ending = ending
        self._sha256 = hashlib.sha256()
        self._first: dict[str, str] | None = None
        self._last: dict[str, str] | None = None
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED)
        self._file = self._zip.open(f"entries.{ending}", "w", force_zip64=True)
        if ending == "csv":
            self._write(form.mark + csv_lines([_COLUMNS], form))

    def add(self, entries: Iterable[Sealed]) -> bytes:
        """Add entries."""
        rows = list(entries)
        self.count += len(rows)
        if rows:
            self._first = self._first or _place(rows[0][0])
            self._last = _place(rows[-1][0])
        if self.ending == "csv":
            lines = (list(_cells(entry, seal)) for entry, seal in rows)
            self._write(csv_lines(lines, self._form))
        else:
            self._write("".join(_line(entry, seal) for entry, seal in rows).encode())
        return self._sink.take()

    def close(self, keys: Keys, **facts: Any) -> bytes:
        """Add the signed manifest.

        Args:
            keys: Whose.
            **facts: What it says besides, as JSON.
        """
        manifest = self.facts() | facts | {"public_key": keys.public}
        signature = keys.sign(statement("export", manifest))
        signed = {"manifest": manifest, "signature": signature}
        self._file.close()
        self._zip.writestr(_MANIFEST, json.dumps(signed, indent=2))
        self._zip.close()
        return self._sink.take()

    def facts(self) -> dict[str, Any]:
        """What has been written."""
        return {
            "kind": _KIND,
            "version": 1,
            "format": self.ending,
            "count": self.count,
            "sha256": self._sha256.hexdigest(),
            "first": self._first,
            "last": self._last,
        }

    def _write(self, content: bytes) -> None:
        self._sha256.update(content)
        self._file.write(content)


class _Sink(RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """It is for writing only."""
        return True

    def write(self, part: Any) -> int:
        """Keep some bytes."""
        self._parts.append(bytes(part))
        return len(part)

    def take(self) -> bytes:
        """All that was kept."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _place(entry: Entry) -> dict[str, str]:
    values = json.loads(canonical(entry))
    return {"id": values["id"], "at": values["at"]}


def _cells(entry: Entry, seal: Seal | None) -> Iterator[object]:
    yield seal.seq if seal else ""
    for name in FIELDS[FORM]:
        value = entry[name]
        yield json.dumps(value, ensure_ascii=False) if name in ("changes", "detail") else value


def _line(entry: Entry, seal: Seal | None) -> str:
    facts = seal and {
        "seq": seal.seq,
        "form": seal.form,
        "entry_hash": seal.entry_hash.hex(),
        "chain_hash": seal.chain_hash.hex(),
    }
    form = seal.form if seal else FORM
    return f'{{"entry":{canonical(entry, form)},"seal":{json.dumps(facts)}}}\n'


@dataclass(frozen=True, slots=True)
class Check:
    """What the check of an export found; `problem` is empty when it is as it was written."""

    problem: str
    manifest: Mapping[str, Any]


def check_package(path: Path, is_ours: Callable[[str], bool]) -> Check:
    """Compare an export with its manifest.

    Args:
        path: The ZIP file.
        is_ours: Whether a public key is one of those that sign here.
    """
    manifest: dict[str, Any] = {}
    try:
        with ZipFile(path) as archive:
            manifest = _signed_manifest(archive, is_ours)
            _check_content(archive, manifest)
    except _Damaged as damaged:
        return Check(str(damaged), manifest)
    except _UNREADABLE as error:
        return Check(f"The file cannot be read as an export: {error}", manifest)
    return Check("", manifest)


class _Damaged(Exception):
    """An export is not as it was written; the message says in which respect."""


def _signed_manifest(archive: ZipFile, is_ours: Callable[[str], bool]) -> dict[str, Any]:
    with archive.open(_MANIFEST) as file:
        signed = json.loads(file.read(_MOST_MANIFEST_BYTES))
    manifest: dict[str, Any] = signed["manifest"]
    key = manifest["public_key"]
    if not is_signed_by(public_key(key), statement("export", manifest), signed["signature"]):
        raise _Damaged("The manifest was altered: its signature does not match.")
    if not is_ours(key):
        raise _Damaged(f"The manifest was signed by a key that is not ours: {key}")
    if manifest["kind"] != _KIND:
        raise _Damaged("The manifest is not one of an export.")
    return manifest


def _check_content(archive: ZipFile, manifest: Mapping[str, Any]) -> None:
    ending = manifest["format"]
    sha256, count = hashlib.sha256(), 0
    previous: dict[str, Any] | None = None
    with archive.open(f"entries.{ending}") as file:
        while line := file.readline(_MOST_LINE_BYTES):
            sha256.update(line)
            if ending == "jsonl":
                count += 1
                previous = _check_line(json.loads(line), count, previous)
    if sha256.hexdigest() != manifest["sha256"]:
        raise _Damaged("The entries were altered: they are not those of the manifest.")
    if ending == "jsonl" and count != manifest["count"]:
        raise _Damaged(f"There are {count} entries; the manifest says {manifest['count']}.")


def _check_line(
    line: Mapping[str, Any], number: int, previous: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Compare one line with its seal, and that with the line before when they are neighbours."""
    facts: dict[str, Any] | None = line["seal"]
    if facts is None:
        return None
    entry = line["entry"]
    hashed = entry_hash(entry, facts["form"])
    if hashed.hex() != facts["entry_hash"]:
        raise _Damaged(f"Entry {entry['id']} in line {number} was altered: its seal differs.")
    seal = Seal(facts["seq"], parse_id(entry["id"]) or _NO_ID, facts["form"], hashed, b"")
    if previous is not None and previous["seq"] + 1 == seal.seq:
        linked = seal.follows(bytes.fromhex(previous["chain_hash"]), seal.seq)
        if linked.hex() != facts["chain_hash"]:
            raise _Damaged(f"Entry {entry['id']} in line {number} does not follow the one before.")
    return facts

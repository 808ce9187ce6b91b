"""The sealed trail in the database: read, altered by SQL, and verified."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core.sealing import entry_hash, link
from app.features.audit.schemas import Finding, Verification, VerifyQuery
from app.features.audit.seal_service import SealService
from app.testing.platform import Caller, Platform

BATCHES, SIZE = 3, 4
LAST = BATCHES * SIZE

ENTRY = "(SELECT entry_id FROM core_audit_seals WHERE seq = {})"


async def execute(platform: Platform, *statements: str, **values: Any) -> None:
    """Do what the platform never does, in one transaction."""
    async with (await platform.database()).writing.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement), values)


async def fetch(platform: Platform, statement: str) -> list[tuple[Any, ...]]:
    """What a statement finds."""
    async with (await platform.database()).reading.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def seqs(platform: Platform) -> list[int]:
    """The numbers of all seals."""
    return [row[0] for row in await fetch(platform, "SELECT seq FROM core_audit_seals ORDER BY 1")]


async def entry_of(platform: Platform, seq: int) -> UUID:
    """The id of the entry with this seal."""
    [[entry_id]] = await fetch(platform, f"SELECT entry_id FROM core_audit_seals WHERE seq = {seq}")
    return entry_id if isinstance(entry_id, UUID) else UUID(entry_id)


async def verify(call: Caller, limit: int = 5) -> list[Finding]:
    """All that a verification finds, part by part."""
    findings, cursor = [], None
    while True:
        part = await call(SealService.verify, VerifyQuery(cursor=cursor, limit=limit))
        findings += part.findings
        cursor = part.next_cursor
        if cursor is None:
            return findings


async def last_part(call: Caller) -> Verification:
    """The last part of a verification."""
    part = await call(SealService.verify, VerifyQuery())
    while part.next_cursor is not None:
        part = await call(SealService.verify, VerifyQuery(cursor=part.next_cursor))
    return part


async def reseal_without_key(platform: Platform, first: int, last: int) -> None:
    """Calculate the hashes of a range anew, as anybody can."""
    entries = {entry.id: entry.model_dump() for entry in await platform.audit()}
    sql = f"SELECT chain_hash FROM core_audit_seals WHERE seq = {first - 1}"
    [[chain_hash]] = await fetch(platform, sql)
    for seq in range(first, last + 1):
        entry_id = await entry_of(platform, seq)
        hashed = entry_hash(entries[entry_id])
        chain_hash = link(bytes(chain_hash), seq, entry_id, 1, hashed)
        statement = "UPDATE core_audit_seals SET entry_hash = :e, chain_hash = :c WHERE seq = :s"
        await execute(platform, statement, e=hashed, c=chain_hash, s=seq)

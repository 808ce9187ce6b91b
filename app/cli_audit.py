"""`platformctl audit`: seal, verify, prune and export the audit trail."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands import FAILED, AsJson, migrated, operations, say, unit
from app.settings import load_settings

audit = typer.Typer(no_args_is_help=True, help="The audit trail: seal, verify, prune, export.")

_MOST_FINDINGS = 100


@audit.command("seal")
def seal_entries(as_json: AsJson = False) -> None:
    """Seal all entries that wait for it, and bring the anchor file up to date."""

    async def work() -> None:
        from app.features.audit.service import SealService

        entries, more = 0, True
        async with migrated() as container:
            while more:
                async with unit(container, SealService) as seals:
                    sealed = await seals.seal(limit=5000)
                    entries += sealed.entries
                    # What is anchored must have been committed.
                    more = sealed.entries > 0 or await seals.anchor()
        say(as_json, {"entries": entries}, f"Sealed {entries:,} entries.")

    asyncio.run(work())


@audit.command()
def verify(
    export: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Verify this export instead.")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A further public key that may have signed it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the whole trail, or an export; fails when anything is not as it was written."""
    if export is not None:
        _verify_export(export, key or [], as_json)
        return

    async def work() -> None:
        from app.features.audit.schemas import VerifyQuery
        from app.features.audit.service import SealService

        findings: list[dict[str, Any]] = []
        checked = faults = 0
        cursor: str | None = None
        async with operations(SealService) as (seals, _):
            with typer.progressbar(length=1000, label="Verifying", file=sys.stderr) as bar:
                while True:
                    part = await seals.verify(VerifyQuery(cursor=cursor, limit=10_000))
                    checked += part.checked
                    faults += part.faults
                    findings += [found.model_dump(mode="json") for found in part.findings]
                    bar.update(round(part.progress * 1000) - bar.pos)
                    cursor = part.next_cursor
                    if cursor is None:
                        break
        facts = {
            "sound": not faults,
            "checked": checked,
            "sealed": part.sealed,
            "waiting": part.waiting,
            "faults": faults,
            "findings": findings[:_MOST_FINDINGS],
        }
        words = [f"Verified {checked:,} entries; {part.waiting:,} wait for their seal."]
        words += [found["message"] for found in findings[:_MOST_FINDINGS]]
        words.append(f"{faults:,} problems were found." if faults else "The trail is sound.")
        say(as_json, facts, "\n".join(words))
        if faults:
            raise typer.Exit(FAILED)

    asyncio.run(work())


def _verify_export(path: Path, keys: list[str], as_json: bool) -> None:  # noqa: FBT001 - private
    from app.core.sealing import Keys
    from app.features.audit.packing import check_package
    from app.settings import audit_signing_key

    settings = load_settings()
    own = Keys(audit_signing_key(settings)).public
    check = check_package(path, {own, *settings.audit.former_keys, *keys}.__contains__)
    count = check.manifest.get("count")
    facts = {"sound": not check.problem, "problem": check.problem, "manifest": check.manifest}
    say(as_json, facts, check.problem or f"The export is sound: {count:,} entries.")
    if check.problem:
        raise typer.Exit(FAILED)


@audit.command("export")
def export_entries(  # noqa: PLR0917 - options of a command
    output: Annotated[Path, typer.Option(help="The ZIP file to be written.")],
    format: Annotated[str, typer.Option(help="csv or jsonl.")] = "csv",  # noqa: A002 - its name
    action: Annotated[str | None, typer.Option(help="One, or several with commas.")] = None,
    outcome: Annotated[str | None, typer.Option(help="succeeded, denied or failed.")] = None,
    actor_id: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    target_type: Annotated[str | None, typer.Option(help="Only about this kind of thing.")] = None,
    target_id: Annotated[str | None, typer.Option(help="Only about this thing.")] = None,
    request_id: Annotated[str | None, typer.Option(help="Only this request.")] = None,
    module: Annotated[str | None, typer.Option(help="One, or several with commas.")] = None,
    text: Annotated[str | None, typer.Option(help="Words of names and addresses.")] = None,
    since: Annotated[str | None, typer.Option(help="Like 2026-01-31T00:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Like 2026-02-28T00:00:00Z.")] = None,
    access_only: Annotated[
        bool, typer.Option("--access-only", help="Only changes of roles, grants and members.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Export entries with a signed manifest, which `audit verify --export` checks."""
    given = {
        "format": format,
        "action": action,
        "outcome": outcome,
        "actor_id": actor_id,
        "target_type": target_type,
        "target_id": target_id,
        "request_id": request_id,
        "module": module,
        "text": text,
        "since": since,
        "until": until,
        "access_only": access_only,
    }

    async def work() -> None:
        from app.features.audit.schemas import AuditExportQuery
        from app.features.audit.service import SealService

        if output.exists():
            message = f"{output} exists already."
            raise typer.BadParameter(message)
        query = AuditExportQuery.model_validate({k: v for k, v in given.items() if v is not None})
        async with operations(SealService) as (seals, _):
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:

                async def write(some: bytes) -> None:
                    file.write(some)

                exported = await seals.export(query, write)
        facts = {"entries": exported.entries, "file": str(output)}
        say(as_json, facts, f"Exported {exported.entries:,} entries to {output}.")

    asyncio.run(work())


@audit.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the entries that the retention policy no longer keeps; see `audit.keep_…_days`."""

    async def work() -> None:
        from app.features.audit.service import SealService

        entries = ranges = kept = 0
        async with migrated() as container:
            while True:
                async with unit(container, SealService) as seals:
                    some = await seals.expired()
                    if some.entries and not dry_run:
                        some = await seals.prune()
                entries, ranges, kept = entries + some.entries, ranges + some.ranges, some.kept
                if dry_run or not some.entries:
                    break
        facts = {"entries": entries, "ranges": ranges, "kept_as_evidence": kept}
        verb = "Would delete first" if dry_run else "Deleted"
        words = f"{verb} {entries:,} entries in {ranges:,} ranges."
        if kept:
            words += f" {kept:,} are kept: they do not verify."
        say(as_json, facts, words)

    asyncio.run(work())


@audit.command("key")
def print_key(as_json: AsJson = False) -> None:
    """Print the public key, for whoever verifies exports and for `audit.former_keys`."""
    from app.core.sealing import Keys
    from app.settings import audit_signing_key

    keys = Keys(audit_signing_key(load_settings()))
    say(as_json, {"id": keys.id, "public_key": keys.public}, keys.public)

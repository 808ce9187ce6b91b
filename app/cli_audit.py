"""`platformctl audit`: seal, verify, prune and export the audit trail."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands import FOUND, AsJson, migrated, one_line, operations, run, say, unit, writable

audit = typer.Typer(no_args_is_help=True, help="The audit trail: seal, verify, prune, export.")

_MOST_FINDINGS = 100


@audit.command("seal")
def seal_entries(as_json: AsJson = False) -> None:
    """Seal all entries that wait for it, and bring the anchor file up to date."""

    async def work() -> None:
        from app.features.audit.seal_service import SealService

        entries, more = 0, True
        async with migrated() as container:
            while more:
                async with unit(container, SealService) as seals:
                    sealed = await seals.seal(limit=5000)
                    entries += sealed.entries
                    # What is anchored must have been committed.
                    more = sealed.entries > 0 or await seals.anchor()
                    if not more and await seals.is_anchor_new():
                        await seals.accept_anchor()
                        more = True
        say(as_json, {"entries": entries}, f"Sealed {entries:,} entries.")

    run(work())


@audit.command()
def verify(
    export: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Verify this export instead.")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A further public key that may have signed it.")
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(metavar="SEQ:HASH", help="A head, noted elsewhere, that must be in it still."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the whole trail, or an export; fails when anything is not as it was written."""
    if export is not None:
        _verify_export(export, key or [], as_json)
        return

    async def work() -> None:
        from app.features.audit.seal_service import SealService

        async with operations(SealService) as (seals, _):
            whole = await _verify(seals, expect)
        facts = {
            "sound": not whole.faults,
            "checked": whole.checked,
            "sealed": whole.last.sealed,
            "head": whole.last.head or None,
            "waiting": whole.last.waiting,
            "faults": whole.faults,
            "findings": [
                found.model_dump(mode="json") for found in whole.findings[:_MOST_FINDINGS]
            ],
            "acknowledged": [each.model_dump(mode="json") for each in whole.acknowledged],
            "remarks": whole.last.remarks,
        }
        say(as_json, facts, "\n".join(_told(whole)))
        if whole.faults:
            raise typer.Exit(FOUND)

    run(work())


@audit.command()
def acknowledge(
    reason: Annotated[str, typer.Option(help="What had happened.", metavar="TEXT")],
    place: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SEQ:HASH]...", help="Which; all that there are when not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain irregularities of time that `audit verify` found, say after a clock was set right."""

    async def work() -> None:
        from app.features.audit.schemas import Acknowledge
        from app.features.audit.seal_service import SealService

        async with operations(SealService) as (seals, _):
            places = place or [
                found.place for found in (await _verify(seals)).findings if found.kind == "clock"
            ]
            if places:
                await seals.acknowledge(Acknowledge(places=places, reason=reason))
        words = f"Acknowledged: {', '.join(places)}." if places else "There is nothing to explain."
        say(as_json, {"places": places}, words)

    run(work())


@audit.command("accept-anchor")
def accept_anchor(
    reason: Annotated[str, typer.Option(help="Why: it was moved, lost, given up.", metavar="TEXT")],
    as_json: AsJson = False,
) -> None:
    """Take the configured anchor file, or that there is none, as right from now on."""

    async def work() -> None:
        from app.features.audit.seal_service import SealService
        from app.settings import load_settings

        async with operations(SealService) as (seals, _):
            await seals.accept_anchor(one_line(reason))
        file = load_settings().audit.anchor_file
        words = f"The trail is anchored in {file}." if file else "The trail is not anchored."
        say(as_json, {"anchor_file": file}, words)

    run(work())


@dataclass
class _Whole:
    """What all parts of a verification found together."""

    checked: int
    faults: int
    findings: list[Any]
    acknowledged: list[Any]
    last: Any


async def _verify(seals: Any, expect: str | None = None) -> _Whole:
    """Verify all parts, with a bar on stderr."""
    from app.features.audit.schemas import VerifyQuery

    query = VerifyQuery(expect=expect, limit=10_000)
    whole = _Whole(0, 0, [], [], None)
    with typer.progressbar(length=1000, label="Verifying", file=sys.stderr) as bar:
        while True:
            part = whole.last = await seals.verify(query)
            whole.checked += part.checked
            whole.faults += part.faults
            whole.findings += part.findings
            whole.acknowledged += part.acknowledged
            bar.update(round(part.progress * 1000) - bar.pos)
            if part.next_cursor is None:
                return whole
            query = VerifyQuery(cursor=part.next_cursor, limit=10_000)


def _told(whole: _Whole) -> list[str]:
    """How a verification ended, line by line."""
    last = whole.last
    lines = [f"Verified {whole.checked:,} entries; {last.waiting:,} wait for their seal."]
    lines += [found.message for found in whole.findings[:_MOST_FINDINGS]]
    if any(found.kind == "clock" for found in whole.findings):
        lines.append("Irregularities of time can be explained: platformctl audit acknowledge.")
    lines += last.remarks
    if last.head:
        lines.append(f"Head: {last.head} (note it elsewhere; later: --expect)")
    if whole.faults:
        return [*lines, f"{whole.faults:,} problems were found."]
    known = whole.acknowledged
    if not known:
        return [*lines, "The trail is sound."]
    what = "irregularity" if len(known) == 1 else "irregularities"
    lines.append(f"The trail is sound, with {len(known):,} acknowledged {what}:")
    return lines + [
        f"  {each.finding.message} {each.by}, {each.at:%Y-%m-%d %H:%M} UTC: {each.reason}"
        for each in known
    ]


def _verify_export(path: Path, keys: list[str], as_json: bool) -> None:  # noqa: FBT001 - private
    from app.core.sealing import Keys
    from app.features.audit.packing import check_package
    from app.settings import audit_signing_key, load_settings

    settings = load_settings()
    own = Keys(audit_signing_key(settings)).public
    check = check_package(path, {own, *settings.audit.former_keys, *keys}.__contains__)
    count = check.manifest.get("count")
    facts = {"sound": not check.problem, "problem": check.problem, "manifest": check.manifest}
    say(as_json, facts, check.problem or f"The export is sound: {count:,} entries.")
    if check.problem:
        raise typer.Exit(FOUND)


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
    separator: Annotated[str, typer.Option(help="Of CSV: comma, semicolon or tab.")] = "comma",
    bom: Annotated[
        bool, typer.Option("--bom", help="Of CSV: begin with UTF-8's mark, for Excel.")
    ] = False,
    reads: Annotated[
        str | None, typer.Option(help="`only` records of who looked at what, or `none` of them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Export entries with a signed manifest, which `audit verify --export` checks."""
    given = {
        "format": format,
        "separator": separator,
        "bom": bom,
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
        "reads": reads,
    }

    async def work() -> None:
        from app.features.audit.schemas import AuditExportQuery
        from app.features.audit.seal_service import SealService

        if writable(output).exists():
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

    run(work())


@audit.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the entries that the retention policy no longer keeps; see `audit.keep_…_days`."""

    async def work() -> None:
        from app.features.audit.seal_service import SealService

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

    run(work())


@audit.command("key")
def print_key(as_json: AsJson = False) -> None:
    """Print the public key, for whoever verifies exports and for `audit.former_keys`."""
    from app.core.sealing import Keys
    from app.settings import audit_signing_key, load_settings

    keys = Keys(audit_signing_key(load_settings()))
    say(as_json, {"id": keys.id, "public_key": keys.public}, keys.public)

"""What a bulk action would do with records of a resource, said before it is done."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from app.core import bulk
from app.core.bulk import BulkPreview
from app.core.errors import Invalid
from app.core.resources.repository import ResourceRepository
from app.core.resources.resource import Meta
from app.core.resources.schemas import RecordQuery
from app.core.rows import Rows

IN_TRASH = {"restore": "delete", "purge": "delete"}
"""What is done with records in the trash, and the last words of their permissions."""


def check_action(meta: Meta, verb: str, known: Collection[str]) -> None:
    """Make sure that something can be done with many records.

    Raises:
        Invalid: There is no such operation.
    """
    if verb in ("page", "get", "export", "create", "import_csv") or verb not in known:
        message = f"There is no such action for {meta.plural}."
        raise Invalid("bulk.action.unknown", message, fields={"action": message})


async def plan_of(
    records: ResourceRepository[Any],
    query: RecordQuery,
    chosen: Collection[UUID] | None,
    fields: Collection[str],
    *,
    filters: Any,
    rows: Rows,
    acting: Rows,
) -> BulkPreview:
    """What an operation would do with many records.

    Args:
        records: The resource's records.
        query: Those that match.
        chosen: The only ones that are meant; None for all that match.
        fields: Those that would be changed.
        filters: What else must hold.
        rows: Those that may be seen.
        acting: Those that the operation reaches.

    Raises:
        Invalid: More are chosen than one action looks at.
    """
    if chosen is not None and len(chosen) > bulk.MOST:
        message = f"Choose at most {bulk.MOST:,}."
        raise Invalid("bulk.too_many", message, fields={"ids": message})
    found = await records.reached(query, filters, rows, acting, chosen)
    preview = BulkPreview(is_cut=len(found) > bulk.MOST)
    for row in found[: bulk.MOST]:
        is_shown = rows.shows(records.meta.label, row)
        name = str(row.label or row.id) if is_shown else str(row.id)
        writable = acting.writable(row)
        if not acting.reaches(row):
            preview.skip("out of your reach", [name])
        elif writable is not None and not writable.issuperset(fields):
            preview.skip("where you may not change this", [name])
        else:
            preview.take(row.id, name)
    return preview

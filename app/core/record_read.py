"""What is shown of a record: only the permission to read its resource decides.

Services return whole records. The gate leaves out of every answer what `<resource>.read` does not
let the actor see, whichever operation returned it and whatever else they may do.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeGuard, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select

from app.core.access import Fields
from app.core.actor import Actor
from app.core.paging import Page
from app.core.record_list import ALWAYS_SHOWN, RecordList
from app.core.rows import rows_of

if TYPE_CHECKING:
    from app.core.unit_of_work import UnitOfWork

R = TypeVar("R")


class NamesRecord(BaseModel):
    """Base of schemas that tell something of one record of a resource.

    Attributes:
        resource: The resource, e.g. `user`.
    """

    resource: ClassVar[str]

    id: UUID

    def is_own(self, _actor: Actor) -> bool:
        """Whether it is the actor's own, which they always see whole."""
        return False

    def has(self, field: str) -> bool:
        """Whether the field may be seen."""
        return field in self.model_fields_set


class ResourceRecord(ABC):
    """Base of what stands for one record of a resource: the gate leaves out what may not be read.

    Attributes:
        resource: The resource, e.g. `user`.
        always_shown: What everybody may know who is answered at all: which record it is and in
            which version.
        is_part: Whether it is only part of such a record, so that looks at it are none at a record.
    """

    resource: ClassVar[str]
    always_shown: ClassVar[frozenset[str]] = ALWAYS_SHOWN
    is_part: ClassVar[bool] = False

    id: UUID

    def is_own(self, _actor: Actor) -> bool:
        """Whether it is the actor's own, which they always see whole."""
        return False

    @abstractmethod
    def has(self, field: str) -> bool:
        """Whether the field may be seen."""

    @abstractmethod
    def showing(self, fields: Collection[str]) -> Self:
        """The same record with only these fields; the others are absent, not empty."""


class RecordRead(NamesRecord, ResourceRecord):
    """Base of schemas that stand for one record of a resource."""

    def showing(self, fields: Collection[str]) -> Self:
        """The same record with only these fields; the others are absent, not empty."""
        wanted = {*self.always_shown, *fields}
        kept = wanted & self.model_fields_set
        shown = type(self).model_construct(kept, **{name: getattr(self, name) for name in kept})
        return cast("Self", shown)


async def without_hidden(uow: "UnitOfWork", result: R) -> R:
    """What an operation returned, without the fields of records that the actor may not read."""
    found: Any = result
    if isinstance(found, ResourceRecord):
        [found] = await _masked(uow, [found])
    elif isinstance(found, Page) and _are_records(found.items):
        found = found.model_copy(update={"items": await _masked(uow, found.items)})
    elif isinstance(found, list | tuple) and _are_records(found):
        found = type(found)(await _masked(uow, found))
    return cast("R", found)


def note_shown(uow: "UnitOfWork", result: object) -> None:
    """Note that the actor was shown the records in what a query returned; see `reads`."""
    found = result.items if isinstance(result, Page) else result
    if isinstance(found, list | tuple | RecordList):
        listed = [each for each in found if _is_whole(each)]
        uow.reads.shown(uow.actor, uow.context, listed, in_list=True)
    elif _is_whole(found):
        uow.reads.shown(uow.actor, uow.context, [found], in_list=False)


def _is_whole(item: object) -> TypeGuard[NamesRecord]:
    return isinstance(item, NamesRecord | ResourceRecord) and not getattr(item, "is_part", False)


def _are_records(items: Sequence[Any]) -> bool:
    return any(isinstance(item, ResourceRecord) for item in items)


async def _masked(uow: "UnitOfWork", records: Sequence[ResourceRecord]) -> list[ResourceRecord]:
    by_resource: dict[str, list[UUID]] = defaultdict(list)
    for record in records:
        by_resource[record.resource].append(record.id)
    readable = {
        (name, record_id): fields
        for name, ids in by_resource.items()
        for record_id, fields in (await _readable(uow, name, ids)).items()
    }
    shown = []
    for record in records:
        fields = readable.get((record.resource, record.id), frozenset())
        if record.is_own(uow.actor):
            fields = None
        shown.append(record if fields is None else record.showing(fields))
    return shown


async def _readable(
    uow: "UnitOfWork", resource_name: str, ids: Sequence[UUID]
) -> dict[UUID, Fields]:
    """The fields that may be read of each of these records; those that may not be seen are absent.

    A record that was deleted meanwhile counts as unseen, unless the actor sees all of them.
    """
    permission = f"{resource_name}.read"
    reach = uow.actor.access.reach(permission)
    resource = uow.registry.resource(resource_name)
    if reach.is_everything or (reach.parts and resource.key is None):
        return dict.fromkeys(ids)
    if not reach.parts:
        return {}
    rows = rows_of(uow.registry, uow.actor, permission)
    statement = select(resource.key.label("id"), *rows.flags)
    found = await uow.session.execute(statement.where(resource.key.in_(ids), rows.condition))
    return {row.id: rows.readable(row) for row in found}

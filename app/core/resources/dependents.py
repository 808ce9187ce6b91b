"""What becomes of other records when one is removed for good."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.core.errors import Conflict
from app.core.resources.repository import ResourceRepository
from app.core.resources.resource import Meta, Resource
from app.core.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Dependents:
    """How many records go along, by resource; and how many lose a reference, by its field."""

    deleted: Counter[str] = field(default_factory=Counter)
    emptied: Counter[str] = field(default_factory=Counter)

    @property
    def detail(self) -> dict[str, Any]:
        """The same for the audit trail."""
        facts = {"deleted_with_it": dict(self.deleted), "emptied_with_it": dict(self.emptied)}
        return {name: counts for name, counts in facts.items() if counts}


async def dependents(uow: UnitOfWork, resource: type[Resource], record_id: UUID) -> Dependents:
    """What goes along with a record, as references to it say.

    Raises:
        Conflict: Somebody refers to it, or to what would go along, and does not go.
    """
    found = Dependents()
    gone: set[tuple[str, UUID]] = {(resource.meta.name, record_id)}
    waiting = [(resource, record_id)]
    while waiting:
        each, its_id = waiting.pop()
        for other, reference in uow.registry.references_to(each):
            referring = await ResourceRepository(other, uow).referring(reference, its_id)
            if not referring:
                continue
            if reference.when_deleted == "refuse":
                plural = other.meta.plural
                message = f"There are {plural} with this {each.meta.singular}; change these first."
                raise Conflict(f"{resource.meta.name}.needed", message)
            if reference.when_deleted == "clear":
                found.emptied[f"{other.meta.name}.{reference.name}"] += len(referring)
                continue
            more = {(other.meta.name, one) for one in referring} - gone
            gone |= more
            found.deleted[other.meta.name] += len(more)
            waiting += [(other, one) for _, one in more]
    return found


def needed(meta: Meta) -> Conflict:
    """Somebody has come to refer to the record meanwhile."""
    message = f"Something refers to this {meta.singular} by now; change that first."
    return Conflict(f"{meta.name}.needed", message)

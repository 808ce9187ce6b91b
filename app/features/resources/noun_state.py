"""What the states of drawn pages share.

Which resource a page is about, only the address says; what may be done with it, only its service.
"""

from typing import Any
from uuid import UUID

import reflex as rx

from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from app.core.ids import parse_id
from app.core.module import Record
from app.core.resources.fields import Field, Reference
from app.core.resources.operations import Action
from app.core.resources.resource import Meta, Resource, label_of
from app.features.resources import description
from app.features.resources.description import Noun
from app.ui import runtime
from app.ui.forms import parse
from app.ui.page_state import PageState

LIST = "/[noun_module]/[noun_name]"
RECORD = f"{LIST}/[noun_id]"
_RECORD_SEGMENT = 2
_MOST_FOUND = 30


class CurrentNoun(rx.State):
    """The resource that the page is about."""

    noun: Noun = Noun()


class NounState(PageState, mixin=True):
    """Base of the states of drawn pages."""

    found: dict[str, Any] = {}
    """Records to choose from, `{"for", "items", "creates", "made"}`: the field that asked, what
    matches, whether another can be made by its name alone, and the one that was just made."""

    def _service(self) -> Any:
        """The service of the resource that the address names.

        Raises:
            NotFound: There is none.
        """
        service = runtime.current().registry.service_at(self.router.url.path)
        if service is None:
            code, message = "resource.not_found", "There is nothing at this address."
            raise NotFound(code, message)
        return service

    def _described(self) -> Noun:
        """The resource as the person may see it; nothing where the address names none."""
        registry = runtime.current().registry
        service = registry.service_at(self.router.url.path)
        if service is None:
            return Noun()
        trashed = self.router.url.query_parameters.get("trashed") == "true"
        return description.describe(service, registry, runtime.caller().actor, trashed=trashed)

    async def _open(self) -> tuple[Any, Noun]:
        """The service, and the resource as the page shows it from now on."""
        service, noun = self._service(), self._described()
        current = await self.get_state(CurrentNoun)
        # Whole: also another right of the person is a change.
        if current.noun != noun:
            current.noun = noun
        return service, noun

    async def _look_for(self, key: str, text: str) -> None:
        """Find records for a reference: of the resource itself, or `action.field` of a form.

        `update.field` is one of the resource itself, where a page has it twice.
        """
        field = self._field(key)
        if not isinstance(field, Reference):
            return
        items = await options_of(field.to.meta, text)
        self.found = {"for": key, "items": items, "creates": self._creates(field)}

    async def _create_here(self, key: str, text: str) -> None:
        """Make the record that a reference is to lead to, by its name alone."""
        field = self._field(key)
        if not isinstance(field, Reference):
            return
        meta = field.to.meta
        try:
            async with runtime.operations(self._referred(field)) as records:
                new = parse(meta.schemas.create, {meta.label: text})
                record = await records.create(new)
        except (Invalid, Conflict, PermissionDenied) as error:
            await self._say(error.message, kind="danger")
            return
        made = {"value": str(record.id), "label": label_of(record)}
        self.found = {"for": key, "items": [made], "creates": True, "made": made}
        await self._say(f"{meta.singular.capitalize()} {made['label']} is made.")

    def _creates(self, field: Reference) -> bool:
        registry, actor = runtime.current().registry, runtime.caller().actor
        return description.is_made_by_name(self._referred(field), registry, actor)

    def _referred(self, field: Reference) -> Any:
        return runtime.current().registry.service_of(field.to.meta.name)

    def _record_id(self) -> UUID | None:
        """The id of the record that the address names; None when it is none."""
        parts = self.router.url.path.strip("/").split("/")
        return parse_id(parts[_RECORD_SEGMENT]) if len(parts) > _RECORD_SEGMENT else None

    def _field(self, key: str) -> Field[Any] | None:
        service = self._service()
        name, _, field = key.rpartition(".")
        if name in ("", "update"):
            return service.resource.meta.fields.get(field)
        action: Action | None = service.actions.get(name)
        return action.form.meta.fields.get(field) if action and action.form else None


NOUN = Record(
    name=CurrentNoun.noun.title,
    address=CurrentNoun.noun.base,
    section=CurrentNoun.noun.section,
)


async def options_of(meta: Meta, text: str) -> list[dict[str, str]]:
    """The records of a resource that match, as far as the person may see them."""
    service = runtime.current().registry.service_of(meta.name)
    if "page" not in service.operations or not runtime.caller().actor.may(meta.permission("read")):
        return []
    asked = {"limit": _MOST_FOUND} | ({"q": text} if text and meta.searched else {})
    async with runtime.operations(service) as records:
        page = await records.page(parse(meta.schemas.list_query, asked))
    return [{"value": str(each.id), "label": label_of(each) or str(each.id)} for each in page]


def row_of(record: Resource, names: list[str]) -> list[Any]:
    """A record as a line of a table: its id, and then the values of these fields."""
    values, meta = vars(record), record.meta
    return [
        str(record.id),
        *(
            description.cell(meta, name, values[name]) if name in values else description.HIDDEN
            for name in names
        ),
    ]


async def label_by_id(field: Field[Any], value: str) -> str:
    """What people call the record with this id; the id where they may not know."""
    found = parse_id(value)
    if not isinstance(field, Reference) or found is None:
        return value
    service = runtime.current().registry.service_of(field.to.meta.name)
    may = runtime.caller().actor.may(field.to.meta.permission("read"))
    if not may or "get" not in service.operations:
        return value
    try:
        async with runtime.operations(service) as records:
            return label_of(await records.get(found)) or value
    except NotFound:
        return value

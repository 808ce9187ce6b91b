"""What the states of drawn pages share.

Which resource a page is about, only the address says; what may be done with it, only its service.
"""

from typing import Any

import reflex as rx

from app.core.errors import NotFound
from app.core.ids import parse_id
from app.core.module import Record
from app.core.resources.fields import Field, Reference
from app.core.resources.operations import Action
from app.core.resources.resource import label_of
from app.features.resources import description
from app.features.resources.description import Noun
from app.ui import runtime
from app.ui.forms import parse
from app.ui.page_state import PageState

LIST = "/[noun_module]/[noun_name]"
RECORD = f"{LIST}/[noun_id]"
_MOST_FOUND = 30


class CurrentNoun(rx.State):
    """The resource that the page is about."""

    noun: Noun = Noun()


class NounState(PageState, mixin=True):
    """Base of the states of drawn pages."""

    found: dict[str, Any] = {}
    """Records to choose from, `{"for", "items"}`: the field that asked, and what matches."""

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
        items = await _options(field, text)
        self.found = {"for": key, "items": items}

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


async def _options(field: Reference, text: str) -> list[dict[str, str]]:
    """The records that a reference can lead to, as far as the person may see them."""
    service = runtime.current().registry.service_of(field.to.meta.name)
    meta = field.to.meta
    if "page" not in service.operations or not runtime.caller().actor.may(meta.permission("read")):
        return []
    asked = {"limit": _MOST_FOUND} | ({"q": text} if text and meta.searched else {})
    async with runtime.operations(service) as records:
        page = await records.page(parse(meta.schemas.list_query, asked))
    return [{"value": str(each.id), "label": label_of(each) or str(each.id)} for each in page]


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

"""State of what refers to a record, on its drawn page: one for all resources."""

from typing import Any
from uuid import UUID

import reflex as rx

from app.core.errors import Invalid, PlatformError
from app.core.ids import parse_id
from app.core.permissions import SIGNED_IN
from app.core.resources.fields import Reference
from app.features.resources import description
from app.features.resources.noun_state import NounState, options_of, row_of
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler

_SHOWN = 10


class RelatedRecords(NounState, rx.State):
    """The records of other resources that refer to the one that the address names."""

    panels: list[dict[str, Any]] = []
    """One of each field that refers to it, `{"key", "title", "singular", "path", "columns", "rows",
    "count", "or_more", "all", "new", "attaches", "detaches"}`."""
    of: str = ""
    """The id of the record that the panels are about."""
    attaching: dict[str, Any] = {}
    """The panel to which a record is to be added, `{"key", "title"}`; empty for none."""
    attach_fields: list[dict[str, Any]] = []
    attach_errors: dict[str, str] = {}
    attach_error: str = ""

    @handler(SIGNED_IN)
    async def load(self) -> None:
        """Load what refers to the record, as far as the person may see it."""
        record_id, found = self._record_id(), []
        self.attaching = {}
        if record_id is not None:
            for other, field in self._referring():
                found.append(await self._panel(other, field, record_id))
        self.panels, self.of = found, str(record_id or "")

    @handler(SIGNED_IN)
    async def ask_attach(self, key: str) -> None:
        """Ask which record is to refer to this one."""
        other, _field = self._at(key)
        meta = other.resource.meta
        self.attach_errors, self.attach_error, self.found = {}, "", {}
        facts = {"kind": "reference", "to": meta.name, "path": meta.path, "value": None}
        title = meta.singular.capitalize()
        self.attach_fields = [
            {"name": "record", "title": title, "help": "", "required": True, "locked": False}
            | facts
        ]
        self.attaching = {"key": key, "title": f"Add {meta.singular}"}

    @handler(SIGNED_IN)
    async def find_records(self, _key: str, text: str) -> None:
        """Find records that could refer to this one."""
        other, _field = self._at(str(self.attaching.get("key", "")))
        self.found = {"for": "record", "items": await options_of(other.resource.meta, text)}

    @handler(SIGNED_IN)
    async def attach(self, form: dict[str, Any]) -> Any:
        """Let the chosen record refer to this one."""
        chosen = parse_id(str(form.get("record") or ""))
        if chosen is None:
            self.attach_errors = {"record": "Choose one."}
            return None
        other, field = self._at(str(self.attaching.get("key", "")))
        try:
            await self._refer(other, field, chosen, self._record_id())
        except PlatformError as error:
            fields = error.fields if isinstance(error, Invalid) else {}
            self.attach_error = str(fields.get(field.name, error.message))
            return None
        return RelatedRecords.load

    @handler(SIGNED_IN)
    async def detach(self, key: str, record_id: str) -> Any:
        """Let a record no longer refer to this one."""
        other, field = self._at(key)
        chosen = parse_id(record_id)
        if chosen is None or field.required:
            return None
        await self._refer(other, field, chosen, None)
        return RelatedRecords.load

    @handler(SIGNED_IN)
    async def close_attach(self) -> None:
        """Leave everything as it is."""
        self.attaching = {}

    async def _refer(
        self, other: Any, field: Reference, record_id: UUID, target: UUID | None
    ) -> None:
        """Let a record refer to another one by a field, or to none."""
        async with runtime.operations(other) as records:
            change = parse(other.resource.meta.schemas.update, {field.name: target})
            await records.update(record_id, change)
        self.attaching = {}
        singular = other.resource.meta.singular.capitalize()
        await self._say(f"{singular} is {'added' if target else 'taken away'}.")

    def _referring(self) -> list[tuple[Any, Reference]]:
        """The services whose lists the person may see, with the field that refers to this one."""
        registry, actor = runtime.current().registry, runtime.caller().actor
        found = []
        for resource, field in registry.references_to(self._service().resource):
            other = registry.service_of(resource.meta.name)
            has_page = registry.service_at(resource.meta.path) is other
            if has_page and description.shows(other, registry, actor, field.name):
                found.append((other, field))
        return found

    def _at(self, key: str) -> tuple[Any, Reference]:
        """The service and the field of a panel.

        Raises:
            Invalid: There is no such panel.
        """
        for other, field in self._referring():
            if _key(other, field) == key:
                return other, field
        message = "There is nothing that is added here."
        raise Invalid("resource.relation.unknown", message)

    async def _panel(self, other: Any, field: Reference, record_id: UUID) -> dict[str, Any]:
        registry, actor = runtime.current().registry, runtime.caller().actor
        meta = other.resource.meta
        noun = description.describe(other, registry, actor)
        names = [name for name in description.default_columns(noun) if name != field.name]
        columns = [{**column, "sorts": False} for column in noun.columns if column["key"] in names]
        asked = {field.name: str(record_id), "limit": _SHOWN, "with_count": True}
        async with runtime.operations(other) as records:
            page = await records.page(parse(meta.schemas.list_query, asked))
        same = sum(each.to is field.to for each in meta.references) > 1
        writable = description.changeable(other, registry, actor)
        place = f"{field.name}={record_id}"
        return {
            "key": _key(other, field),
            "title": f"{noun.title} ({field.title})" if same else noun.title,
            "singular": noun.singular,
            "path": meta.path,
            "columns": columns,
            "rows": [row_of(record, [column["key"] for column in columns]) for record in page],
            "count": page.total or 0,
            "or_more": not page.total_is_exact,
            "all": f"{meta.path}?{place}",
            "new": f"{meta.path}/new?{place}" if noun.may.get("create") else "",
            "attaches": field.name in writable,
            "detaches": field.name in writable and not field.required,
        }


def _key(other: Any, field: Reference) -> str:
    return f"{other.resource.meta.name}.{field.name}"

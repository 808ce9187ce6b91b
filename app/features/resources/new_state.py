"""State of the drawn form for a new record: one for all resources."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from app.core.errors import Conflict, Invalid, PermissionDenied
from app.core.ids import parse_id
from app.core.permissions import SIGNED_IN
from app.core.resources.fields import Field, Link, Reference
from app.core.resources.resource import label_of
from app.features.resources import description
from app.features.resources.noun_state import NounState, label_by_id
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler


class NewResource(NounState, rx.State):
    """The form for a new record of whatever resource the address names."""

    fields: list[dict[str, Any]] = []
    locked: list[str] = []
    """What a new record needs and the person may not set."""
    started: str = ""
    """The resource that the form is for, and the how-manieth form it is."""
    another: bool = False
    """Whether the form is to be filled in again afterwards."""
    _times: int = 0

    @handler(SIGNED_IN)
    async def load(self) -> None:
        """Start with the values that new records have."""
        self._clear_form_problem()
        self.found = {}
        service, _noun = await self._open()
        meta = service.resource.meta
        actor, registry = runtime.caller().actor, runtime.current().registry
        writable = description.creatable(service, registry, actor)
        self.locked = [
            each.title
            for name, each in meta.writable.items()
            if name not in writable and not each.has_default
        ]
        open_ones = {name: each for name, each in meta.writable.items() if name in writable}
        values = description.starts(open_ones) | await self._given(open_ones)
        self.fields = description.inputs(open_ones, values, writable)
        self._times += 1
        self.started = f"{meta.name} {self._times}"

    @handler(SIGNED_IN)
    async def save(self, form: dict[str, Any]) -> Any:
        """Make the record and open it."""
        self._clear_form_problem()
        service = self._service()
        meta = service.resource.meta
        try:
            sent = description.read_form(meta.writable, form)
            async with runtime.operations(service) as records:
                record = await records.create(parse(meta.schemas.create, sent))
        except (Invalid, Conflict, PermissionDenied) as error:
            self._show_form_problem(error)
            return None
        await self._say(f"{label_of(record) or meta.singular.capitalize()} is saved.")
        self.another = form.get("create_another") is True
        if self.another:
            return NewResource.load
        return rx.redirect(f"{meta.path}/{record.id}")

    @handler(SIGNED_IN)
    async def find_records(self, key: str, text: str) -> None:
        """Find records to refer to."""
        await self._look_for(key, text)

    @handler(SIGNED_IN)
    async def create_here(self, key: str, text: str) -> None:
        """Make a record to refer to."""
        await self._create_here(key, text)

    async def _given(self, fields: Mapping[str, Field[Any]]) -> dict[str, Link]:
        """What the new record is to refer to, as the address says."""
        given = self.router.url.query_parameters
        found = {}
        for name, field in fields.items():
            target = parse_id(given.get(name, ""))
            if target is not None and isinstance(field, Reference):
                found[name] = Link(target, await label_by_id(field, str(target)))
        return found

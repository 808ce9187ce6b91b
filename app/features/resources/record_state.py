"""State of the drawn pages of one record: one for all resources."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import reflex as rx

from app.core.errors import Conflict, Invalid, PermissionDenied
from app.core.module import Record
from app.core.permissions import SIGNED_IN
from app.core.resources.fields import Field
from app.core.resources.operations import Action
from app.core.resources.resource import Resource, label_of
from app.features.audit.activity_state import ActivityState
from app.features.audit.permissions import AuditPermission
from app.features.audit.words import in_words, last_to_change
from app.features.resources import description
from app.features.resources.noun_state import RECORD, CurrentNoun, NounState, label_by_id
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.record_state import RecordState


class ResourceRecord(NounState, ActivityState, RecordState, rx.State):
    """One record of whatever resource the address names."""

    route: ClassVar[str] = RECORD

    title: str = ""
    fields: list[dict[str, Any]] = []
    """Those that people set."""
    details: list[dict[str, Any]] = []
    """The same, for those who may change none."""
    facts: list[dict[str, Any]] = []
    """The others."""
    version: int = 0
    may_change: bool = False
    """Whether any field is open."""
    may_delete: bool = False
    buttons: list[dict[str, Any]] = []
    """Its actions."""
    acting: dict[str, Any] = {}
    """The action whose form is open, `{"name", "title", "sentence", "asks", "dangerous"}`."""
    acting_fields: list[dict[str, Any]] = []
    acting_errors: dict[str, str] = {}
    acting_error: str = ""
    deleting: bool = False

    @property
    def nothing(self) -> tuple[str, str]:  # type: ignore[override]  # by the address
        """Code and message of the error when there is no such record."""
        noun = self._described()
        return f"{noun.name}.not_found", f"There is no such {noun.singular}."

    @handler(SIGNED_IN)
    async def load(self) -> None:
        """Load the record that the address names."""
        self.found = {}
        await self._open()
        await self._load()

    @handler(AuditPermission.READ)
    async def load_activity(self) -> None:
        """Load what was done to this record and tried with it."""
        meta = self._service().resource.meta
        if self.shown_id:
            await self._load_activity_of(meta.name, self._known_id(), noun=meta.singular)

    @handler(SIGNED_IN)
    async def save(self, form: dict[str, Any]) -> None:
        """Save the fields; whoever saved in between is named, and the person chooses."""
        self._clear_form_problem()
        service = self._service()
        meta = service.resource.meta
        version = self._based(form)
        async with runtime.operations(service) as records:
            allowed = await records.allowed(self._known_id())
        open_ones = {n: each for n, each in meta.writable.items() if n in allowed.writable}
        try:
            sent = parse(meta.schemas.update, description.read_form(open_ones, form)).values
        except Invalid as error:
            self._show_form_problem(error)
            return
        now = {name: description.fact(meta.fields[name], value) for name, value in sent.items()}
        self._submitted = {**(self._loaded if str(version) == self._version else {}), **now}
        await self._save(now, version=version)

    @handler(SIGNED_IN)
    async def overwrite(self) -> None:
        """Save what was typed although somebody else saved in between.

        What the person did not touch stays as the other one left it.
        """
        await self._save(self._own_changes(), version=None)

    @handler(SIGNED_IN)
    async def take_theirs(self) -> Any:
        """Drop what was typed and load what somebody else saved."""
        self._discard()
        return ResourceRecord.load

    @handler(SIGNED_IN)
    async def find_records(self, key: str, text: str) -> None:
        """Find records to refer to."""
        await self._look_for(key, text)

    @handler(SIGNED_IN)
    async def create_here(self, key: str, text: str) -> None:
        """Make a record to refer to."""
        await self._create_here(key, text)

    @handler(SIGNED_IN)
    async def ask_delete(self) -> None:
        """Ask before the record is deleted."""
        self.deleting = True

    @handler(SIGNED_IN)
    async def delete(self) -> Any:
        """Remove the record."""
        service = self._service()
        self.deleting = False
        async with runtime.operations(service) as records:
            await records.delete(self._known_id())
        await self._say(f"{self.title} is deleted.")
        return rx.redirect(service.resource.meta.path)

    @handler(SIGNED_IN)
    async def ask_action(self, name: str) -> Any:
        """Open an action's form, or do at once what asks for nothing."""
        service = self._service()
        action: Action | None = service.actions.get(name)
        if action is None:
            return None
        if action.form is None and not action.dangerous:
            return await self._act(name, None)
        fields = action.form.meta.fields if action.form else {}
        self.acting_errors, self.acting_error = {}, ""
        self.acting_fields = description.inputs(fields, description.starts(fields), fields)
        self.acting = {
            "name": name,
            "title": action.title,
            "sentence": f"{action.sentence}.",
            "asks": bool(fields),
            "dangerous": action.dangerous,
        }
        return None

    @handler(SIGNED_IN)
    async def act(self, form: dict[str, Any]) -> Any:
        """Do what the open form is for."""
        return await self._act(str(self.acting.get("name", "")), form)

    @handler(SIGNED_IN)
    async def confirm_action(self) -> Any:
        """Do an action that asks for nothing but a confirmation."""
        return await self._act(str(self.acting.get("name", "")), None)

    @handler(SIGNED_IN)
    async def close_dialogs(self) -> None:
        """Leave everything as it is."""
        self.deleting = False
        self.conflict = ""
        self.acting = {}

    async def _act(self, name: str, form: dict[str, Any] | None) -> None:
        service = self._service()
        action: Action | None = service.actions.get(name)
        if action is None:
            return
        self.acting_errors, self.acting_error = {}, ""
        given = []
        try:
            if action.form is not None:
                schema = action.form.meta.schema
                given = [parse(schema, description.read_form(action.form.meta.fields, form or {}))]
            async with runtime.operations(service) as records:
                record = await getattr(records, name)(self._known_id(), *given)
        except (Invalid, Conflict, PermissionDenied) as error:
            if not self.acting:
                raise
            fields = error.fields if isinstance(error, Invalid) else {}
            known = action.form.meta.fields if action.form else {}
            self.acting_errors = {k: str(v) for k, v in fields.items() if k in known}
            self.acting_error = "" if self.acting_errors else error.message
            return
        self.acting = {}
        await self._show(record)
        past = action.past[:1].upper() + action.past[1:]
        await self._say(f"{past}.")

    async def _save(self, facts: Mapping[str, Any], *, version: int | None) -> None:
        self._clear_form_problem()
        self.conflict = ""
        service = self._service()
        meta = service.resource.meta
        try:
            change = parse(meta.schemas.update, {**facts, "version": version})
            async with runtime.operations(service) as records:
                record = await records.update(self._known_id(), change)
        except Conflict as error:
            if error.code != f"{meta.name}.version.conflict":
                self._show_form_problem(error)
                return
            await self._settle_conflict()
            return
        except (Invalid, PermissionDenied) as error:
            self._show_form_problem(error)
            return
        await self._show(record)
        await self._say("Saved.")

    async def _settle_conflict(self) -> None:
        """Ask which of two changes is to stay, unless both come to the same."""
        service = self._service()
        meta = service.resource.meta
        async with runtime.operations(service) as records:
            theirs = await records.get(self._known_id())
        saved = _facts(theirs)
        if not self._differs(saved):
            await self._show(theirs)
            await self._say("Saved.", undo=False)
            return
        self.conflict_fields = [
            {
                "field": meta.fields[key].title,
                "theirs": await _in_words(meta.fields[key], their),
                "yours": "" if own is ... else await _in_words(meta.fields[key], own),
            }
            for key, their, own in self._facts_in_conflict(saved)
        ]
        who = await last_to_change(meta.name, theirs.id)
        self.conflict = f"{who} saved this {meta.singular} while you were typing."

    def _reset_messages(self) -> None:
        super()._reset_messages()
        self.deleting = False
        self.acting = {}

    def _base(self) -> str:
        return self._described().base

    def _id(self) -> UUID | None:
        return self._record_id()

    async def _read(self, found: UUID) -> None:
        async with runtime.operations(self._service()) as records:
            record = await records.get(found)
        await self._show(record)

    async def _show(self, record: Resource) -> None:
        service = self._service()
        meta = service.resource.meta
        async with runtime.operations(service) as records:
            allowed = await records.allowed(record.id)
        values = vars(record)
        read_only = {
            name: each
            for name, each in meta.fields.items()
            if each.read_only and name != "deleted_at"
        }
        self.may_change = any(name in values for name in allowed.writable)
        self.may_delete = "delete" in allowed.verbs
        self.title = label_of(record) or f"{meta.singular.capitalize()} without a name"
        self.fields = description.inputs(meta.writable, values, allowed.writable)
        own = {} if self.may_change else meta.writable
        identity = {"key": "id", "title": "Id", "kind": "id", "value": str(record.id)}
        self.details = description.facts(own, values)
        self.facts = [*description.facts(read_only, values), identity]
        self.buttons = description.buttons(service.actions, allowed.verbs)
        self.version = record.version
        self._show_record(record.id, record.version, _facts(record))


NOUN_RECORD = Record(
    name=ResourceRecord.title,
    address=CurrentNoun.noun.base + "/" + ResourceRecord.shown_id,
)


def _facts(record: Resource) -> dict[str, Any]:
    """The fields that people set, as far as they may be seen, as versions are compared by them."""
    values = vars(record)
    return {
        name: description.fact(each, values[name])
        for name, each in record.meta.writable.items()
        if name in values
    }


async def _in_words(field: Field[Any], value: Any) -> str:
    """A fact as people write it."""
    if field.kind == "reference":
        return await label_by_id(field, value) if value else ""
    if field.kind == "choice":
        return dict(field.describe()["options"]).get(value, in_words(value))
    return in_words(value)

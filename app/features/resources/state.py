"""State of the pages that are drawn from a description: one for all resources.

Which resource it is, only the address says; what may be done with it, only its service.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import reflex as rx

from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from app.core.ids import parse_id
from app.core.module import Record
from app.core.permissions import SIGNED_IN
from app.core.resources.fields import Field, Reference
from app.core.resources.operations import Action
from app.core.resources.resource import Resource, label_of
from app.features.audit.activity_state import ActivityState
from app.features.audit.permissions import AuditPermission
from app.features.audit.words import in_words, last_to_change
from app.features.resources import description
from app.features.resources.description import Noun
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.list_state import Count, ListState
from app.ui.page_state import PageState
from app.ui.record_state import RecordState

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
        return description.describe(service, registry, runtime.caller().actor)

    async def _open(self) -> tuple[Any, Noun]:
        """The service, and the resource as the page shows it from now on."""
        service, noun = self._service(), self._described()
        current = await self.get_state(CurrentNoun)
        # Whole: also another right of the person is a change.
        if current.noun != noun:
            current.noun = noun
        return service, noun

    async def _look_for(self, key: str, text: str) -> None:
        """Find records for a reference: of the resource itself, or `action.field` of a form."""
        field = self._field(key)
        if not isinstance(field, Reference):
            return
        items = await _options(field, text)
        self.found = {"for": key, "items": items}

    def _field(self, key: str) -> Field[Any] | None:
        service = self._service()
        name, _, field = key.rpartition(".")
        if not name:
            return service.resource.meta.fields.get(field)
        action: Action | None = service.actions.get(name)
        return action.form.meta.fields.get(field) if action and action.form else None


class ResourceList(NounState, ListState, rx.State):
    """The list of whatever resource the address names."""

    columns: list[dict[str, Any]] = []
    """Those that are shown, in order."""
    choices: list[dict[str, Any]] = []
    """All there are, `{"key", "title", "shown", "fixed"}` each; those that are shown come first."""
    filter_lines: list[dict[str, Any]] = []
    """What narrows the list, `{"key", "title", "kind", "options", "value"}` each."""
    rows: list[list[Any]] = []
    """Each an id, and then the values in the order of the columns."""
    unfiltered: str = ""
    """The address of the list without search and filters."""
    words: dict[str, str] = {}
    """The filters in force in words, by their key."""
    _shown: str = ""
    """The resource whose rows these are."""

    @property
    def filter_titles(self) -> Mapping[str, str]:  # type: ignore[override]  # by the address
        """What a filter is called on its chip, by its key in the address."""
        lines = description.filters_of(self._described())
        return {each["key"]: each["title"] for each in lines}

    @property
    def column_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # by the address
        """The columns that can be chosen."""
        return tuple(column["key"] for column in self._described().columns)

    @rx.var
    def chips(self) -> list[dict[str, str]]:
        """The filters in force, as `{"key", "label", "value"}`."""
        titles = {each["key"]: each["title"] for each in self.filter_lines}
        chips = [
            {"key": key, "label": titles.get(key, key), "value": self.words.get(key, value)}
            for key, value in self.filters.items()
        ]
        if self.search:
            chips.insert(0, {"key": "q", "label": "Search", "value": self.search})
        return chips

    @handler(SIGNED_IN)
    async def load(self) -> None:
        """Load the page that the address names."""
        service, noun = await self._open()
        self.loading = True
        if self._shown != noun.name:
            self._shown, self._counted, self.rows, self.found = noun.name, None, [], {}
        arguments = self._read_address()
        lines = description.filters_of(noun)
        self.filter_lines = [{**each, "value": self.filters.get(each["key"], "")} for each in lines]
        by_key = {column["key"]: column for column in noun.columns}
        chosen = [by_key[key] for key in self.visible]
        self.choices = [
            {
                "key": column["key"],
                "title": column["title"],
                "shown": column["key"] in self.visible,
                "fixed": column is noun.columns[0],
            }
            for column in [*chosen, *(each for each in noun.columns if each not in chosen)]
        ]
        meta = service.resource.meta
        counts = self._must_count()
        query = parse(meta.schemas.list_query, arguments | {"with_count": counts})
        async with runtime.operations(service) as records:
            page = await records.page(query)
        self.words = await self._in_words(meta.fields)
        self.columns = chosen
        self._show_rows([_row(record, self.visible) for record in page])
        self.unfiltered = self._address(q="", **{each["key"]: "" for each in lines})
        count = Count(page.total, page.total_is_exact) if page.total is not None else None
        self._show_place(
            len(page), page.previous_cursor, page.next_cursor, count if counts else None
        )

    @handler(SIGNED_IN)
    async def find_records(self, key: str, text: str) -> None:
        """Find records to filter by."""
        await self._look_for(key, text)

    def _path(self) -> str:
        return self._described().base

    def _own_columns(self) -> list[str]:
        return description.default_columns(self._described())

    async def _in_words(self, fields: Mapping[str, Field[Any]]) -> dict[str, str]:
        """What the filters in force ask for."""
        words = {}
        for line in self.filter_lines:
            key, value = line["key"], self.filters.get(line["key"])
            if value:
                titles = {each["value"]: each["label"] for each in line["options"]}
                words[key] = titles.get(value) or await _label(fields[key], value)
        return words


class NewResource(NounState, rx.State):
    """The form for a new record of whatever resource the address names."""

    fields: list[dict[str, Any]] = []
    locked: list[str] = []
    """What a new record needs and the person may not set."""
    started: str = ""
    """The resource that the form is for."""

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
        self.fields = description.inputs(open_ones, description.starts(open_ones), writable)
        self.started = meta.name

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
        return rx.redirect(f"{meta.path}/{record.id}")

    @handler(SIGNED_IN)
    async def find_records(self, key: str, text: str) -> None:
        """Find records to refer to."""
        await self._look_for(key, text)


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
        parts = self.router.url.path.strip("/").split("/")
        return parse_id(parts[_RECORD_SEGMENT]) if len(parts) > _RECORD_SEGMENT else None

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
        read_only = {name: each for name, each in meta.fields.items() if each.read_only}
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


NOUN = Record(
    name=CurrentNoun.noun.title,
    address=CurrentNoun.noun.base,
    section=CurrentNoun.noun.section,
)
NOUN_RECORD = Record(
    name=ResourceRecord.title,
    address=CurrentNoun.noun.base + "/" + ResourceRecord.shown_id,
)


def _row(record: Resource, names: list[str]) -> list[Any]:
    values, meta = vars(record), record.meta
    return [
        str(record.id),
        *(
            description.cell(meta, name, values[name]) if name in values else description.HIDDEN
            for name in names
        ),
    ]


def _facts(record: Resource) -> dict[str, Any]:
    """The fields that people set, as far as they may be seen, as versions are compared by them."""
    values = vars(record)
    return {
        name: description.fact(each, values[name])
        for name, each in record.meta.writable.items()
        if name in values
    }


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


async def _label(field: Field[Any], value: str) -> str:
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


async def _in_words(field: Field[Any], value: Any) -> str:
    """A fact as people write it."""
    if field.kind == "reference":
        return await _label(field, value) if value else ""
    if field.kind == "choice":
        return dict(field.describe()["options"]).get(value, in_words(value))
    return in_words(value)

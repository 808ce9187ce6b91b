"""State of the drawn list: one for all resources."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import reflex as rx

from app.core.errors import Invalid
from app.core.ids import parse_id
from app.core.permissions import SIGNED_IN
from app.core.resources.conditions import Filter, conditions_in, parse_filter
from app.core.resources.fields import Field
from app.features.resources import description, filtering
from app.features.resources.description import Button
from app.features.resources.noun_state import NounState, label_by_id, row_of
from app.features.views.state import ViewedListState
from app.ui import runtime
from app.ui.bulk_state import BulkListState
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.list_state import Count

_PAST = {
    "update": "Changed",
    "delete": "Deleted",
    "restore": "Restored",
    "purge": "Deleted for good",
}


_MOST_LABELS = 20
"""So many records of a filter are called by their names: each is asked for."""


class ResourceList(NounState, ViewedListState, BulkListState, rx.State):
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
    trashed: bool = False
    """Whether deleted records are shown."""
    buttons: list[dict[str, Any]] = []
    """What can be done with the selected rows, `{"name", "title", "dangerous"}` each."""
    changeable: list[dict[str, str]] = []
    """The fields that can be changed of the selected rows, `{"key", "title"}` each."""
    bulk_title: str = ""
    """The verb of what is asked or under way."""
    bulk_form: dict[str, Any] = {}
    """What is asked first, `{"name", "title", "sentence"}`; empty for nothing."""
    bulk_fields: list[dict[str, Any]] = []
    bulk_errors: dict[str, str] = {}
    bulk_error: str = ""
    filtering: bool = False
    """Whether the form of filters is open."""
    conditions: dict[str, Any] = {}
    """The filter that it shows; see `filtering.lines_of`."""
    condition_errors: dict[str, str] = {}
    condition_error: str = ""
    _shown: str = ""
    """The resource whose rows these are."""
    _bulk_values: dict[str, Any] = {}
    """What was typed in the form of a bulk action, as its operation takes it."""

    @property
    def filter_titles(self) -> Mapping[str, str]:  # type: ignore[override]  # by the address
        """What a filter is called on its chip, by its key in the address."""
        return description.filter_titles(self._described())

    @property
    def column_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # by the address
        """The columns that can be chosen."""
        return tuple(column["key"] for column in self._described().columns)

    @property
    def bulk_verbs(self) -> Mapping[str, str]:  # type: ignore[override]  # by the address
        """What was done, by action."""
        actions = self._service().actions
        return _PAST | {name: each.past.capitalize() for name, each in actions.items()}

    @property
    def bulk_harmless(self) -> frozenset[str]:  # type: ignore[override]  # by the address
        """Actions by which nothing is lost."""
        service = self._service()
        lost = {name for name, each in service.actions.items() if each.dangerous}
        if not service.resource.meta.trash:
            lost.add("delete")
        return frozenset(self.bulk_verbs) - lost - {"purge"}

    @property
    def bulk_nouns(self) -> tuple[str, str]:  # type: ignore[override]  # by the address
        """What one and several of the records are called."""
        noun = self._described()
        return noun.singular, noun.plural

    @rx.var
    def chips(self) -> list[dict[str, str]]:
        """The filters in force, as `{"key", "label", "value"}`."""
        titles = {each["key"]: each["title"] for each in self.filter_lines}
        titles |= {"filter": "Filter", "trashed": "Trash"}
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
        await self._load_views()
        self.trashed = self.filters.get("trashed") == "true"
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
        self._offer_bulk()
        meta = service.resource.meta
        counts = self._must_count()
        query = parse(meta.schemas.list_query, arguments | {"with_count": counts})
        async with runtime.operations(service) as records:
            page = await records.page(query)
        self.words = await self._in_words(meta.fields)
        self.columns = chosen
        self._show_rows([row_of(record, self.visible) for record in page])
        self.unfiltered = self._address(q="", **dict.fromkeys(self.filter_titles, ""))
        count = Count(page.total, page.total_is_exact) if page.total is not None else None
        self._show_place(
            len(page), page.previous_cursor, page.next_cursor, count if counts else None
        )

    @handler(SIGNED_IN)
    async def find_records(self, key: str, text: str) -> None:
        """Find records to filter by, or to refer to."""
        await self._look_for(key, text)

    @handler(SIGNED_IN)
    async def show_trash(self, shown: bool) -> Any:  # noqa: FBT001 - an event's argument
        """Show what was deleted, or what was not."""
        return rx.redirect(self._address(trashed="true" if shown else ""))

    # Filters

    @handler(SIGNED_IN)
    async def open_filter(self) -> None:
        """Show the filter in force, to be changed."""
        meta = self._service().resource.meta
        asked = self._asked()
        labels = await self._labels(asked)
        self.conditions = filtering.lines_of(meta, asked, labels) if asked else {}
        self.condition_errors, self.condition_error = {}, ""
        self.filtering = True

    @handler(SIGNED_IN)
    async def apply_filter(self, form: dict[str, Any]) -> Any:
        """Show what the form asks for."""
        try:
            text = filtering.filter_of(self._service().resource.meta, form)
        except Invalid as error:
            self.condition_errors = {key: str(words) for key, words in error.fields.items()}
            self.condition_error = self.condition_errors.pop("filter", "")
            return None
        self.filtering = False
        return rx.redirect(self._address(filter=text))

    @handler(SIGNED_IN)
    async def close_filter(self) -> None:
        """Leave the filter as it is."""
        self.filtering = False

    # Many at once

    @handler(SIGNED_IN)
    async def ask_bulk(self, name: str, field: str) -> None:
        """Ask for what an action needs to know, or show what it would change."""
        service = self._service()
        meta, action = service.resource.meta, service.actions.get(name)
        self.bulk_errors, self.bulk_error, self.bulk_form, self._bulk_values = {}, "", {}, {}
        if name == "update":
            fields = {field: meta.writable[field]} if field in meta.writable else {}
            title, sentence = "Change", ""
        else:
            fields = action.form.meta.fields if action is not None and action.form else {}
            title, sentence = (action.title, f"{action.sentence}.") if action else ("", "")
        if not fields:
            await self._preview(name)
            return
        self.bulk_fields = description.inputs(fields, description.starts(fields), fields)
        self.bulk_form = {"name": name, "title": title, "sentence": sentence}

    @handler(SIGNED_IN)
    async def fill_bulk(self, form: dict[str, Any]) -> None:
        """Check what an action was told, and show what it would change."""
        service = self._service()
        name = str(self.bulk_form.get("name", ""))
        asked = {str(each["name"]) for each in self.bulk_fields}
        meta, action = service.resource.meta, service.actions.get(name)
        known = action.form.meta.fields if action is not None and action.form else meta.writable
        fields = {key: known[key] for key in asked if key in known}
        schema = action.form.meta.schema if action and action.form else meta.schemas.update
        self.bulk_errors, self.bulk_error = {}, ""
        try:
            given = description.read_form(fields, form)
            parse(schema, given)
        except Invalid as error:
            self.bulk_errors = {key: str(each) for key, each in error.fields.items()}
            self.bulk_error = "" if self.bulk_errors else error.message
            return
        self._bulk_values = given
        self.bulk_form = {}
        await self._preview(name)

    @handler(SIGNED_IN)
    async def close_bulk_form(self) -> None:
        """Leave everything as it is."""
        self.bulk_form = {}

    @handler(SIGNED_IN)
    async def apply_bulk(self) -> Any:
        """Change some of the selected records; calls itself for the others."""
        service, name = self._service(), self.bulk_action
        if name not in self.bulk_verbs:
            return None
        takes_input = name == "update" or bool(
            name in service.actions and service.actions[name].form
        )

        async def change_one(record_id: UUID) -> None:
            given = [dict(self._bulk_values)] if takes_input else []
            async with runtime.operations(service) as records:
                await getattr(records, name)(record_id, *given)

        return await self._work(change_one, ResourceList.apply_bulk)

    async def _preview(self, name: str) -> None:
        service = self._service()
        meta = service.resource.meta
        chosen: Any = [found for found in map(parse_id, self.selected) if found]
        if self.all_selected:
            asked = {**self.filters, **({"q": self.search} if self.search else {})}
            chosen = parse(meta.schemas.list_query, asked)
        async with runtime.operations(service) as records:
            preview = await records.plan(name, chosen, frozenset(self._fields_to_change(name)))
        titles = {each["name"]: str(each["title"]).rstrip("…") for each in self.buttons}
        self.bulk_title = titles.get(name, "Change")
        self._show_preview(name, preview)

    def _fields_to_change(self, name: str) -> list[str]:
        return list(self._bulk_values) if name == "update" else []

    def _offer_bulk(self) -> None:
        """Offer what the person may do with several of these records."""
        noun, actions = self._described(), self._service().actions
        buttons = description.bulk_buttons(noun, actions, trashed=self.trashed)
        self.buttons = [_drawn(each) for each in buttons]
        may_change = noun.may.get("update", False) and not self.trashed
        self.changeable = [
            {"key": column["key"], "title": column["title"]}
            for column in noun.columns
            if may_change and column["changes"]
        ]

    def _forget_bulk(self) -> None:
        super()._forget_bulk()
        self.bulk_form, self._bulk_values = {}, {}

    def _path(self) -> str:
        return self._described().base

    def _own_columns(self) -> list[str]:
        noun = self._described()
        deleted = (
            ["deleted_at"] if any(each["key"] == "deleted_at" for each in noun.columns) else []
        )
        return [*description.default_columns(noun), *deleted]

    def _asked(self) -> Filter | None:
        """The filter in force; None for none."""
        text = self.filters.get("filter")
        return parse_filter(self._service().resource.meta, text) if text else None

    async def _labels(self, asked: Filter | None) -> dict[str, str]:
        """What the records are called that a filter asks for, by id; of the first few."""
        fields = self._service().resource.meta.fields
        labels: dict[str, str] = {}
        for each in conditions_in(asked) if asked else ():
            values = each.value if isinstance(each.value, list) else [each.value]
            for value in map(str, values if fields[each.field].kind == "reference" else ()):
                if len(labels) < _MOST_LABELS and value not in labels:
                    labels[value] = await label_by_id(fields[each.field], value)
        return labels

    async def _in_words(self, fields: Mapping[str, Field[Any]]) -> dict[str, str]:
        """What the filters in force ask for."""
        words = {}
        for line in self.filter_lines:
            key, value = line["key"], self.filters.get(line["key"])
            if value:
                titles = {each["value"]: each["label"] for each in line["options"]}
                words[key] = titles.get(value) or await label_by_id(fields[key], value)
        asked = self._asked()
        if asked:
            labels = await self._labels(asked)
            words["filter"] = filtering.in_words(self._service().resource.meta, asked, labels)
        if self.trashed:
            words["trashed"] = f"Deleted {self._described().plural}"
        return words


def _drawn(button: Button) -> dict[str, Any]:
    title = f"{button.title}…" if button.asks else button.title
    return {"name": button.name, "title": title, "dangerous": button.dangerous}

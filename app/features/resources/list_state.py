"""State of the drawn list: one for all resources."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from app.core.permissions import SIGNED_IN
from app.core.resources.fields import Field
from app.core.resources.resource import Resource
from app.features.resources import description
from app.features.resources.noun_state import NounState, label_by_id
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.list_state import Count, ListState


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
                words[key] = titles.get(value) or await label_by_id(fields[key], value)
        return words


def _row(record: Resource, names: list[str]) -> list[Any]:
    values, meta = vars(record), record.meta
    return [
        str(record.id),
        *(
            description.cell(meta, name, values[name]) if name in values else description.HIDDEN
            for name in names
        ),
    ]

"""What the states of all lists share.

The address is the truth: search, filters, sort and page are read from it and
changed in it, so a reload, a link and the back button just work.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import urlencode

import reflex as rx

from app.core.errors import PlatformError
from app.core.ids import parse_id
from app.core.paging import DEFAULT_SIZE, MAX_SIZE, Page
from app.core.permissions import SIGNED_IN
from app.core.record_list import RecordList
from app.ui.handlers import handler
from app.ui.page_state import PageState, Problem

_WIDTH = re.compile(r"([a-z0-9_]+)\.([0-9]{2,4})", re.ASCII)
_LEAST_WIDTH, _MOST_WIDTH = 64, 1000
"""What the edge of a column's head can be dragged to, in pixels."""


class _Counted(Protocol):
    @property
    def count(self) -> int: ...
    @property
    def is_exact(self) -> bool: ...


@dataclass(frozen=True)
class Count:
    """How many rows match."""

    count: int
    is_exact: bool = True
    """Whether these are all, or only as many as were counted."""


class ListState(PageState, mixin=True):
    """Base of a list page's state.

    A subclass names its path and filters, keeps its own typed `rows`, and loads
    them in a handler of its own between `_read_address` and `_show_page`.
    """

    if TYPE_CHECKING:
        rows: list[Any]

    path: ClassVar[str]
    filter_titles: ClassVar[Mapping[str, str]] = {}
    """What a filter is called on its chip, by its key in the address."""
    column_keys: ClassVar[tuple[str, ...]] = ()
    """The columns that can be chosen, in their own order; the first cannot be hidden."""

    search: str = ""
    sort: str = ""
    filters: dict[str, str] = {}
    page_size: int = DEFAULT_SIZE
    first: int = 0
    """Number of the first row shown; 0 when there is none."""
    last: int = 0
    total: int = 0
    total_is_exact: bool = True
    next_address: str = ""
    """The page after this one; empty on the last."""
    previous_address: str = ""
    loading: bool = True
    compact: bool = False
    visible: list[str] = []
    """Keys of the columns shown, in order."""
    widths: dict[str, int] = {}
    """Widths in pixels by column, of those that were changed."""
    view_id: str = ""
    """The saved view that the address names; see the views feature."""
    selected: list[str] = []
    all_selected: bool = False
    """Everything that matches is selected, beyond this page."""
    _keeps_selection: bool = False
    _counted: tuple[str, dict[str, str]] | None = None
    """The search and filters whose rows `total` has counted."""
    _cursor: str = ""
    """Of the page that was shown last."""

    @rx.var
    def chips(self) -> list[dict[str, str]]:
        """The filters in force, as `{"key", "label", "value"}`."""
        chips = [
            {"key": key, "label": self.filter_titles[key], "value": value}
            for key, value in self.filters.items()
        ]
        if self.search:
            chips.insert(0, {"key": "q", "label": "Search", "value": self.search})
        return chips

    @rx.var
    def narrowed(self) -> str:
        """Search, filters and sort as a query string: what an export has to follow."""
        wanted = {"q": self.search, **self.filters, "sort": self.sort}
        return urlencode({key: value for key, value in wanted.items() if value})

    def _read_address(self) -> dict[str, Any]:
        """Take search, filters, sort and page from the address.

        Returns:
            The arguments of the list's query.
        """
        given = dict(self.router.url.query_parameters)
        self.search = given.get("q", "")
        self.sort = given.get("sort", "")
        self.filters = {key: given[key] for key in self.filter_titles if given.get(key)}
        size = given.get("limit", "")
        self.page_size = (
            min(max(int(size), 1), MAX_SIZE) if size.isdecimal() and len(size) < 6 else DEFAULT_SIZE  # noqa: PLR2004 - digits
        )
        self.compact = given.get("density") == "compact"
        self.visible = self._columns_in(given.get("columns", ""))
        self.widths = self._widths_in(given.get("widths", ""))
        view_id = parse_id(given.get("view", ""))
        self.view_id = str(view_id) if view_id else ""
        if not self._keeps_selection:
            self._select_nothing()
        self._keeps_selection = False
        self.problem = Problem()
        arguments: dict[str, Any] = {"limit": self.page_size, **self.filters}
        place = {"q": self.search, "sort": self.sort, "cursor": given.get("cursor", "")}
        return arguments | {key: value for key, value in place.items() if value}

    def _must_count(self) -> bool:
        """Whether it is not known how many rows match.

        Going on in a list changes nothing of it; the same page again may follow a change.
        """
        cursor = self.router.url.query_parameters.get("cursor", "")
        goes_on = cursor not in ("", self._cursor)
        return not goes_on or self._counted != (self.search, self.filters)

    def _show_rows(self, rows: list[Any]) -> None:
        """Show these rows; the same as before are not sent and drawn once more."""
        if rows != self.rows:
            self.rows = rows

    def _show_page(self, page: Page[Any] | RecordList[Any], counted: "_Counted | None") -> None:
        """Show where in the list this page is.

        Args:
            page: The rows.
            counted: How many match; None when that is known, see `_must_count`.
        """
        rows = len(page) if isinstance(page, RecordList) else len(page.items)
        self._show_place(rows, page.previous_cursor, page.next_cursor, counted)

    def _show_place(
        self, rows: int, previous: str | None, following: str | None, counted: "_Counted | None"
    ) -> None:
        """The same, of a page with so many rows between these cursors."""
        given = self.router.url.query_parameters
        self._cursor = given.get("cursor", "")
        start = given.get("from", "1")
        begins = int(start) if start.isdecimal() and len(start) < 10 else 1  # noqa: PLR2004 - digits
        if previous is None:
            begins = 1
        self.first = begins if rows else 0
        self.last = begins + rows - 1 if rows else 0
        if counted is not None:
            self.total, self.total_is_exact = counted.count, counted.is_exact
            self._counted = (self.search, dict(self.filters))
        self.total = max(self.total, self.last)
        self.next_address = self._address_of(following, self.last + 1)
        before = max(1, self.first - self.page_size)
        self.previous_address = self._address_of(previous, before)
        self.loading = False

    async def _show_problem(self, error: PlatformError) -> Any:
        """A list that could not be loaded says so in its place."""
        if self.loading:
            self.loading = False
            # Rows of another search below an error would be taken for what was asked for.
            self.rows = []
            self._select_nothing()
            self._show_page_problem(error)
            return None
        return await super()._show_problem(error)

    def _look(self) -> dict[str, object]:
        """How the list is narrowed, sorted and laid out, as parameters of its address."""
        widths = [f"{key}.{width}" for key, width in sorted(self.widths.items())]
        look: dict[str, object] = {
            "q": self.search,
            **self.filters,
            "sort": self.sort,
            "limit": "" if self.page_size == DEFAULT_SIZE else self.page_size,
            "density": "compact" if self.compact else "",
            "columns": "" if self._has_all_columns() else ",".join(self.visible),
            "widths": "~".join(widths),
        }
        return {key: value for key, value in look.items() if value != ""}

    def _address(self, **changes: object) -> str:
        """The address of this list with some parameters changed; empty ones disappear."""
        parameters = self._look() | {"view": self.view_id} | changes
        query = urlencode({key: value for key, value in parameters.items() if value != ""})
        return f"{self._path()}?{query}" if query else self._path()

    def _path(self) -> str:
        """Where the list is; a list of a record says whose."""
        return self.path

    def _address_of(self, cursor: str | None, first: int) -> str:
        """The address of the page that a cursor names; empty when there is none."""
        return self._address(cursor=cursor, **{"from": first}) if cursor else ""

    def _same_page(self) -> Any:
        """Put how the list looks into the address, on the page where it is."""
        self._keeps_selection = True
        given = self.router.url.query_parameters
        place = {key: given.get(key, "") for key in ("cursor", "from")}
        return rx.redirect(self._address(**place), replace=True)

    def _columns_in(self, text: str) -> list[str]:
        """The columns that a text names, always with the first; all of them when it names none."""
        keys = self.column_keys
        known = [key for key in dict.fromkeys(text.split(",")) if key in keys]
        if not known:
            return self._own_columns()
        first = keys[0]
        return known if first in known else [first, *known]

    def _widths_in(self, text: str) -> dict[str, int]:
        """The widths that a text names, e.g. `email.240~status.90`, within what can be drawn."""
        keys, found = self.column_keys, filter(None, map(_WIDTH.fullmatch, text.split("~")))
        return {
            match[1]: min(max(int(match[2]), _LEAST_WIDTH), _MOST_WIDTH)
            for match in found
            if match[1] in keys
        }

    def _select_nothing(self) -> None:
        self.selected = []
        self.all_selected = False

    def _has_all_columns(self) -> bool:
        return list(self.visible) == self._own_columns()

    def _own_columns(self) -> list[str]:
        """The columns that are shown as long as nobody chooses others."""
        return list(self.column_keys)

    @handler(SIGNED_IN)
    async def search_for(self, text: str) -> Any:
        """Search; typing on replaces the address instead of filling the history."""
        text = text.strip()[:200]
        if text == self.search:
            return None
        # At once: who goes on typing, or clears the field, is compared with this.
        self.search = text
        return rx.redirect(self._address(), replace=True)

    @handler(SIGNED_IN)
    async def start_over(self) -> Any:
        """Leave out of the address whatever narrows, sorts or pages: it cannot be read."""
        nothing = dict.fromkeys(("q", "sort", "limit", "view", *self.filter_titles), "")
        return rx.redirect(self._address(**nothing))

    @handler(SIGNED_IN)
    async def toggle_compact(self) -> Any:
        """Switch between 40 and 32 px rows."""
        self.compact = not self.compact
        return self._same_page()

    @handler(SIGNED_IN)
    async def toggle_column(self, key: str, shown: bool) -> Any:  # noqa: FBT001 - an event's argument
        """Show a column at the end, or hide it."""
        others = [column for column in self.visible if column != key]
        self.visible = self._columns_in(",".join([*others, key] if shown else others))
        return self._same_page()

    @handler(SIGNED_IN)
    async def move_column(self, key: str, by: int) -> Any:
        """Move a column one place earlier (-1) or later (1)."""
        columns = list(self.visible)
        if key not in columns:
            return None
        place = columns.index(key)
        other = place + (1 if by > 0 else -1)
        if not 0 <= other < len(columns):
            return None
        columns[place], columns[other] = columns[other], columns[place]
        self.visible = columns
        return self._same_page()

    @handler(SIGNED_IN)
    async def reset_columns(self) -> Any:
        """Show all columns in their own order and width."""
        self.visible = self._own_columns()
        self.widths = {}
        return self._same_page()

    @handler(SIGNED_IN)
    async def resize_column(self, key: str, pixels: int) -> Any:
        """Give a column another width."""
        if key not in self.column_keys:
            return None
        self.widths = {**self.widths, key: min(max(int(pixels), _LEAST_WIDTH), _MOST_WIDTH)}
        return self._same_page()

    @handler(SIGNED_IN)
    async def select(self, ids: list[str], chosen: bool) -> None:  # noqa: FBT001 - an event's argument
        """Select rows, or take them out of the selection."""
        others = [one for one in self.selected if one not in ids]
        self.selected = [*others, *ids][:MAX_SIZE] if chosen else others
        self.all_selected = False

    @handler(SIGNED_IN)
    async def select_all(self) -> None:
        """Select everything that matches, also what other pages show."""
        self.all_selected = bool(self.rows)

    @handler(SIGNED_IN)
    async def clear_selection(self) -> None:
        """Select nothing."""
        self._select_nothing()

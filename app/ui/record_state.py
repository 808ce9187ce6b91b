"""What the states of all records share.

A record can be missing, be deleted while its page is open, and be changed by two people at once.
"""

from typing import Any, ClassVar
from uuid import UUID

from app.core.errors import NotFound, PlatformError
from app.core.ids import new_id
from app.ui.page_state import PageState
from app.ui.record_tabs import record_id, record_tabs


class EditState(PageState, mixin=True):
    """Base of a state in which two people may change the same thing at once.

    A subclass keeps in `_loaded` what its form started from, and in `_submitted` what it sent.
    """

    conflict: str = ""
    conflict_fields: list[dict[str, str]] = []
    """What differs, as `{"field", "theirs", "yours"}`."""
    discarded: str = ""
    """Another one each time when the person drops what they typed."""
    _loaded: dict[str, Any] = {}
    """The facts as the form started from them."""
    _version: str = ""
    """The version that they are of."""
    _submitted: dict[str, Any] = {}
    """The facts that the form sent."""
    _based_on: str = ""
    """The version that the form started from."""

    def _discard(self) -> None:
        """Have the form drop what was typed."""
        self.conflict = ""
        self.discarded = new_id().hex

    def _own_changes(self) -> dict[str, Any]:
        """What the person changed, of all that the form sent; None for what they took away."""
        loaded = self._loaded if self._based_on == self._version else {}
        return {
            key: self._submitted.get(key)
            for key in loaded | self._submitted
            if self._submitted.get(key) != loaded.get(key)
        }

    def _differs(self, saved: dict[str, Any]) -> bool:
        """Whether somebody else's change, saved meanwhile, is another one than the person's."""
        return any(value != saved.get(key) for key, value in self._own_changes().items())

    def _facts_in_conflict(self, saved: dict[str, Any]) -> list[tuple[str, Any, Any]]:
        """What the two changed: the fact, theirs and one's own; `...` where one changed nothing."""
        own = self._own_changes()
        return [
            (key, saved.get(key), own.get(key, ...))
            for key in saved | self._loaded | own
            if (key in own and own[key] != saved.get(key))
            or (key not in own and saved.get(key) != self._loaded.get(key))
        ]


class RecordState(EditState, mixin=True):
    """Base of a record page's state.

    A subclass reads and shows its record in `_read`.
    """

    route: ClassVar[str]
    """Of the record's own page, e.g. `/users/[user_id]`."""
    first_tab: ClassVar[str] = "Details"
    nothing: ClassVar[tuple[str, str]]
    """Code and message of the error when there is no such record."""

    tabs: list[dict[str, str]] = []
    missing: bool = False
    gone: bool = False
    """Whether the record was deleted while the page was open."""
    shown_id: str = ""
    """Of the record that the page shows; another one than the address names until it has come."""

    async def _read(self, found: UUID) -> None:
        """Read and show the record with this id."""
        raise NotImplementedError

    async def _load(self) -> None:
        """Load the record that the address names."""
        self._reset_messages()
        found = self._id()
        self.missing = found is None
        if found is None:
            return
        try:
            await self._read(found)
        except NotFound:
            self.missing = True

    def _show_record(self, shown: UUID, version: int, facts: dict[str, Any]) -> None:
        """Remember what is shown, and offer the pages of the record."""
        self.shown_id, self._version, self._loaded = str(shown), str(version), facts
        self.tabs = record_tabs(self.route, f"{self._base()}/{shown}", first=self.first_tab)

    def _base(self) -> str:
        """Where the list of these records is."""
        return self.route.rpartition("/")[0]

    def _based(self, form: dict[str, Any]) -> int:
        """The version that a form started from, also when the server has forgotten the tab."""
        version = str(form.get("version", ""))
        self._based_on = version if version.isdecimal() else self._version or "0"
        return int(self._based_on)

    async def _show_problem(self, error: PlatformError) -> Any:
        """A record that is no more says so in its place; what was typed stays to be copied."""
        if isinstance(error, NotFound) and self.shown_id:
            self._reset_messages()
            self.gone = True
            return None
        return await super()._show_problem(error)

    def _reset_messages(self) -> None:
        self._clear_form_problem()
        self.missing = self.gone = False
        self.conflict = ""

    def _id(self) -> UUID | None:
        return record_id(self.router.url.path)

    def _known_id(self) -> UUID:
        """The record that the address names: the server may have forgotten what the tab shows.

        Raises:
            NotFound: It names none.
        """
        found = self._id()
        if found is None:
            raise NotFound(*self.nothing)
        return found

"""What the states of lists share whose rows can be changed many at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from app.core.bulk import BulkPreview
from app.core.errors import PlatformError
from app.core.permissions import SIGNED_IN
from app.ui.handlers import handler
from app.ui.list_state import ListState
from app.ui.page_state import undoable_entries

SLICE_SECONDS = 0.25
"""How long one event works; in between the person sees how far it is, and can stop it."""

DEFECT = 500
"""From this status on an error is not about the one thing that was to be changed."""


class BulkListState(ListState, mixin=True):
    """A list with bulk actions.

    A subclass names its actions, and has a handler that shows a preview by
    `_show_preview` and one that returns what `_work` returns: it is called again
    and again until all is done.
    """

    bulk_verbs: ClassVar[Mapping[str, str]] = {}
    """What was done, by action: `{"suspend": "Suspended"}`."""
    bulk_harmless: ClassVar[frozenset[str]] = frozenset()
    """Actions by which nobody loses anything."""
    bulk_nouns: ClassVar[tuple[str, str]] = ("row", "rows")
    """What one and several of the things are called."""
    if TYPE_CHECKING:
        load: ClassVar[Any]

    bulk_action: str = ""
    """What is asked or under way; empty when nothing is."""
    bulk_is_harmless: bool = False
    bulk_count: int = 0
    bulk_names: list[str] = []
    """The first few of those that change."""
    bulk_skipped: list[str] = []
    """Who is left alone and why, a sentence each."""
    bulk_is_cut: bool = False
    bulk_working: bool = False
    bulk_done: int = 0
    _bulk_ids: list[UUID] = []
    _bulk_refused: dict[str, int] = {}
    """How often which error came up."""
    _bulk_entries: list[UUID] = []
    """What the audit trail has of it, to be taken back; those who may not have none."""

    def _show_preview(self, action: str, preview: BulkPreview) -> None:
        """Ask whether to do it; an action without a verb is none."""
        if action not in self.bulk_verbs:
            return
        self._bulk_ids = preview.ids
        self._bulk_refused, self._bulk_entries = {}, []
        self.bulk_is_harmless = action in self.bulk_harmless
        self.bulk_count = preview.changed.count
        self.bulk_names = preview.changed.names
        self.bulk_skipped = [
            f"{group.count:,} skipped, {reason}: {group.in_words}."
            for reason, group in preview.skipped.items()
        ]
        self.bulk_is_cut = preview.is_cut
        self.bulk_done = 0
        self.bulk_action = action

    async def _work(self, change: Callable[[UUID], Awaitable[object]], again: Any) -> Any:
        """Change some of them, each in a unit of work of its own.

        Args:
            change: Changes one.
            again: The handler that calls this.

        Returns:
            The event that comes next.
        """
        if not self.bulk_action:
            return None
        self.bulk_working = True
        end = time.monotonic() + SLICE_SECONDS
        ids = list(self._bulk_ids)
        while ids:
            try:
                await change(ids.pop(0))
            except PlatformError as error:
                if error.status >= DEFECT:
                    raise
                refused = self._bulk_refused
                self._bulk_refused = {**refused, error.message: refused.get(error.message, 0) + 1}
            self.bulk_done += 1
            # Others have their turn.
            await asyncio.sleep(0)
            if time.monotonic() >= end:
                break
        self._bulk_ids = ids
        self._bulk_entries = [*self._bulk_entries, *undoable_entries()]
        return again if ids else await self._end_bulk()

    async def _end_bulk(self) -> Any:
        """Say what was done, also when it was stopped, and load the list anew."""
        changed = self.bulk_done - sum(self._bulk_refused.values())
        left = len(self._bulk_ids)
        if changed or left:
            noun = self.bulk_nouns[changed != 1]
            words = f"{self.bulk_verbs[self.bulk_action]} {changed:,} {noun}"
            said = f"{words}; stopped before {left:,} more." if left else f"{words}."
            await self._say(said, entries=self._bulk_entries)
        for message, count in self._bulk_refused.items():
            await self._say(f"{count:,} skipped: {message}", kind="danger")
        self._forget_bulk()
        return type(self).load

    def _forget_bulk(self) -> None:
        self._bulk_ids, self._bulk_refused, self._bulk_entries = [], {}, []
        self.bulk_action, self.bulk_working = "", False

    def _read_address(self) -> dict[str, Any]:
        if not self.bulk_working:
            self._forget_bulk()
        return super()._read_address()

    async def _show_problem(self, error: PlatformError) -> Any:
        if self.bulk_working:
            self._forget_bulk()
        return await super()._show_problem(error)

    @handler(SIGNED_IN)
    async def cancel_bulk(self) -> Any:
        """Leave everything as it is, or, when it is under way, the rest."""
        if self.bulk_working:
            return await self._end_bulk()
        self._forget_bulk()
        return None

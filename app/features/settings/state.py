"""State of the settings' page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from app.features.settings.permissions import SettingPermission
from app.features.settings.service import SettingService
from app.ui import runtime
from app.ui.handlers import handler
from app.ui.page_state import PageState

SETTINGS = "/settings"
_LONGEST = 100


@dataclass
class SettingRow:
    """A setting as one line of a table."""

    id: str
    value: str
    variable: str


class SettingList(PageState, rx.State):
    """All settings."""

    loading: bool = True
    search: str = ""
    rows: list[SettingRow] = []

    @handler(SettingPermission.READ)
    async def load(self) -> None:
        """List the settings that match the search in the address."""
        self.search = str(self.router.url.query_parameters.get("q", "")).strip()[:_LONGEST]
        async with runtime.operations(SettingService) as settings:
            found = await settings.all()
        words = self.search.lower().split()
        self.rows = [
            SettingRow(each.name, _text(each.value), each.variable)
            for each in found
            if all(word in f"{each.name} {each.variable}".lower() for word in words)
        ]
        self.loading = False

    @handler(SettingPermission.READ)
    async def search_for(self, text: str) -> Any:
        """Put the search into the address."""
        asked = urlencode({"q": text[:_LONGEST]}) if text else ""
        return rx.redirect(f"{SETTINGS}?{asked}".rstrip("?"), replace=True)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)

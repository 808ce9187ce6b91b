"""State of the settings' page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from app.core.search import is_found, search_text
from app.features.settings.permissions import SettingPermission
from app.features.settings.schemas import SettingRead
from app.features.settings.service import SettingService
from app.setting_facts import quantity
from app.ui import runtime
from app.ui.handlers import handler
from app.ui.page_state import PageState

SETTINGS = "/settings"
_SOURCES = {
    "default": "Default",
    "file": "File",
    "environment": "Environment",
    "generated": "Generated",
    "start": "Program",
}
_LONGEST = 100


@dataclass
class SettingRow:
    """A setting as one line of a table."""

    id: str
    value: str
    exact: str
    """The number itself, where the value is written in a larger unit."""
    source: str
    place: str
    description: str
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
        self.rows = [
            _row(each)
            for each in found
            if not self.search
            or is_found(search_text(each.name, each.variable, each.description), self.search)
        ]
        self.loading = False

    @handler(SettingPermission.READ)
    async def search_for(self, text: str) -> Any:
        """Put the search into the address."""
        asked = urlencode({"q": text[:_LONGEST]}) if text else ""
        return rx.redirect(f"{SETTINGS}?{asked}".rstrip("?"), replace=True)


def _row(setting: SettingRead) -> SettingRow:
    value, unit = setting.value, setting.unit
    is_quantity = bool(unit) and isinstance(value, int | float)
    text = quantity(float(str(value)), unit) if is_quantity else _text(value)
    return SettingRow(
        id=setting.name,
        value=text,
        exact=f"{value:,} bytes" if unit == "bytes" else "",
        source=_SOURCES[setting.source],
        place=setting.place,
        description=setting.description,
        variable=setting.variable,
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)

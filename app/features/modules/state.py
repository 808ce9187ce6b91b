"""State of the modules' page."""

from dataclasses import dataclass

import reflex as rx

from app.features.modules.permissions import ModulePermission
from app.features.modules.service import ModuleService
from app.ui import runtime
from app.ui.handlers import handler
from app.ui.page_state import PageState


@dataclass
class ModuleRow:
    """A module as one line of a table."""

    id: str
    permissions: str
    pages: str
    routes: int
    jobs: str


class ModuleList(PageState, rx.State):
    """What is installed."""

    loading: bool = True
    rows: list[ModuleRow] = []

    @handler(ModulePermission.READ)
    async def load(self) -> None:
        """List all modules."""
        async with runtime.operations(ModuleService) as modules:
            found = await modules.all()
        self.rows = [
            ModuleRow(
                each.id,
                ", ".join(each.permissions),
                ", ".join(each.pages),
                each.routes,
                ", ".join(each.jobs),
            )
            for each in found
        ]
        self.loading = False

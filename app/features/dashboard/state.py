"""State of the overview."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import reflex as rx

from app.core.errors import PlatformError, Unauthenticated
from app.core.log import get_logger
from app.core.module import Tile
from app.core.permissions import SIGNED_IN
from app.features.audit.permissions import AuditPermission
from app.features.audit.schemas import AuditListQuery
from app.features.audit.service import AuditService
from app.features.audit.words import EntryRow, entry_row
from app.features.dashboard.permissions import DashboardPermission
from app.features.dashboard.service import SIGN_INS, DashboardService
from app.features.users.permissions import UserPermission
from app.ui import runtime
from app.ui.handlers import handler
from app.ui.page_state import PageState, Problem

log = get_logger(__name__)

_ENTRIES = 8


@dataclass
class ComponentRow:
    """One component's health."""

    name: str
    state: str
    detail: str


@dataclass
class TileRow:
    """A module's number."""

    title: str
    number: str
    sentence: str
    mood: str
    """`good`, `bad` or empty."""
    path: str


class Overview(PageState, rx.State):
    """The numbers of the overview; each part is loaded only for those who may see it."""

    loading: bool = True
    active_users: str = ""
    suspended: str = ""
    people: int = 0
    people_by_day: list[int] = []
    sign_ins: int = 0
    failures: int = 0
    failure_rate: str = ""
    days: list[dict[str, str | int]] = []
    failed_href: str = ""
    """Addresses of the lists that explain the numbers."""
    succeeded_href: str = ""
    sign_ins_href: str = "/audit"
    denied: int = 0
    components: list[ComponentRow] = []
    is_healthy: bool = True
    recent: list[EntryRow] = []
    tiles: list[TileRow] = []
    """What modules show."""

    @handler(SIGNED_IN)
    async def load(self) -> None:
        """Load all parts the person may see."""
        self.problem, self.loading = Problem(), True
        await self._load()

    @handler(SIGNED_IN)
    async def refresh(self) -> None:
        """Load all parts anew while somebody looks on; what cannot be had now comes next time."""
        if self.loading or self.problem.message:
            return
        try:
            await self._load()
        except Unauthenticated:
            raise
        except PlatformError as error:
            log.info("dashboard.refresh_failed", code=error.code)

    async def _load(self) -> None:
        may = runtime.caller().actor.may
        async with runtime.operations(DashboardService) as dashboard:
            if may(UserPermission.READ):
                numbers = await dashboard.users()
                self.active_users = f"{numbers.active:,}" + ("" if numbers.is_exact else "+")
                self.suspended = f"{numbers.suspended:,} suspended" if numbers.suspended else ""
            if may(AuditPermission.READ):
                await self._load_activity(dashboard)
            else:
                entries = await dashboard.own_activity()
                self.recent = [entry_row(entry) for entry in entries]
            if may(DashboardPermission.HEALTH):
                await self._load_health(dashboard)
        if may(AuditPermission.READ):
            async with runtime.operations(AuditService) as audit:
                page = await audit.page(AuditListQuery(reads="none", limit=_ENTRIES))
            self.recent = [entry_row(entry) for entry in page.items]
        tiles = [tile for tile in runtime.current().registry.tiles if may(tile.permission)]
        self.tiles = [await _tile_row(tile) for tile in tiles]
        self.loading = False

    @handler(DashboardPermission.HEALTH)
    async def check_health(self) -> None:
        """Ask the components once more."""
        async with runtime.operations(DashboardService) as dashboard:
            await self._load_health(dashboard)
        await self._say(
            "All components answer." if self.is_healthy else "A component is down.",
            kind="success" if self.is_healthy else "danger",
        )

    async def _load_activity(self, dashboard: DashboardService) -> None:
        activity = await dashboard.activity()
        self.days = [
            {"label": _short(day.day), "succeeded": day.succeeded, "failed": day.failed}
            for day in activity.days
        ]
        self.people = activity.people
        self.people_by_day = [day.people for day in activity.days]
        self.sign_ins = sum(day.succeeded for day in activity.days)
        self.failures = sum(day.failed for day in activity.days)
        tried = self.sign_ins + self.failures
        self.failure_rate = f"{self.failures / tried:.0%} of all attempts" if tried else ""
        explained = f"/audit?action={','.join(SIGN_INS)}&since={activity.days[0].day}"
        self.sign_ins_href = explained
        self.succeeded_href = f"{explained}&outcome=succeeded"
        self.failed_href = f"{explained}&outcome=failed"
        self.denied = activity.denied

    async def _load_health(self, dashboard: DashboardService) -> None:
        components = await dashboard.health()
        self.components = [
            ComponentRow(
                name=component.name.capitalize(),
                state=component.state,
                detail=component.problem or f"{component.milliseconds:.1f} ms",
            )
            for component in components
        ]
        self.is_healthy = all(component.state == "up" for component in components)

    async def _show_problem(self, error: PlatformError) -> Any:
        """Numbers that could not be loaded are not shown at all."""
        if not self.loading or isinstance(error, Unauthenticated):
            return await super()._show_problem(error)
        self.loading = False
        self._show_page_problem(error)
        return None


async def _tile_row(tile: Tile) -> TileRow:
    """A module's number; one that fails is reported, and the others are shown."""
    try:
        async with runtime.unit() as unit:
            value = await tile.value(unit)
    except PlatformError as error:
        return TileRow(tile.title, "?", error.message, "", tile.path)
    except Exception as error:  # noqa: BLE001 - published; the others are shown
        runtime.publish(error, event="dashboard.tile_failed", permission=tile.permission)
        return TileRow(tile.title, "?", "Could not be counted.", "", tile.path)
    number = f"{value.number:,}" if isinstance(value.number, int) else value.number
    mood = "" if value.good is None else "good" if value.good else "bad"
    return TileRow(tile.title, number, value.sentence, mood, tile.path)


def _short(day: str) -> str:
    """*21 Nov* for `2026-11-21`."""
    return f"{date.fromisoformat(day):%d %b}".lstrip("0")

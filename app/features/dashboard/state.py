"""State of the overview."""

from dataclasses import dataclass

import reflex as rx

from app.core.permissions import SIGNED_IN
from app.features.audit.permissions import AuditPermission
from app.features.audit.schemas import AuditListQuery
from app.features.audit.service import AuditService
from app.features.dashboard.service import DashboardService
from app.features.users.permissions import UserPermission
from app.ui import runtime
from app.ui.handlers import handler
from app.ui.page_state import PageState


@dataclass
class RecentRow:
    """A line of the audit trail."""

    id: str
    at: str
    action: str
    outcome: str
    actor: str
    target: str


class Overview(PageState, rx.State):
    """The numbers of the overview; each part is loaded only for those who may see it."""

    users: str = ""
    suspended: int = 0
    denied: int = 0
    sign_ins_total: int = 0
    failures_total: int = 0
    sign_ins: list[dict[str, str | int]] = []
    recent: list[RecentRow] = []

    @handler(SIGNED_IN)
    async def load(self) -> None:
        """Load all parts the person may see."""
        may = runtime.caller().actor.may
        if may(UserPermission.READ):
            async with runtime.operations(DashboardService) as dashboard:
                count, is_exact, self.suspended = await dashboard.users()
            self.users = f"{count:,}" if is_exact else f"{count:,}+"
        if may(AuditPermission.READ):
            async with runtime.operations(DashboardService) as dashboard:
                days, self.denied = await dashboard.activity()
            self.sign_ins = [
                {"day": day.day, "succeeded": day.succeeded, "failed": day.failed} for day in days
            ]
            self.sign_ins_total = sum(day.succeeded for day in days)
            self.failures_total = sum(day.failed for day in days)
            async with runtime.operations(AuditService) as audit:
                page = await audit.page(AuditListQuery(limit=8))
            self.recent = [
                RecentRow(
                    id=str(entry.id),
                    at=entry.at.isoformat(),
                    action=entry.action,
                    outcome=entry.outcome,
                    actor=entry.actor_name,
                    target=entry.target_label or entry.target_id,
                )
                for entry in page.items
            ]

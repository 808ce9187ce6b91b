"""Small words about something: a kind, a count, a status."""

from collections.abc import Mapping
from typing import Literal

import reflex as rx

from components.icon import icon as draw_icon
from components.values import Text, class_names

Tone = Literal["neutral", "accent", "success", "warning", "danger", "info"]


def badge(label: Text, *, tone: Tone = "neutral", icon: str | None = None) -> rx.Component:
    """Mark something with a word.

    Args:
        label: One or two words.
        tone: What it means; the word says it too.
        icon: Lucide name, drawn before the word.
    """
    return rx.el.span(
        draw_icon(icon, size="xs") if icon else rx.fragment(),
        rx.el.span(label),
        class_name=class_names("badge", f"badge-{tone}"),
    )


STATUSES: Mapping[str, tuple[str, Tone, str]] = {
    "active": ("Active", "success", "circle_check"),
    "enabled": ("Enabled", "success", "circle_check"),
    "published": ("Published", "success", "circle_check"),
    "succeeded": ("Succeeded", "success", "circle_check"),
    "healthy": ("Healthy", "success", "circle_check"),
    "delivered": ("Delivered", "success", "circle_check"),
    "invited": ("Invited", "info", "mail"),
    "scheduled": ("Scheduled", "info", "clock"),
    "running": ("Running", "info", "loader_circle"),
    "queued": ("Queued", "neutral", "clock"),
    "pending": ("Pending", "neutral", "clock"),
    "draft": ("Draft", "neutral", "pencil"),
    "archived": ("Archived", "neutral", "archive"),
    "disabled": ("Disabled", "neutral", "circle_minus"),
    "cancelled": ("Cancelled", "neutral", "circle_slash"),
    "expired": ("Expired", "neutral", "circle_slash"),
    "revoked": ("Revoked", "neutral", "circle_slash"),
    "suspended": ("Suspended", "warning", "pause"),
    "locked": ("Locked", "warning", "lock"),
    "degraded": ("Degraded", "warning", "triangle_alert"),
    "retrying": ("Retrying", "warning", "rotate_cw"),
    "denied": ("Denied", "danger", "shield_x"),
    "failed": ("Failed", "warning", "circle_x"),
    "down": ("Down", "danger", "circle_x"),
}
"""Words, tone and icon of the statuses the platform knows."""


def status_badge(
    status: Text, statuses: Mapping[str, tuple[str, Tone, str]] = STATUSES
) -> rx.Component:
    """Show a status by icon and word.

    Args:
        status: A key of `statuses`; another text is shown as it is.
        statuses: `(words, tone, icon)` by key, when a feature has statuses of its own; giving only
            those that can occur keeps the page small.
    """
    if isinstance(status, rx.Var):
        cases = [
            (key, badge(words, tone=tone, icon=sign))
            for key, (words, tone, sign) in statuses.items()
        ]
        return rx.match(status, *cases, badge(status))
    if status not in statuses:
        return badge(status)
    words, tone, sign = statuses[status]
    return badge(words, tone=tone, icon=sign)

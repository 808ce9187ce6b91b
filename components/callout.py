"""A sentence that must not be missed, in the flow of the page."""

from typing import Literal

import reflex as rx

from components.icon import icon
from components.values import Content, Text, class_names

_ICONS = {
    "info": "info",
    "success": "circle_check",
    "warning": "triangle_alert",
    "danger": "circle_alert",
}


def callout(
    *content: Content,
    title: Text | None = None,
    tone: Literal["info", "success", "warning", "danger"] = "info",
    action: rx.Component | None = None,
    announce: bool = False,
) -> rx.Component:
    """Tell something that matters here and now.

    Args:
        *content: The sentence.
        title: A few strong words before it.
        tone: What it means.
        action: A button or link that helps.
        announce: Read it aloud when it appears, for messages that come after an action.
    """
    return rx.el.div(
        icon(_ICONS[tone]),
        rx.el.div(
            rx.el.p(title, class_name="callout-title") if title is not None else rx.fragment(),
            rx.el.div(*content, class_name="callout-text") if content else rx.fragment(),
            class_name="callout-words",
        ),
        action or rx.fragment(),
        class_name=class_names("callout", f"callout-{tone}"),
        custom_attrs={"role": "alert" if tone == "danger" else "status"} if announce else {},
    )

"""What happened, newest first: audit entries, activity of a record."""

from typing import Literal

import reflex as rx

from components.avatar import avatar
from components.badge import STATUSES
from components.icon import icon as draw_icon
from components.relative_time import relative_time
from components.values import Content, Text, attributes


def _mark(words: str, tone: str, sign: str) -> rx.Component:
    return rx.el.span(draw_icon(sign, size="xs"), words, class_name=f"outcome outcome-{tone}")


def timeline(*entries: Content, label: Text = "Activity") -> rx.Component:
    """Line up entries.

    Args:
        *entries: `timeline_entry(…)` each, or a `rx.foreach` of them.
        label: Name of the list for assistive technology.
    """
    return rx.el.ol(*entries, class_name="timeline", custom_attrs={"aria-label": label})


def timeline_entry(
    who: Text,
    what: Content,
    when: Text,
    *details: Content,
    outcome: Literal["succeeded", "denied", "failed"] | rx.Var[str] = "succeeded",
    icon: str | None = None,
    key: Text | None = None,
) -> rx.Component:
    """Say who did what, and when.

    Args:
        who: Name of the actor.
        what: *changed the role of Kim Doe*.
        when: ISO 8601 time.
        *details: Below the sentence, such as a `diff_view`.
        outcome: Denied and failed are marked by icon and word.
        icon: Lucide name instead of the initials, for what no person did.
        key: Identity of the entry when it comes from a list that grows.
    """
    marks = {key: _mark(*STATUSES[key]) for key in ("denied", "failed")}
    mark = (
        rx.match(outcome, *marks.items(), rx.fragment())
        if isinstance(outcome, rx.Var)
        else marks.get(outcome, rx.fragment())
    )
    return rx.el.li(
        rx.el.span(draw_icon(icon, size="s"), class_name="avatar timeline-icon")
        if icon
        else avatar(who),
        rx.el.div(
            rx.el.p(
                rx.el.strong(who, dir="auto"),
                " ",
                rx.el.span(what),
                " ",
                mark,
                class_name="timeline-words",
            ),
            *details,
            class_name="timeline-body",
        ),
        rx.el.div(relative_time(when), class_name="timeline-when"),
        class_name="timeline-entry",
        **({"key": key} if key is not None else {}),
        custom_attrs=attributes(data_outcome=outcome),
    )

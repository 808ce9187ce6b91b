"""What a change changed."""

from typing import Any, NotRequired, TypedDict

import reflex as rx

from components.values import Text


class Part(TypedDict):
    """A piece of a difference; the kind is `same`, `added`, `removed` or `folded`.

    What is folded stayed as it was, and is shown when its label is pressed.
    """

    kind: str
    text: str
    label: str


class Change(TypedDict):
    """One field's change; empty text for nothing.

    With `parts`, these are shown instead of the two values; `is_list` puts each on its own line.
    """

    field: str
    before: str
    after: str
    parts: NotRequired[list[Part]]
    is_list: NotRequired[str]


def diff_view(
    changes: rx.Var[list[Any]] | list[Change], *, label: Text = "Changes"
) -> rx.Component:
    """Show fields with their values before and after.

    Args:
        changes: `Change` each.
        label: Name of the table for assistive technology.
    """

    def value(words: rx.Var[Any], tag: str) -> rx.Component:
        element: Any = rx.el.del_ if tag == "del" else rx.el.ins
        text = words.to(str)
        return rx.cond(
            text,
            element(text, class_name=f"diff-{tag} mono"),
            rx.el.span("empty", class_name="quiet"),
        )

    def line(change: rx.Var[Any]) -> rx.Component:
        parts = change["parts"].to(list[dict[str, str]])
        looks = rx.cond(change["is_list"], "diff-parts diff-list mono", "diff-parts mono")
        return rx.el.tr(
            rx.el.th(change["field"].to(str), custom_attrs={"scope": "row"}),
            rx.cond(
                change["parts"],
                rx.el.td(
                    rx.el.div(rx.foreach(parts, _part), class_name=looks),
                    custom_attrs={"colSpan": 2},
                ),
                rx.fragment(
                    rx.el.td(value(change["before"], "del")),
                    rx.el.td(value(change["after"], "ins")),
                ),
            ),
        )

    rows = (
        changes if isinstance(changes, rx.Var) else rx.Var.create(changes).to(list[dict[str, Any]])
    )
    return rx.el.table(
        rx.el.thead(
            rx.el.tr(
                *(
                    rx.el.th(words, custom_attrs={"scope": "col"})
                    for words in ("Field", "Before", "After")
                )
            ),
            class_name="visually-hidden",
        ),
        rx.el.tbody(rx.foreach(rows, line)),
        class_name="diff",
        custom_attrs={"aria-label": label},
    )


def _part(part: rx.Var[Any]) -> rx.Component:
    text = part["text"].to(str)
    folded = rx.el.details(rx.el.summary(part["label"]), text, class_name="diff-folded")
    return rx.match(
        part["kind"],
        ("added", rx.el.ins(text, class_name="diff-ins")),
        ("removed", rx.el.del_(text, class_name="diff-del")),
        ("folded", folded),
        rx.el.span(text),
    )


class Difference(TypedDict):
    """One field that two people filled in; `yours` is empty where it was not touched."""

    field: str
    theirs: str
    yours: str


def conflict_view(
    differences: rx.Var[list[Any]] | list[Difference], *, label: Text = "What differs"
) -> rx.Component:
    """Show what somebody else saved beside what was typed here.

    Args:
        differences: `Difference` each.
        label: Name of the table for assistive technology.
    """

    def line(each: rx.Var[Any]) -> rx.Component:
        theirs, yours = each["theirs"].to(str), each["yours"].to(str)
        return rx.el.tr(
            rx.el.th(each["field"].to(str), custom_attrs={"scope": "row"}),
            rx.el.td(theirs),
            rx.el.td(rx.cond(yours, yours, rx.el.span("not changed", class_name="quiet"))),
        )

    rows = (
        differences
        if isinstance(differences, rx.Var)
        else rx.Var.create(differences).to(list[dict[str, Any]])
    )
    return rx.el.table(
        rx.el.thead(
            rx.el.tr(
                *(
                    rx.el.th(words, custom_attrs={"scope": "col"})
                    for words in ("Field", "Theirs", "Yours")
                )
            )
        ),
        rx.el.tbody(rx.foreach(rows, line)),
        class_name="diff diff-conflict",
        custom_attrs={"aria-label": label},
    )

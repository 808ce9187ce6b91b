"""What opens beside the audit list: one entry, and the choice of days."""

from typing import Any

import reflex as rx

from app.features.audit.narrowing import OUTCOMES
from app.features.audit.permissions import AuditPermission
from app.features.audit.state import AuditList
from app.features.audit.words import EntryRow
from app.ui.page_state import Console
from components.badge import STATUSES, status_badge
from components.button import button
from components.callout import callout
from components.code import code, copyable, kbd
from components.diff_view import diff_view
from components.form_dialog import form_dialog
from components.form_field import form_field, form_row
from components.icon import icon
from components.link import link, parameter_link
from components.modal import sheet
from components.relative_time import relative_time
from components.text_input import text_input

_OUTCOMES = {outcome: STATUSES[outcome] for outcome in OUTCOMES}


def outcome_badge(outcome: Any) -> rx.Component:
    """What came of it, by word, colour and icon."""
    return status_badge(outcome, _OUTCOMES)


def target_link(words: Any, href: Any) -> rx.Component:
    """What it was done to; a link where it has a page."""
    return rx.cond(href, link(words, href=href), rx.el.span(words))


def period_dialog() -> rx.Component:
    """Ask for the first and the last day."""
    errors = AuditList.field_errors

    def day(label: str, name: str) -> rx.Component:
        return form_field(
            label,
            text_input(name, type="date", value=_day(AuditList.filters.get(name, "").to(str))),
            error=errors.get(name, "").to(str),
        )

    return form_dialog(
        "Choose days",
        form_row(day("First day", "since"), day("Last day", "until")),
        open=AuditList.choosing_days,
        on_close=AuditList.close_days,
        sentence="Both are included, in your own time zone. Leave one empty for an open end.",
        on_submit=AuditList.choose_days,
        submit_label="Show these days",
        errors=errors,
        version=AuditList.charted,
    )


def _day(value: rx.Var[str]) -> rx.Var[str]:
    """The value, if it is a day as the field writes it."""
    is_day = (value.length() == 10) & value.contains("-")  # noqa: PLR2004 - 2026-01-31
    return rx.cond(is_day, value, "").to(str)


def entry_sheet() -> rx.Component:
    """Show all that is known of one entry."""
    entry = AuditList.entry
    return sheet(
        "Audit entry",
        rx.el.p(
            rx.el.strong(entry.who),
            " ",
            entry.what,
            rx.cond(entry.target, rx.fragment(" ", target_link(entry.target, entry.target_href))),
            class_name="entry-words",
        ),
        rx.el.div(
            outcome_badge(entry.outcome),
            relative_time(entry.at, exact=True),
            rx.cond(entry.why, link("Why?", href=entry.why)),
            class_name="line quiet",
        ),
        rx.cond(
            entry.changes.length() > 0,
            rx.el.section(
                rx.el.h3("Changes", class_name="section-title"), diff_view(entry.changes)
            ),
        ),
        rx.cond(
            entry.contents.length() > 0,
            rx.el.section(
                rx.el.h3(
                    rx.cond(entry.is_gone, "Former values", "New values"),
                    class_name="section-title",
                ),
                rx.el.dl(rx.foreach(entry.contents, _value), class_name="facts"),
            ),
        ),
        rx.cond(entry.can_undo & Console.may[AuditPermission.UNDO], _undo()),
        rx.cond(
            entry.undone_href,
            rx.el.p(
                icon("undo_2", size="s"),
                "This was taken back. ",
                link("By whom and when", href=entry.undone_href),
                class_name="line quiet",
            ),
        ),
        rx.el.section(
            rx.el.h3("Circumstances", class_name="section-title"),
            rx.el.dl(
                rx.foreach(entry.facts, _fact),
                _fact_line("Request", copyable(entry.request_id, label="Copy the request id")),
                _fact_line("Entry", copyable(entry.id, label="Copy the entry's id")),
                class_name="facts",
            ),
        ),
        _neighbours(),
        rx.el.nav(
            rx.el.h3("Find all entries", class_name="section-title"),
            rx.el.ul(
                _related("of the same request", entry.in_same_request, "link_2"),
                _related("by " + entry.who, entry.by_same_actor, "user"),
                _related("about " + entry.target, entry.about_same_target, "crosshair"),
                _related("with this action", entry.of_same_action, "zap"),
            ),
            class_name="related",
            custom_attrs={"aria-label": "Related entries"},
        ),
        open=entry.id != "",
        footer=(
            _step("Newer", AuditList.newer_id, "arrow_up", "k"),
            _step("Older", AuditList.older_id, "arrow_down", "j"),
        ),
        on_close=AuditList.close_entry,
    )


def _undo() -> rx.Component:
    """Say what would be put back, then what stands in the way."""

    def later(change: Any) -> rx.Component:
        words = rx.fragment(change["who"], ", ", relative_time(change["at"].to(str)))
        return _fact_line(
            change["field"],
            rx.fragment(
                _or_empty(change["now"]),
                rx.el.br(),
                rx.cond(change["href"], link(words, href=change["href"]), change["who"]),
            ),
        )

    return rx.el.section(
        rx.el.h3("Take this back", class_name="section-title"),
        rx.cond(
            AuditList.conflict != "",
            rx.fragment(
                callout(AuditList.conflict, tone="warning", announce=True),
                rx.el.dl(rx.foreach(AuditList.changed_since, later), class_name="facts"),
            ),
            rx.fragment(
                rx.cond(
                    AuditList.entry.put_back.length() > 0,
                    rx.fragment(
                        rx.el.p(
                            "This is put back, unless somebody changed it since:",
                            class_name="quiet",
                        ),
                        rx.el.dl(rx.foreach(AuditList.entry.put_back, _value), class_name="facts"),
                    ),
                    rx.el.p(
                        "What was made is deleted, and what was changed is put back: all of it, "
                        "unless somebody changed something since.",
                        class_name="quiet",
                    ),
                ),
                button("Take this back", icon="undo_2", on_click=AuditList.undo),
            ),
        ),
        class_name="entry-undo",
    )


def _step(words: str, entry_id: Any, icon_name: str, key: str) -> rx.Component:
    """Lead to the entry above or below in the list; nowhere at its end."""
    look = "button button-secondary"
    content = (icon(icon_name, size="s"), rx.el.span(words, class_name="button-label"), kbd(key))
    return rx.cond(
        entry_id,
        parameter_link(
            *content,
            name="entry",
            value=entry_id,
            replace=True,
            class_name=look,
            attrs={"data-shortcut": key, "aria-keyshortcuts": key},
        ),
        rx.el.button(*content, type="button", disabled=True, class_name=look),
    )


def _neighbours() -> rx.Component:
    """Tell what else the same request did."""

    def line(row: EntryRow) -> rx.Component:
        return rx.el.li(
            parameter_link(
                rx.el.span(row.title, class_name="entry-title"),
                rx.cond(row.outcome != "succeeded", outcome_badge(row.outcome)),
                name="entry",
                value=row.id,
                replace=True,
            )
        )

    return rx.cond(
        AuditList.neighbours.length() > 0,
        rx.el.section(
            rx.el.h3("In the same request", class_name="section-title"),
            rx.el.ol(rx.foreach(AuditList.neighbours, line), class_name="entry-neighbours"),
            rx.cond(
                AuditList.has_more_neighbours,
                rx.el.p(link("All of them", href=AuditList.entry.in_same_request)),
            ),
        ),
    )


def _fact(fact: Any) -> rx.Component:
    value = rx.cond(fact["exact"], code(fact["value"]), fact["value"])
    return _fact_line(fact["name"], value)


def _value(value: Any) -> rx.Component:
    return _fact_line(value["name"], _or_empty(value["value"]))


def _or_empty(words: Any) -> rx.Component:
    return rx.cond(words, words, rx.el.span("empty", class_name="quiet"))


def _fact_line(name: Any, value: Any) -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(value))


def _related(words: Any, href: Any, icon_name: str) -> rx.Component:
    return rx.cond(
        href,
        rx.el.li(link(icon(icon_name, size="s"), words, href=href, class_name="menu-item")),
    )

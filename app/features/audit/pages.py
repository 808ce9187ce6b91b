"""The audit list, with the details of one entry beside it."""

from typing import Any

import reflex as rx

from app.features.audit.permissions import AuditPermission
from app.features.audit.state import OUTCOMES, PERIODS, AuditList, TrailCheck
from app.features.audit.words import ActivityRow, EntryRow
from app.ui.list_view import list_pagination
from app.ui.page_state import Console
from components.avatar import person
from components.badge import status_badge
from components.button import button
from components.callout import callout
from components.card import card
from components.code import code, copyable
from components.data_table import Column, data_table
from components.diff_view import diff_view
from components.icon import icon
from components.link import link, parameter_link
from components.menu import menu, menu_link
from components.modal import close_button, modal, sheet
from components.page_header import page_header
from components.progress import progress
from components.relative_time import relative_time
from components.search_input import search_input
from components.states import empty_state, error_state, no_match_state
from components.timeline import timeline, timeline_entry
from components.toolbar import density_button, filter_chips, filter_menu, toolbar

_OUTCOMES = {
    "succeeded": ("Succeeded", "success", "circle_check"),
    "denied": ("Denied", "danger", "shield_x"),
    "failed": ("Failed", "warning", "circle_x"),
}


def audit_page() -> rx.Component:
    """Let people find out who did what."""
    return rx.fragment(
        page_header(
            "Audit",
            "Who did what and when, and what was refused. Entries are never changed.",
            secondary=[
                rx.cond(
                    Console.may[AuditPermission.VERIFY],
                    button("Verify", icon="shield_check", on_click=TrailCheck.start),
                )
            ],
        ),
        toolbar(
            _filter("since", list(PERIODS.items())),
            _filter("outcome", list(OUTCOMES.items())),
            _filter("action", AuditList.action_options),
            search=search_input(
                AuditList.filters.get("request_id", "").to(str),
                on_search=AuditList.find_request,
                label="Find a request by its id",
                placeholder="Request id",
            ),
            end=[
                density_button(AuditList.compact, on_toggle=AuditList.toggle_compact),
                rx.cond(Console.may[AuditPermission.EXPORT], _export_menu()),
            ],
            chips=filter_chips(
                AuditList.chips,
                on_clear=AuditList.clear_filter,
                on_clear_all=AuditList.clear_filters,
            ),
        ),
        data_table(
            AuditList.rows,
            _columns(),
            label="Audit entries",
            compact=AuditList.compact,
            loading=AuditList.loading,
            empty=_nothing(),
        ),
        rx.cond(
            AuditList.rows.length() > 0,
            list_pagination(AuditList),
        ),
        _entry_sheet(),
        _check_dialog(),
    )


def _export_menu() -> rx.Component:
    def link_to(words: str, ending: str) -> rx.Component:
        address = f"/session/audit/export?format={ending}&"
        return menu_link(words, href=address + AuditList.exported, icon="download", native=True)

    return menu(
        link_to("Export CSV", "csv"),
        link_to("Export JSON lines", "jsonl"),
        label="More for this list",
        icon="ellipsis",
        variant="secondary",
    )


def _check_dialog() -> rx.Component:
    check = TrailCheck
    return modal(
        "Verify the audit trail",
        rx.cond(
            check.is_running,
            progress(check.done, label="Verifying", total=1000, sentence=check.sentence),
            rx.cond(
                check.faults > 0,
                callout(
                    check.sentence,
                    title="Not everything is as it was written",
                    tone="danger",
                    announce=True,
                ),
                callout(
                    check.sentence,
                    title="Everything is as it was written",
                    tone="success",
                    announce=True,
                ),
            ),
        ),
        rx.cond(
            check.faults > 0,
            rx.el.section(
                rx.el.h3("What was found", class_name="section-title"),
                rx.el.ul(rx.foreach(check.findings, _finding), class_name="findings"),
            ),
        ),
        open=check.is_open,
        sentence="Compares every entry with its seal, and the seals with their signed checkpoints.",
        footer=(close_button(rx.cond(check.is_running, "Stop", "Close")),),
        on_close=check.close,
    )


def _finding(finding: Any) -> rx.Component:
    words = finding["words"]
    # The entry opens on the page behind the dialog.
    opened = rx.el.span(link(words, href=finding["href"]), on_click=TrailCheck.close)
    return rx.el.li(rx.cond(finding["href"], opened, words))


def entry_timeline(
    rows: Any, *, label: str = "Activity", with_origin: bool = False
) -> rx.Component:
    """Tell entries below each other; each leads to its details, for those who may read them.

    Args:
        rows: State list of `EntryRow`.
        label: Name of the list for assistive technology.
        with_origin: Say from which browser and address it was done.
    """

    def line(row: EntryRow, icon_name: str | None) -> rx.Component:
        details = [rx.el.p(row.origin, class_name="quiet")] if with_origin else []
        return timeline_entry(
            row.who,
            _did(row),
            row.at,
            *details,
            outcome=row.outcome,
            icon=icon_name,
            key=row.id,
        )

    def entry(row: EntryRow) -> rx.Component:
        return rx.cond(row.is_person, line(row, None), line(row, "bot"))

    return timeline(rx.foreach(rows, entry), label=label)


def _did(row: EntryRow) -> rx.Component:
    return rx.fragment(
        rx.cond(
            Console.may[AuditPermission.READ],
            link(row.what, href="/audit?entry=" + row.id, class_name="timeline-link"),
            row.what,
        ),
        rx.cond(row.target, rx.fragment(" ", _target(row.target, row.target_href))),
    )


def _target(words: Any, href: Any) -> rx.Component:
    return rx.cond(href, link(words, href=href), rx.el.span(words))


def _filter(key: str, options: Any) -> rx.Component:
    return filter_menu(
        AuditList.filter_titles[key],
        options,
        value=AuditList.filters.get(key, "").to(str),
        on_change=lambda value: AuditList.filter_by(key, value),
    )


def _columns() -> list[Column]:
    return [
        Column("title", "What happened", render=_what, size="wide", fixed=True),
        Column("who", "Who", render=_who),
        Column("outcome", "Outcome", render=lambda row: _outcome(row.outcome), size="fit"),
        Column("action", "Action", render=lambda row: code(row.action), size="fit"),
        Column("at", "When", render=lambda row: relative_time(row.at), size="fit"),
    ]


def _what(row: EntryRow) -> rx.Component:
    return parameter_link(
        row.title,
        name="entry",
        value=row.id,
        class_name="cell-link",
        attrs={"title": row.title},
    )


def _who(row: EntryRow) -> rx.Component:
    nobody = rx.el.span(icon("bot", size="s"), row.who, class_name="line quiet")
    return rx.cond(row.is_person, person(row.who, detail=row.email), nobody)


def _outcome(outcome: Any) -> rx.Component:
    return status_badge(outcome, _OUTCOMES)


def _nothing() -> rx.Component:
    problem = AuditList.problem
    return rx.cond(
        problem.message != "",
        rx.cond(
            problem.title == "Invalid input",
            no_match_state(
                problem.message,
                title="This address cannot be read",
                on_clear=AuditList.clear_filters,
            ),
            error_state(problem.message, request_id=problem.request_id, on_retry=AuditList.load),
        ),
        rx.cond(
            AuditList.chips.length() > 0,
            no_match_state(
                "Nothing that was done or tried matches all the filters above.",
                on_clear=AuditList.clear_filters,
            ),
            empty_state(
                "Nothing happened yet",
                "Every change, every sign-in and everything that was refused stands here.",
                icon="scroll_text",
            ),
        ),
    )


def _entry_sheet() -> rx.Component:
    entry = AuditList.entry
    return sheet(
        "Audit entry",
        rx.el.p(
            rx.el.strong(entry.who),
            " ",
            entry.what,
            rx.cond(entry.target, rx.fragment(" ", _target(entry.target, entry.target_href))),
            class_name="entry-words",
        ),
        rx.el.div(
            _outcome(entry.outcome), relative_time(entry.at, exact=True), class_name="line quiet"
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
        rx.cond(
            entry.can_undo & Console.may[AuditPermission.UNDO],
            button("Take this back", icon="undo_2", on_click=AuditList.undo),
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
        on_close=AuditList.close_entry,
    )


def _fact(fact: Any) -> rx.Component:
    value = rx.cond(fact["exact"], code(fact["value"]), fact["value"])
    return _fact_line(fact["name"], value)


def _value(value: Any) -> rx.Component:
    words = rx.cond(value["value"], value["value"], rx.el.span("empty", class_name="quiet"))
    return _fact_line(value["name"], words)


def _fact_line(name: Any, value: Any) -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(value))


def _related(words: Any, href: Any, icon_name: str) -> rx.Component:
    return rx.cond(
        href,
        rx.el.li(link(icon(icon_name, size="s"), words, href=href, class_name="menu-item")),
    )


def activity_card(rows: Any, *, sentence: str, nothing: str) -> rx.Component:
    """What was done to one record, as a page of its own shows it.

    Args:
        rows: State list of `ActivityRow`.
        sentence: Of the card: *The last 50 entries of the audit trail about this user.*
        nothing: Instead of rows: *What is done to this user stands here.*
    """
    return card(
        rx.cond(
            rows.length() > 0,
            timeline(rx.foreach(rows, _activity)),
            empty_state("Nothing happened yet", nothing, icon="history"),
        ),
        title="Activity",
        sentence=sentence,
    )


def _activity(row: ActivityRow) -> rx.Component:
    def line(icon: str | None) -> rx.Component:
        return timeline_entry(
            row.who,
            link(row.what, href="/audit?entry=" + row.id, class_name="timeline-link"),
            row.at,
            rx.cond(row.changes.length() > 0, diff_view(row.changes), rx.fragment()),
            outcome=row.outcome,
            icon=icon,
            key=row.id,
        )

    return rx.cond(row.is_person, line(None), line("bot"))

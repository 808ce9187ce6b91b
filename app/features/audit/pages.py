"""The audit list, with the details of one entry beside it."""

from typing import Any

import reflex as rx

from app.features.audit.activity import MOST_NEWS
from app.features.audit.activity_state import ACTIVITY_LIMIT, ActivityRow
from app.features.audit.check_pages import check_dialogs
from app.features.audit.check_state import TrailCheck
from app.features.audit.dialog_pages import (
    entry_sheet,
    outcome_badge,
    period_dialog,
    target_link,
)
from app.features.audit.narrowing import ACCESS_ONLY, OUTCOMES, PERIODS, READS, TITLES
from app.features.audit.permissions import AuditPermission
from app.features.audit.state import AuditList
from app.features.audit.words import EntryRow
from app.features.views.pages import list_views, view_dialogs
from app.ui.list_view import (
    clear_filters,
    filter_by,
    list_chips,
    list_instead,
    list_loading,
    list_pagination,
    sort_by,
)
from app.ui.page_state import Console
from components.avatar import person
from components.button import button, link_button
from components.card import card, stack
from components.chart import Series
from components.code import code
from components.data_table import Column, data_table
from components.diff_view import diff_view
from components.fold import fold
from components.histogram import histogram, share_list
from components.icon import icon
from components.link import link, parameter_link
from components.menu import (
    csv_links,
    menu,
    menu_choice,
    menu_item,
    menu_link,
    menu_separator,
)
from components.number import grouped
from components.page_header import page_header
from components.picker import filter_picker
from components.progress import skeleton
from components.refresh import news, refresh
from components.relative_time import relative_time
from components.search_input import search_input
from components.states import empty_state, no_match_state
from components.timeline import timeline, timeline_entry
from components.toolbar import (
    column_chooser,
    density_button,
    filter_menu,
    toolbar,
)

_FILTER = AuditList.filters
_BELOW: tuple[Series, ...] = (
    {"key": "denied", "title": "Denied", "tone": "danger"},
    {"key": "failed", "title": "Failed", "tone": "warning"},
)


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
        _toolbar(),
        _charts(),
        refresh(AuditList.look_for_news, seconds=10),
        news(
            AuditList.news,
            one="new entry",
            several="new entries",
            most=MOST_NEWS,
            on_show=AuditList.show_news,
        ),
        data_table(
            AuditList.rows,
            _columns(),
            label="Audit entries",
            sort=AuditList.sort,
            on_sort=sort_by,
            visible=AuditList.visible,
            widths=AuditList.widths,
            on_resize=AuditList.resize_column,
            compact=AuditList.compact,
            loading=list_loading(AuditList),
            empty=_nothing(),
        ),
        rx.cond(
            AuditList.rows.length() > 0,
            list_pagination(AuditList),
        ),
        entry_sheet(),
        check_dialogs(),
        period_dialog(),
        view_dialogs(AuditList),
    )


def _toolbar() -> rx.Component:
    return toolbar(
        _when(),
        rx.cond(AuditList.may_find_people, _who_filter()),
        filter_picker(
            "Action",
            AuditList.action_options,
            value=_of("action"),
            on_change=lambda value: filter_by("action", value),
            multiple=True,
        ),
        filter_picker(
            TITLES["changed"],
            AuditList.changed_options,
            value=_of("changed"),
            on_change=lambda value: filter_by("changed", value),
        ),
        _filter("outcome", list(OUTCOMES.items())),
        _filter("target_type", AuditList.kind_options),
        _filter("module", AuditList.module_options),
        _show(),
        start=list_views(AuditList),
        search=search_input(
            AuditList.search,
            on_search=AuditList.search_for,
            label="Search the trail",
            placeholder="Name, e-mail, request id",
        ),
        filtered=AuditList.filters.length() > 0,
        end=[
            column_chooser(
                _columns(),
                visible=AuditList.visible,
                on_toggle=AuditList.toggle_column,
                on_move=AuditList.move_column,
                on_reset=AuditList.reset_columns,
            ),
            density_button(AuditList.compact, on_toggle=AuditList.toggle_compact),
            rx.cond(Console.may[AuditPermission.EXPORT], _export_menu()),
        ],
        chips=list_chips(AuditList),
    )


def _of(key: str) -> rx.Var[str]:
    """The value of a filter; empty when it is not in force."""
    return _FILTER.get(key, "").to(str)


def _when() -> rx.Component:
    return filter_menu(
        "When",
        list(PERIODS.items()),
        value=rx.cond(_of("since") != "", _of("since"), _of("until")).to(str),
        on_change=AuditList.choose_period,
        any_label="Any time",
        more=[
            menu_separator(),
            menu_item("Choose days…", icon="calendar", on_click=AuditList.ask_days),
        ],
    )


def _show() -> rx.Component:
    """Leave out what only tells who looked, or all that changes nobody's access."""
    only = _of("access_only")
    return filter_menu(
        "Show",
        list(READS.items()),
        value=rx.cond(_of("reads") != "", _of("reads"), only).to(str),
        on_change=lambda value: filter_by("reads", value),
        any_label="Everything",
        more=[
            menu_separator(),
            menu_choice(
                ACCESS_ONLY,
                chosen=only == "true",
                on_click=filter_by("access_only", rx.cond(only == "true", "", "true")),
            ),
        ],
    )


def _who_filter() -> rx.Component:
    return filter_picker(
        TITLES["actor_id"],
        AuditList.people_options,
        value=_of("actor_id"),
        on_change=lambda value: filter_by("actor_id", value),
        on_search=AuditList.find_people,
        placeholder="Name or e-mail",
        any_label="Anybody",
    )


def _charts() -> rx.Component:
    return fold(
        "Activity",
        rx.cond(
            AuditList.counted > 0,
            rx.el.div(
                histogram(
                    AuditList.bars,
                    above={"key": "succeeded", "title": "Succeeded", "tone": "accent"},
                    below=_BELOW,
                    label="Entries over time",
                    on_choose=AuditList.choose_bar,
                ),
                _frequent("Most frequent actions", "action", AuditList.frequent_actions),
                _frequent("Most active people", "actor_id", AuditList.frequent_people),
                rx.el.p(
                    rx.cond(
                        AuditList.counted_is_cut,
                        rx.fragment(
                            "The newest ",
                            grouped(AuditList.counted),
                            " entries, since ",
                            relative_time(AuditList.counted_since, exact=True),
                        ),
                        rx.fragment("All ", grouped(AuditList.counted), " entries that match"),
                    ),
                    class_name="quiet charts-note",
                ),
                class_name="charts",
            ),
            rx.el.p("There is nothing to count.", class_name="quiet"),
        ),
        name="audit-activity",
        version=AuditList.charted,
        on_show=AuditList.load_activity,
    )


def _frequent(title: str, key: str, shares: Any) -> rx.Component:
    return rx.el.div(
        rx.el.h3(title, class_name="charts-title"),
        share_list(shares, label=title, on_choose=lambda value: filter_by(key, value)),
    )


def _export_menu() -> rx.Component:
    path = "/session/audit/export?"
    return menu(
        *csv_links(path, AuditList.exported),
        menu_link(
            "Export JSON lines",
            href=f"{path}format=jsonl&" + AuditList.exported,
            icon="download",
            native=True,
        ),
        label="More for this list",
        icon="ellipsis",
        variant="secondary",
    )


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
        rx.cond(row.target, rx.fragment(" ", target_link(row.target, row.target_href))),
    )


def _filter(key: str, options: Any) -> rx.Component:
    return filter_menu(
        TITLES[key],
        options,
        value=_of(key),
        on_change=lambda value: filter_by(key, value),
    )


def _columns() -> list[Column]:
    return [
        Column("title", "What happened", render=_what, size="wide", fixed=True),
        Column("who", "Who", render=_who, size="fit"),
        Column("outcome", "Outcome", render=lambda row: outcome_badge(row.outcome), size="fit"),
        Column("action", "Action", render=lambda row: code(row.action), size="fit"),
        Column("at", "When", render=lambda row: relative_time(row.at), sortable=True, size="fit"),
    ]


def _what(row: EntryRow) -> rx.Component:
    return rx.fragment(
        parameter_link(
            row.title,
            name="entry",
            value=row.id,
            class_name="cell-link",
            attrs={"title": rx.cond(row.changed, row.title + "; " + row.changed, row.title)},
        ),
        rx.cond(row.changed, rx.el.span(row.changed, class_name="changed")),
    )


def _who(row: EntryRow) -> rx.Component:
    nobody = rx.el.span(icon("bot", size="s"), row.who, class_name="line quiet")
    return rx.cond(row.is_person, person(row.who, detail=row.email), nobody)


def _nothing() -> rx.Component:
    return list_instead(
        AuditList,
        rx.cond(
            AuditList.chips.length() > 0,
            no_match_state(
                "Nothing that was done or tried matches all the filters above.",
                on_clear=clear_filters(AuditList),
            ),
            empty_state(
                "Nothing happened yet",
                "Every change, every sign-in and everything that was refused stands here.",
                icon="scroll_text",
            ),
        ),
    )


def activity_card(state: Any, *, thing: str) -> rx.Component:
    """What was done to one record and, below, who looked at it, as a page of its own shows it.

    Args:
        state: The state class of the record, an `ActivityState`.
        thing: What the record is: *user*.
    """
    rows, looks = state.activity, state.looks
    nothing = f"What is done to this {thing} stands here."
    return stack(
        card(
            rx.cond(
                rows.length() > 0,
                rx.fragment(timeline(rx.foreach(rows, _activity)), _turning(state)),
                rx.cond(
                    rx.State.is_hydrated,
                    empty_state("Nothing happened yet", nothing, icon="history"),
                    skeleton(lines=4),
                ),
            ),
            title="Activity",
            sentence=f"What the audit trail tells of this {thing}, newest first.",
        ),
        rx.cond(
            looks.length() > 0,
            card(
                timeline(rx.foreach(looks, _activity), label="Who looked"),
                title="Who looked",
                sentence=f"The last {ACTIVITY_LIMIT} times that somebody was shown this {thing}.",
            ),
        ),
    )


def _turning(state: Any) -> rx.Component:
    """Lead to the entries before and after those that are shown."""

    def lead(words: str, href: Any, sign: str) -> rx.Component:
        return rx.cond(
            href,
            link_button(words, href=href, icon=sign, size="s"),
            button(words, icon=sign, size="s", disabled=True),
        )

    return rx.cond(
        (state.newer != "") | (state.older != ""),
        rx.el.nav(
            lead("Newer", state.newer, "arrow_up"),
            lead("Older", state.older, "arrow_down"),
            class_name="line",
            custom_attrs={"aria-label": "Pages"},
        ),
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

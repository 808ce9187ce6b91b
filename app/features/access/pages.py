"""The pages that explain and report who may do what."""

from typing import Any

import reflex as rx

from app.features.access.rows import GuardRow, HolderRow, TraceRow
from app.features.access.state import (
    AccessMatrix,
    CompareRoles,
    Coverage,
    Explain,
    Holders,
    Previewing,
)
from app.features.roles.pages import nobody_to_see, unseen_people
from app.features.roles.permissions import RolePermission
from app.ui.list_view import list_loading
from app.ui.page_state import Console
from components.badge import badge, status_badge
from components.button import button, link_button
from components.callout import callout
from components.card import card, stack
from components.code import code
from components.data_table import Column, cell_link, data_table
from components.form import form
from components.form_dialog import form_dialog
from components.form_field import form_actions, form_field, form_row
from components.icon import icon
from components.last_day import end_time
from components.link import link
from components.matrix import matrix
from components.menu import csv_links, menu, menu_item, menu_link
from components.page_header import page_header
from components.progress import skeleton
from components.relative_time import relative_time
from components.search_input import search_input
from components.select import select
from components.states import empty_state, no_match_state
from components.text_input import text_input
from components.toolbar import toolbar

MARKS = {
    "d": ("●", "granted by the role itself"),
    "i": ("○", "granted by a role that it includes"),
    "w": ("✱", "by a wildcard"),
    "c": ("¹", "under conditions only: some records, some fields, or until a day"),
}
_VERDICTS = {
    "Counts": ("Counts", "success", "circle_check"),
    "Would count": ("Would count", "neutral", "circle_minus"),
    "Ended": ("Ended", "neutral", "clock"),
    "Other records": ("Other records", "warning", "filter"),
}


def matrix_page() -> rx.Component:
    """All roles and all permissions on one screen."""
    return rx.fragment(
        page_header(
            "Permissions",
            "What every role grants. A mark leads to the role, a permission to those who hold it.",
            action=link_button("Explain", href="/access/explain", icon="circle_help"),
            secondary=[link_button("Compare roles", href="/access/compare", icon="columns_2")],
            more=[
                rx.cond(
                    Console.may[RolePermission.UPDATE],
                    menu_item("Preview a role…", icon="eye", on_click=Previewing.ask),
                ),
                menu_link("Who can do this", href="/access/holders", icon="users"),
                menu_link("What guards every way in", href="/access/coverage", icon="shield"),
            ],
        ),
        _preview_dialog(),
        rx.cond(AccessMatrix.file, _drift()),
        rx.cond(
            AccessMatrix.loading,
            card(skeleton(lines=6)),
            matrix(
                AccessMatrix.rows,
                AccessMatrix.columns,
                marks=MARKS,
                label="Roles and permissions",
                row_noun="permissions",
                column_noun="roles",
            ),
        ),
    )


def _preview_dialog() -> rx.Component:
    return form_dialog(
        "Preview a role",
        form_field(
            "Role",
            select("role", Previewing.role_options, placeholder="Choose a role", required=True),
            error=Previewing.field_errors.get("id", "").to(str),
        ),
        sentence="You see the console as somebody with this role alone. Nothing can be changed.",
        open=Previewing.choosing,
        on_submit=Previewing.start_role,
        on_close=Previewing.close,
        submit_label="Preview",
        errors=Previewing.field_errors,
        error=Previewing.form_error,
        version=Previewing.choosing.to(str),
    )


def _drift() -> rx.Component:
    file = rx.el.span("Described by ", code(AccessMatrix.file))
    return rx.cond(
        AccessMatrix.file_problem,
        callout(file, ": ", AccessMatrix.file_problem, title="No comparison", tone="danger"),
        rx.cond(
            AccessMatrix.drift.length() > 0,
            callout(
                file,
                rx.el.ul(rx.foreach(AccessMatrix.drift, rx.el.li), class_name="plain-list"),
                title="The roles differ from their file",
                tone="warning",
            ),
            callout(file, title="The roles are as their file says", tone="success"),
        ),
    )


def coverage_page() -> rx.Component:
    """What guards every way in."""
    return rx.fragment(
        page_header(
            "Guard coverage",
            "Every REST route, event handler and page, and the permission that it needs.",
        ),
        toolbar(
            search=search_input(
                Coverage.search,
                on_search=Coverage.search_for,
                label="Search ways in",
                placeholder="Name or permission",
            ),
        ),
        data_table(
            Coverage.rows,
            [
                Column(
                    "name",
                    "Way in",
                    render=lambda row: code(row.name),
                    size="whole",
                    fixed=True,
                ),
                Column("kind", "Kind", size="fit"),
                Column("permission", "Permission", render=_guard, size="fit"),
                Column("rules", "Row rules", size="whole"),
                Column("holders", "Holders", render=_holder_count, align="end", size="fit"),
            ],
            label="Ways in",
            compact=True,
            loading=list_loading(Coverage),
            empty=no_match_state("No way in matches the search."),
        ),
    )


def _guard(row: GuardRow) -> rx.Component:
    return rx.cond(
        row.permission,
        code(row.permission),
        badge("Unguarded", tone="danger", icon="shield_x"),
    )


def _holder_count(row: GuardRow) -> rx.Component:
    return rx.cond(row.href, link(row.holders, href=row.href), "")


def explain_page() -> rx.Component:
    """Tell why somebody may do something or may not."""
    errors = Explain.field_errors
    return rx.fragment(
        page_header("Explain", "Why somebody may do something, or why not."),
        stack(
            card(
                form(
                    form_row(
                        form_field(
                            "User",
                            rx.fragment(
                                text_input(
                                    "user",
                                    value=Explain.user,
                                    autocomplete="off",
                                    placeholder="Name or e-mail",
                                    attrs={"list": "people"},
                                    on_change=Explain.find.debounce(200),
                                ),
                                _choices("people", Explain.people),
                            ),
                            error=errors.get("user", "").to(str),
                        ),
                        permission_field(Explain.permission, Explain.permissions, errors),
                        form_field(
                            "Record's id",
                            text_input(
                                "object_id", value=Explain.object_id, autocomplete="off", mono=True
                            ),
                            error=errors.get("object_id", "").to(str),
                            optional=True,
                        ),
                    ),
                    form_actions(button("Explain", variant="primary", type="submit")),
                    on_submit=Explain.ask,
                    version=Explain.question,
                    errors=errors,
                    keeps=False,
                    label="Question",
                ),
            ),
            rx.cond(Explain.told.verdict != "", _answer()),
        ),
    )


def _answer() -> rx.Component:
    told = Explain.told
    reason = rx.el.span(code(told.permission), " · ", told.description)
    return rx.fragment(
        rx.cond(
            told.allowed,
            callout(reason, title=told.verdict, tone="success", announce=True),
            callout(reason, title=told.verdict, tone="warning", announce=True),
        ),
        card(
            data_table(
                told.trace,
                _trace_columns(),
                label="Grants",
                empty=empty_state(
                    "No grant speaks of it",
                    "No role of this person and no grant in person names this permission.",
                    icon="shield",
                ),
            ),
            title="Trace",
            sentence="Every grant that speaks of this permission. One that counts is enough.",
            flush=True,
        ),
        card(
            rx.cond(
                told.given_by_roles.length() > 0,
                rx.el.ul(
                    rx.foreach(told.given_by_roles, lambda name: rx.el.li(badge(name))),
                    class_name="line line-wrap",
                    aria_label="Roles that would give it",
                ),
                rx.el.p("No role gives it without conditions.", class_name="quiet"),
            ),
            rx.el.p(
                link("All that this person may do", href="/users/" + told.user_id + "/access"),
                " · ",
                link(
                    "Everybody who may do this",
                    href="/access/holders?permission=" + told.permission,
                ),
            ),
            title="Roles that would give it",
            sentence="For all records and fields, for good.",
        ),
    )


def _trace_columns() -> list[Column]:
    return [
        Column("way", "Through", render=_way, fixed=True),
        Column(
            "verdict",
            "Verdict",
            render=lambda row: status_badge(row.verdict, _VERDICTS),
            size="fit",
        ),
        Column("granted", "Grants", render=lambda row: code(row.granted), size="fit"),
        Column("rows", "Records"),
        Column("fields", "Fields"),
        Column("ends_at", "Until", render=lambda row: until(row.ends_at), size="fit"),
        Column("given_by", "Given", render=given, size="fit"),
        Column("reason", "Why"),
    ]


def _way(row: TraceRow) -> rx.Component:
    return rx.cond(row.role_href, cell_link(row.way, href=row.role_href), rx.el.span(row.way))


def given(row: Any) -> rx.Component:
    """Who gave a grant, and when."""
    return rx.el.span(row.given_by, " ", relative_time(row.given_at, missing=""))


def until(ends_at: Any) -> rx.Component:
    """Until when something is held."""
    return end_time(ends_at)


def holders_page() -> rx.Component:
    """Everybody who can do something."""
    errors = Holders.field_errors
    return rx.fragment(
        page_header(
            "Who can do this",
            "Everybody who may sign in and holds a permission now.",
            action=rx.cond(
                Holders.download,
                menu(*csv_links(Holders.download + "&"), label="Download"),
            ),
        ),
        stack(
            card(
                form(
                    permission_field(Holders.permission, Holders.permissions, errors),
                    form_actions(button("Show", variant="primary", type="submit")),
                    on_submit=Holders.ask,
                    version=Holders.permission,
                    errors=errors,
                    keeps=False,
                    label="Permission",
                )
            ),
            rx.cond(
                Holders.download,
                card(
                    data_table(
                        Holders.holders,
                        _holder_columns(),
                        label="Holders",
                        row_name="name",
                        actions=why,
                        empty=nobody_to_see(
                            Holders.unseen,
                            empty_state(
                                "Nobody holds it",
                                "Those whose roles grant this permission stand here.",
                                icon="users",
                            ),
                        ),
                    ),
                    rx.cond(Holders.holders.length() > 0, unseen_people(Holders.unseen)),
                    title=Holders.description,
                    sentence=Holders.permission,
                    flush=True,
                ),
            ),
        ),
    )


def _holder_columns() -> list[Column]:
    return [
        Column("name", "Name", render=_holder, fixed=True),
        Column("email", "E-mail"),
        Column("rows", "Records"),
        Column("through", "Through", size="wide"),
        Column("ends_at", "Until", render=lambda row: until(row.ends_at), size="fit"),
    ]


def _holder(row: HolderRow) -> rx.Component:
    return rx.fragment(
        cell_link(row.name, href="/users/" + row.id),
        rx.cond(row.kept_out, rx.el.span(" ", badge(row.kept_out, tone="warning"))),
    )


def why(row: Any) -> rx.Component:
    """Lead to the explanation of a row."""
    return link_button("Why?", href=row.why, size="s")


def compare_page() -> rx.Component:
    """What two roles do not have in common."""
    return rx.fragment(
        page_header("Compare roles", "Only what they do not have in common."),
        stack(
            card(
                form_row(_role("a", CompareRoles.first), _role("b", CompareRoles.second)),
                rx.cond(
                    CompareRoles.form_error,
                    callout(CompareRoles.form_error, tone="danger", announce=True),
                ),
            ),
            rx.cond(
                CompareRoles.is_compared,
                card(
                    data_table(
                        CompareRoles.differences,
                        [
                            Column("description", "May", size="wide", fixed=True),
                            Column(
                                "permission",
                                "Permission",
                                render=lambda row: code(row.permission),
                                size="fit",
                            ),
                            Column(
                                "first", CompareRoles.first, render=lambda row: _extent(row.first)
                            ),
                            Column(
                                "second",
                                CompareRoles.second,
                                render=lambda row: _extent(row.second),
                            ),
                        ],
                        label="Differences",
                        row_key="permission",
                        empty=empty_state(
                            "No difference", "Both roles give the same.", icon="equal"
                        ),
                    ),
                    title=CompareRoles.first + " and " + CompareRoles.second,
                    flush=True,
                ),
            ),
        ),
    )


def _role(side: str, chosen: Any) -> rx.Component:
    return form_field(
        CompareRoles.sides[side],
        select(
            side,
            CompareRoles.role_options,
            value=chosen,
            placeholder="Choose a role",
            on_change=lambda name: CompareRoles.choose(side, name),
        ),
    )


def _extent(words: Any) -> rx.Component:
    return rx.cond(words, words, rx.el.span("not granted", class_name="quiet"))


def permission_field(
    value: Any,
    options: Any,
    errors: Any,
    *,
    help: str = "",  # noqa: A002 - as `form_field` calls it
    on_change: Any = None,
) -> rx.Component:
    """Ask for a permission, offering those that there are."""
    return form_field(
        "Permission",
        rx.el.div(
            text_input(
                "permission",
                value=value,
                autocomplete="off",
                placeholder="user.read",
                mono=True,
                attrs={"list": "permissions"},
                on_change=on_change,
            ),
            icon("chevron_down", size="s", class_name="select-arrow"),
            _choices("permissions", options),
            class_name="select",
        ),
        help=help or None,
        error=errors.get("permission", "").to(str),
    )


def _choices(name: str, options: Any) -> rx.Component:
    """What a field with `list=name` offers while one types."""
    return rx.el.datalist(
        rx.foreach(options, lambda each: rx.el.option(each["label"], value=each["value"])),
        id=name,
    )

"""The page of a role's members."""

from typing import Any

import reflex as rx

from app.features.members.state import RoleMembers
from app.features.roles.pages import nobody_to_see, role_record, unseen_people
from app.features.roles.permissions import RolePermission
from app.features.roles.state import RoleRecord
from app.features.users.permissions import UserPermission
from app.ui.list_view import (
    clear_filters,
    list_instead,
    list_loading,
    list_pagination,
    list_toolbar,
    sort_by,
)
from app.ui.page_state import Console
from components.avatar import person
from components.bulk_bar import bulk_bar
from components.button import button
from components.callout import callout
from components.confirm_dialog import confirm_dialog
from components.data_table import Column, data_table
from components.form_dialog import form_dialog
from components.form_field import form_field
from components.icon import icon
from components.last_day import end_time, last_day_field
from components.number import grouped
from components.relative_time import relative_time
from components.search_input import search_input
from components.states import empty_state, no_match_state
from components.text_input import text_input


def role_members_page() -> rx.Component:
    """List who has a role, and give and take it."""
    may_change = Console.may[RolePermission.UPDATE] & ~RoleRecord.gone
    add = button(
        "Add people", variant="primary", icon="user_plus", on_click=RoleMembers.open_adding
    )
    return role_record(
        list_toolbar(
            RoleMembers, search="Search members", placeholder="Name or e-mail", density=False
        ),
        rx.cond(
            may_change,
            _table(selected=RoleMembers.selected, on_select=RoleMembers.select),
            _table(),
        ),
        rx.cond(RoleMembers.rows.length() > 0, list_pagination(RoleMembers)),
        rx.cond(RoleMembers.rows.length() > 0, unseen_people(RoleMembers.unseen)),
        rx.cond(
            may_change,
            bulk_bar(
                button("Remove…", size="s", icon="user_minus", on_click=RoleMembers.ask_remove),
                count=RoleMembers.selected.length(),
                total=RoleMembers.rows.length(),
                on_clear=RoleMembers.clear_selection,
            ),
        ),
        _add_dialog(),
        _remove_dialog(),
        action=rx.cond(may_change, add),
    )


def _table(**selection: Any) -> rx.Component:
    return data_table(
        RoleMembers.rows,
        _columns(),
        label="Members",
        row_name="name",
        sort=RoleMembers.sort,
        on_sort=sort_by,
        loading=list_loading(RoleMembers),
        empty=_nobody(),
        **selection,
    )


def _nobody() -> rx.Component:
    return list_instead(
        RoleMembers,
        rx.cond(
            RoleMembers.search != "",
            no_match_state(
                "No member's name or address contains what you search for.",
                on_clear=clear_filters(RoleMembers),
            ),
            nobody_to_see(
                RoleMembers.unseen,
                empty_state(
                    "Nobody has this role",
                    "Whoever gets it holds at once all that it grants.",
                    icon="users",
                ),
            ),
        ),
    )


def _columns() -> list[Column]:
    return [
        Column(
            "name",
            "Name",
            render=lambda row: rx.cond(
                Console.may[UserPermission.READ],
                person(row["name"].to(str), href="/users/" + row["id"].to(str)),
                person(row["name"].to(str)),
            ),
            sortable=True,
            size="wide",
            fixed=True,
        ),
        Column("email", "E-mail"),
        Column(
            "since",
            "Since",
            render=lambda row: relative_time(row["since"].to(str)),
            sortable=True,
            size="fit",
        ),
        Column("by", "By"),
        Column(
            "until",
            "Until",
            render=lambda row: end_time(row["until"].to(str)),
            sortable=True,
            size="fit",
        ),
        Column("reason", "Reason"),
    ]


def _add_dialog() -> rx.Component:
    errors = RoleMembers.field_errors
    return form_dialog(
        "Add people",
        rx.cond(
            Console.may[UserPermission.READ],
            _people(),
            callout("To look for people you need the permission user.read.", tone="warning"),
        ),
        last_day_field("expires_at", error=errors.get("expires_at", "").to(str)),
        form_field(
            "Reason",
            text_input("reason", autocomplete="off", max_length=300),
            error=errors.get("reason", "").to(str),
            optional=True,
        ),
        open=RoleMembers.adding,
        sentence=rx.el.span("They hold at once all that ", RoleRecord.role.name, " grants."),
        on_submit=RoleMembers.add,
        on_close=RoleMembers.close_dialogs,
        submit_label=rx.cond(
            RoleMembers.chosen.length() > 0,
            "Add " + RoleMembers.chosen.length().to_string(),
            "Add",
        ),
        errors=errors,
        error=RoleMembers.form_error,
    )


def _people() -> rx.Component:
    """Search on the left of what was chosen: what is found is added by one press."""
    return rx.el.div(
        search_input(
            RoleMembers.looked_for,
            on_search=RoleMembers.find,
            label="Search people",
            placeholder="Name or e-mail",
            shortcut="",
        ),
        rx.cond(
            RoleMembers.looked_for,
            rx.cond(
                RoleMembers.found.length() > 0,
                rx.el.ul(rx.foreach(RoleMembers.found, _found), class_name="people"),
                rx.el.p("Nobody is called so.", class_name="field-help"),
            ),
        ),
        rx.cond(
            RoleMembers.chosen.length() > 0,
            rx.el.ul(
                rx.foreach(RoleMembers.chosen, _chosen),
                class_name="chips",
                custom_attrs={"aria-label": "Chosen"},
            ),
        ),
        class_name="field people-field",
    )


def _found(each: Any) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            person(each["name"].to(str), detail=each["email"].to(str)),
            icon("plus", size="s"),
            type="button",
            class_name="menu-item",
            on_click=RoleMembers.choose(each["id"].to(str)),
        ),
        key=each["id"].to(str),
    )


def _chosen(each: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(each["name"].to(str), class_name="chip-value"),
        rx.el.button(
            icon("x", size="xs"),
            type="button",
            class_name="chip-clear",
            on_click=RoleMembers.unchoose(each["id"].to(str)),
            custom_attrs={"aria-label": "Leave out " + each["name"].to(str)},
        ),
        class_name="chip",
        key=each["id"].to(str),
    )


def _remove_dialog() -> rx.Component:
    names = RoleMembers.removing_names
    return confirm_dialog(
        "Remove from the role?",
        rx.el.span(
            rx.el.strong(grouped(names.length())),
            rx.cond(names.length() == 1, " person loses", " people lose"),
            " what only ",
            RoleRecord.role.name,
            " gives them, at once.",
        ),
        rx.el.ul(rx.foreach(names, rx.el.li), class_name="plain-list"),
        open=RoleMembers.removing,
        confirm_label="Remove",
        on_confirm=RoleMembers.remove,
        on_close=RoleMembers.close_dialogs,
    )

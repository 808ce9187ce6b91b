"""The list of users."""

from typing import Any

import reflex as rx

from app.features.users.list_state import CONFIRMED, SIGN_INS, UserList
from app.features.users.pages import user_status
from app.features.users.permissions import UserPermission
from app.features.views.pages import list_views, view_dialogs
from app.ui.list_view import (
    bulk_dialogs,
    clear_filters,
    filter_by,
    list_bulk_bar,
    list_instead,
    list_loading,
    list_pagination,
    list_toolbar,
    sort_by,
)
from app.ui.page_state import Console
from components.avatar import person
from components.button import button, link_button
from components.data_table import Column, data_table
from components.form_dialog import form_dialog
from components.form_field import form_field
from components.menu import csv_links, menu, menu_item
from components.page_header import page_header
from components.picker import filter_picker
from components.relative_time import relative_time
from components.select import select
from components.states import empty_state, no_match_state

_STATUSES = [("active", "Active"), ("suspended", "Suspended")]


def user_list_page() -> rx.Component:
    """List users: search, filter, sort, select."""
    return rx.fragment(
        page_header(
            "Users",
            "People who can sign in, and what they may do.",
            action=rx.cond(
                Console.may[UserPermission.CREATE],
                link_button(
                    "New user", href="/users/new", variant="primary", icon="plus", shortcut="n"
                ),
            ),
        ),
        list_toolbar(
            UserList,
            ("status", "Status", _STATUSES),
            ("sign_in", "Sign-in", list(SIGN_INS.items())),
            ("verified", "E-mail", list(CONFIRMED.items())),
            more=(_role_filter(),),
            search="Search users",
            placeholder="Name or e-mail",
            start=list_views(UserList),
            columns=_columns(),
            end=[
                menu(
                    *csv_links("/session/users/export?", UserList.narrowed),
                    label="More for this list",
                    icon="ellipsis",
                    variant="secondary",
                ),
            ],
        ),
        data_table(
            UserList.rows,
            _columns(),
            label="Users",
            row_name="name",
            sort=UserList.sort,
            on_sort=sort_by,
            selected=UserList.selected,
            all_selected=UserList.all_selected,
            on_select=UserList.select,
            visible=UserList.visible,
            widths=UserList.widths,
            on_resize=UserList.resize_column,
            compact=UserList.compact,
            loading=list_loading(UserList),
            empty=_nothing(),
        ),
        list_pagination(UserList),
        list_bulk_bar(
            rx.cond(
                Console.may[UserPermission.SUSPEND],
                rx.fragment(
                    button(
                        "Suspend", size="s", icon="pause", on_click=UserList.plan_bulk("suspend")
                    ),
                    button(
                        "Reactivate",
                        size="s",
                        icon="play",
                        on_click=UserList.plan_bulk("reactivate"),
                    ),
                ),
            ),
            rx.cond(
                Console.may[UserPermission.ASSIGN_ROLES],
                menu(
                    menu_item("Give a role…", icon="plus", on_click=UserList.ask_role("give")),
                    menu_item("Take a role…", icon="minus", on_click=UserList.ask_role("take")),
                    label="Roles",
                    size="s",
                    variant="secondary",
                ),
            ),
            state=UserList,
        ),
        _bulk_dialogs(),
        _role_dialog(),
        view_dialogs(UserList),
    )


def _columns() -> list[Column]:
    return [
        Column(
            "display_name",
            "Name",
            render=lambda row: person(row["name"].to(str), href="/users/" + row["id"].to(str)),
            sortable=True,
            size="wide",
            fixed=True,
        ),
        Column(
            "email",
            "E-mail",
            render=lambda row: rx.el.span(row["email"].to(str), title=row["email"].to(str)),
            sortable=True,
        ),
        Column("roles", "Roles"),
        Column(
            "status", "Status", render=lambda row: user_status(row["status"].to(str)), size="fit"
        ),
        Column(
            "last_sign_in_at",
            "Last sign-in",
            render=lambda row: relative_time(row["last_sign_in_at"].to(str), missing="never"),
            sortable=True,
            size="fit",
        ),
        Column(
            "created_at",
            "Created",
            render=lambda row: relative_time(row["created_at"].to(str)),
            sortable=True,
            size="fit",
        ),
    ]


def _nothing() -> rx.Component:
    return list_instead(
        UserList,
        rx.cond(
            UserList.chips.length() > 0,
            no_match_state(
                "No user matches the search and filters above.", on_clear=clear_filters(UserList)
            ),
            empty_state(
                "No users yet",
                "Everybody who can sign in stands here.",
                icon="users",
                action=link_button("New user", href="/users/new", variant="primary"),
            ),
        ),
    )


def _role_filter() -> rx.Component:
    return rx.cond(
        UserList.role_choices.length() > 0,
        filter_picker(
            "Role",
            UserList.role_choices,
            value=UserList.filters.get("role", "").to(str),
            on_change=lambda value: filter_by("role", value),
            multiple=True,
        ),
    )


def _role_dialog() -> rx.Component:
    giving = UserList.asking_role == "give"
    return form_dialog(
        rx.cond(giving, "Give a role", "Take a role"),
        form_field(
            "Role",
            select("role", UserList.role_options, placeholder="Choose…"),
            error=UserList.field_errors.get("role", "").to(str),
            required=True,
        ),
        open=UserList.asking_role != "",
        sentence=rx.cond(
            giving,
            "The selected users get it besides those that they have.",
            "The selected users lose it; their other roles stay.",
        ),
        on_submit=UserList.plan_role,
        on_close=UserList.leave_role,
        submit_label="Go on",
        errors=UserList.field_errors,
        version=UserList.asking_role,
    )


def _bulk_dialogs() -> rx.Component:
    def by_action(suspend: Any, reactivate: Any, give: Any, take: Any) -> Any:
        cases = (("suspend", suspend), ("give", give), ("take", take))
        return rx.match(UserList.bulk_action, *cases, reactivate)

    role = UserList.bulk_role
    return bulk_dialogs(
        UserList,
        question=by_action(
            "Suspend users?",
            "Reactivate users?",
            "Give the role " + role + "?",
            "Take the role " + role + "?",
        ),
        consequence=by_action(
            "of the selected users can no longer sign in; their sessions end.",
            "of the selected users can sign in again.",
            "of the selected users get it.",
            "of the selected users lose it.",
        ),
        verb=by_action("Suspend", "Reactivate", "Give", "Take"),
        doing=by_action(
            "Suspending users", "Reactivating users", "Giving the role", "Taking the role"
        ),
    )

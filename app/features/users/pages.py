"""The users' pages: list, record with its activity, and the form for a new one."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from app.features.audit.pages import activity_card
from app.features.audit.words import ACTIVITY_LIMIT
from app.features.users.permissions import UserPermission
from app.features.users.state import NewUser, UserList, UserRecord
from app.features.views.pages import list_views, view_dialogs
from app.ui.list_view import bulk_dialogs, list_bulk_bar, list_pagination
from app.ui.new_password import new_password_field
from app.ui.page_state import Console
from components.avatar import avatar, person
from components.badge import badge, status_badge
from components.button import button, link_button
from components.callout import callout
from components.card import card, stack
from components.checkbox import checkbox
from components.checkbox_list import checkbox_list
from components.confirm_dialog import confirm_dialog
from components.data_table import Column, data_table
from components.description_list import description_list
from components.diff_view import conflict_view
from components.form import form, save_bar
from components.form_dialog import form_dialog
from components.form_field import form_actions, form_field, form_group, form_section
from components.menu import menu, menu_item, menu_link, menu_separator
from components.page_header import page_header
from components.progress import skeleton
from components.relative_time import relative_time
from components.search_input import search_input
from components.states import empty_state, error_state, no_match_state, not_found_state
from components.tabs import tabs
from components.text_input import email_input, text_input
from components.toolbar import column_chooser, density_button, filter_chips, filter_menu, toolbar

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
        toolbar(
            filter_menu(
                "Status",
                _STATUSES,
                value=UserList.filters.get("status", "").to(str),
                on_change=lambda value: UserList.filter_by("status", value),
            ),
            filter_menu(
                "Role",
                UserList.role_options,
                value=UserList.filters.get("role", "").to(str),
                on_change=lambda value: UserList.filter_by("role", value),
            ),
            start=list_views(UserList),
            search=search_input(
                UserList.search,
                on_search=UserList.search_for,
                label="Search users",
                placeholder="Name or e-mail",
            ),
            end=[
                column_chooser(
                    _columns(),
                    visible=UserList.visible,
                    on_toggle=UserList.toggle_column,
                    on_move=UserList.move_column,
                    on_reset=UserList.reset_columns,
                ),
                density_button(UserList.compact, on_toggle=UserList.toggle_compact),
                menu(
                    menu_link(
                        "Export CSV",
                        href="/session/users/export?" + UserList.narrowed,
                        icon="download",
                        native=True,
                    ),
                    label="More for this list",
                    icon="ellipsis",
                    variant="secondary",
                ),
            ],
            chips=filter_chips(
                UserList.chips,
                on_clear=UserList.clear_filter,
                on_clear_all=UserList.clear_filters,
            ),
        ),
        data_table(
            UserList.rows,
            _columns(),
            label="Users",
            row_name="name",
            sort=UserList.sort,
            on_sort=UserList.sort_by,
            selected=UserList.selected,
            all_selected=UserList.all_selected,
            on_select=UserList.select,
            visible=UserList.visible,
            widths=UserList.widths,
            on_resize=UserList.resize_column,
            compact=UserList.compact,
            loading=UserList.loading,
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
            state=UserList,
        ),
        _bulk_dialogs(),
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
        Column("status", "Status", render=lambda row: _status(row["status"].to(str)), size="fit"),
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


def _status(status: Any) -> rx.Component:
    return status_badge(
        status,
        {
            "active": ("Active", "success", "circle_check"),
            "suspended": ("Suspended", "warning", "pause"),
        },
    )


def _nothing() -> rx.Component:
    return rx.cond(
        UserList.problem.message != "",
        error_state(
            UserList.problem.message,
            request_id=UserList.problem.request_id,
            on_retry=UserList.load,
        ),
        rx.cond(
            UserList.chips.length() > 0,
            no_match_state(
                "No user matches the search and filters above.", on_clear=UserList.clear_filters
            ),
            empty_state(
                "No users yet",
                "Everybody who can sign in stands here.",
                icon="users",
                action=link_button("New user", href="/users/new", variant="primary"),
            ),
        ),
    )


def _bulk_dialogs() -> rx.Component:
    suspending = UserList.bulk_action == "suspend"
    return bulk_dialogs(
        UserList,
        question=rx.cond(suspending, "Suspend users?", "Reactivate users?"),
        consequence=rx.cond(
            suspending,
            "of the selected users can no longer sign in; their sessions end.",
            "of the selected users can sign in again.",
        ),
        verb=rx.cond(suspending, "Suspend", "Reactivate"),
        doing=rx.cond(suspending, "Suspending users", "Reactivating users"),
    )


def new_user_page() -> rx.Component:
    """Ask for what a new user needs."""
    errors = NewUser.field_errors
    return rx.fragment(
        page_header("New user", "They can sign in as soon as you save."),
        form(
            rx.cond(NewUser.form_error, callout(NewUser.form_error, tone="danger", announce=True)),
            form_section(
                "Person",
                form_field(
                    "Name",
                    text_input("display_name", autofocus=True, autocomplete="off"),
                    error=errors.get("display_name", "").to(str),
                    required=True,
                ),
                form_field(
                    "E-mail",
                    email_input("email", autocomplete="off"),
                    help="They sign in with it.",
                    error=errors.get("email", "").to(str),
                    required=True,
                ),
                description="How others see them here.",
            ),
            form_section(
                "Sign-in",
                new_password_field(
                    "Password",
                    "password",
                    advice="Tell it to them by a channel you trust.",
                    error=errors.get("password", "").to(str),
                ),
                checkbox(
                    "must_change_password",
                    "Must be changed at the first sign-in",
                    default_checked=True,
                ),
            ),
            form_section(
                "Access",
                form_group(
                    "Roles",
                    checkbox_list("roles", NewUser.role_choices, label="Roles", filterable=False),
                    name="roles",
                    error=errors.get("roles", "").to(str),
                ),
                form_actions(
                    button("Create user", variant="primary", type="submit"),
                    link_button("Cancel", href="/users"),
                ),
                description="What they may do is all that their roles grant together.",
            ),
            on_submit=NewUser.save,
            class_name="form form-sections",
            errors=errors,
            ask_before_leaving=True,
            label="New user",
        ),
    )


def user_page() -> rx.Component:
    """Show and change one user."""
    may = Console.may
    return user_record(
        # A field shown before its value is known would lose what somebody types meanwhile.
        rx.cond(
            UserRecord.user.id,
            rx.el.div(
                stack(
                    rx.cond(may[UserPermission.UPDATE], _details_form(), _details()),
                    rx.cond(may[UserPermission.ASSIGN_ROLES] & ~UserRecord.gone, _roles_form()),
                ),
                card(description_list(_facts()), title="Record"),
                class_name="beside beside-top",
            ),
            card(skeleton(lines=6)),
        )
    )


def user_activity_page() -> rx.Component:
    """Show what was done to one user."""
    return user_record(
        activity_card(
            UserRecord.activity,
            sentence=f"The last {ACTIVITY_LIMIT} entries of the audit trail about this user.",
            nothing="What is done to this user stands here.",
        )
    )


def user_record(*content: rx.Component) -> rx.Component:
    """Put a page of one user under the head and the tabs that all of them share."""
    user = UserRecord.user
    return rx.cond(
        UserRecord.missing,
        not_found_state(href="/users", label="Back to users"),
        rx.fragment(
            rx.cond(
                UserRecord.gone,
                rx.fragment(
                    _header(badge("Deleted", tone="danger", icon="trash_2")),
                    _gone(),
                ),
                rx.fragment(
                    _header(_status(user.status), more=_actions()),
                    tabs(UserRecord.tabs, label="User"),
                ),
            ),
            *content,
            _password_dialog(),
            _delete_dialog(),
            _conflict_dialog(),
        ),
    )


def _header(mark: rx.Component, *, more: Sequence[rx.Component] = ()) -> rx.Component:
    user = UserRecord.user
    return page_header(
        rx.cond(user.name, user.name, "…"),
        user.email,
        lead=avatar(user.name, size="l"),
        mark=mark,
        more=more,
    )


def _gone() -> rx.Component:
    return callout(
        "Somebody deleted this user while you had the page open. Nothing can be saved any more; "
        "what you typed is still in the form, to be copied.",
        title="This user no longer exists",
        tone="danger",
        action=link_button("Back to users", href="/users", size="s"),
        announce=True,
    )


def _actions() -> list[rx.Component]:
    return [
        rx.cond(
            Console.may[UserPermission.UPDATE],
            menu_item("Set password", icon="key_round", on_click=UserRecord.open_password),
        ),
        rx.cond(
            Console.may[UserPermission.SUSPEND] & UserRecord.may_be_reactivated,
            menu_item("Reactivate", icon="play", on_click=UserRecord.reactivate),
        ),
        rx.cond(
            Console.may[UserPermission.SUSPEND] & UserRecord.may_be_suspended,
            menu_item("Suspend", icon="pause", on_click=UserRecord.suspend),
        ),
        rx.cond(
            Console.may[UserPermission.DELETE] & UserRecord.may_be_deleted,
            rx.fragment(
                menu_separator(),
                menu_item("Delete…", icon="trash_2", danger=True, on_click=UserRecord.ask_delete),
            ),
        ),
    ]


def _facts() -> list[tuple[str, rx.Component]]:
    user = UserRecord.user
    return [
        ("Last sign-in", relative_time(user.last_sign_in_at, missing="never")),
        ("Created", relative_time(user.created_at)),
        ("Changed", relative_time(user.updated_at)),
        ("Id", rx.el.code(user.id, class_name="mono")),
    ]


def _details_form() -> rx.Component:
    user, errors = UserRecord.user, UserRecord.field_errors
    return card(
        form(
            form_field(
                "Name",
                text_input(
                    "display_name", value=user.name, autocomplete="off", read_only=UserRecord.gone
                ),
                error=errors.get("display_name", "").to(str),
                required=True,
            ),
            form_field(
                "E-mail",
                email_input(
                    "email", value=user.email, autocomplete="off", read_only=UserRecord.gone
                ),
                error=errors.get("email", "").to(str),
                required=True,
            ),
            checkbox("verified", "E-mail address is confirmed", default_checked=user.verified),
            # What the change is based on travels with it, even when the server has forgotten.
            rx.el.input(
                type="hidden", name="version", value=user.version.to_string(), read_only=True
            ),
            rx.cond(UserRecord.gone, rx.fragment(), save_bar(error=UserRecord.form_error)),
            on_submit=UserRecord.save,
            version=user.id + user.version.to_string(),
            errors=errors,
            ask_before_leaving=True,
            label="Details",
        ),
        title="Details",
    )


def _details() -> rx.Component:
    user = UserRecord.user
    return card(
        description_list(
            [
                ("Name", user.name),
                ("E-mail", user.email),
                ("Confirmed", rx.cond(user.verified, "yes", "no")),
                ("Roles", rx.cond(user.roles, user.roles, "none")),
            ]
        ),
        title="Details",
    )


def _roles_form() -> rx.Component:
    user = UserRecord.user
    return card(
        form(
            checkbox_list("roles", UserRecord.role_choices, label="Roles", filterable=False),
            save_bar(label="Save roles"),
            on_submit=UserRecord.save_roles,
            version=user.id + user.version.to_string(),
            label="Roles",
        ),
        title="Roles",
        sentence="What this person may do is all that their roles grant together.",
    )


def _password_dialog() -> rx.Component:
    return form_dialog(
        "Set password",
        new_password_field(
            "New password",
            "password",
            advice="Tell it to them by a channel you trust.",
            error=UserRecord.field_errors.get("password", "").to(str),
        ),
        checkbox(
            "must_change_password", "Must be changed at the next sign-in", default_checked=True
        ),
        open=UserRecord.setting_password,
        sentence="Their open sessions end at once.",
        on_submit=UserRecord.save_password,
        on_close=UserRecord.close_dialogs,
        submit_label="Set password",
        errors=UserRecord.field_errors,
        error=UserRecord.form_error,
        version=UserRecord.user.version,
    )


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        "Delete user?",
        rx.el.span(
            UserRecord.user.name,
            " can no longer sign in and is gone for good. What they did stays in the audit trail.",
        ),
        rx.cond(
            UserRecord.consequences.length() > 0,
            rx.el.ul(
                rx.foreach(UserRecord.consequences, rx.el.li),
                class_name="plain-list",
            ),
        ),
        open=UserRecord.deleting,
        confirm_label="Delete user",
        type_name=UserRecord.user.email,
        on_confirm=UserRecord.delete,
        on_close=UserRecord.close_dialogs,
    )


def _conflict_dialog() -> rx.Component:
    return confirm_dialog(
        "Save anyway?",
        rx.el.span(UserRecord.conflict, " What you typed is still in the form."),
        conflict_view(UserRecord.conflict_fields),
        button("Take theirs instead", size="s", on_click=UserRecord.take_theirs),
        open=UserRecord.conflict != "",
        confirm_label="Save mine",
        on_confirm=UserRecord.overwrite,
        on_close=UserRecord.close_dialogs,
        danger=False,
    )

"""The users' pages: list, record with its activity, and the form for a new one."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from app.features.audit.pages import activity_card
from app.features.users.permissions import UserPermission
from app.features.users.state import NewUser, UserRecord
from app.ui.new_password import new_password_field
from app.ui.page_state import Console
from app.ui.record_view import record_conflict_dialog, record_gone, record_page
from components.avatar import avatar
from components.badge import badge, status_badge
from components.button import button, link_button
from components.callout import callout
from components.card import card, stack
from components.checkbox import checkbox
from components.checkbox_list import checkbox_list
from components.confirm_dialog import confirm_dialog
from components.description_list import Fact, description_list
from components.form import form, save_bar, version_field
from components.form_dialog import form_dialog
from components.form_field import form_actions, form_field, form_group, form_section
from components.icon import icon
from components.link_dialog import link_dialog
from components.menu import menu_item, menu_separator
from components.page_header import page_header
from components.radio_group import radio_group
from components.relative_time import relative_time
from components.tabs import tabs
from components.text_input import email_input, text_input

_LOCKED = "You may see this, but your roles do not let you change it."
_FEW_ROLES = 8
"""So many roles are found by looking."""


def user_status(status: Any) -> rx.Component:
    """What somebody's status says, as a badge."""
    return status_badge(
        status,
        {
            "active": ("Active", "success", "circle_check"),
            "suspended": ("Suspended", "warning", "pause"),
        },
    )


def new_user_page() -> rx.Component:
    """Ask for what a new user needs."""
    errors = NewUser.field_errors
    return rx.fragment(
        page_header("New user", "They are here as soon as you save."),
        form(
            rx.cond(NewUser.form_error, callout(NewUser.form_error, tone="danger", announce=True)),
            rx.cond(
                NewUser.locked.length() > 0,
                callout(
                    "Your roles do not let you set ",
                    NewUser.locked.join(", "),
                    ", which a new user needs.",
                    title="You cannot create users",
                    tone="warning",
                ),
            ),
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
                rx.cond(
                    Console.may[UserPermission.RESET_CREDENTIALS],
                    radio_group(
                        "first_sign_in",
                        "How they get their password",
                        [
                            ("link", "By a link", "They choose it; the link works once."),
                            ("password", "From you", "They choose another at the first sign-in."),
                        ],
                        value="link",
                        error=errors.get("first_sign_in", "").to(str),
                    ),
                ),
                rx.el.div(
                    new_password_field(
                        "Password",
                        "password",
                        advice="Tell it to them by a channel you trust; they choose their own at "
                        "the first sign-in.",
                        required=False,
                        error=errors.get("password", "").to(str),
                    ),
                    class_name="given-password",
                ),
            ),
            form_section(
                "Access",
                rx.cond(
                    NewUser.writable["roles"],
                    form_group(
                        "Roles",
                        _role_boxes(NewUser.role_choices),
                        name="roles",
                        error=errors.get("roles", "").to(str),
                    ),
                    rx.el.p("They get the role user.", class_name="quiet"),
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
            label="New user",
        ),
    )


def user_page() -> rx.Component:
    """Show and change one user."""
    may = Console.may
    return user_record(
        rx.el.div(
            stack(
                rx.cond(
                    may[UserPermission.UPDATE] & UserRecord.may_change_details,
                    _details_form(),
                    _details(),
                ),
                rx.cond(
                    UserRecord.readable["roles"] & UserRecord.writable["roles"] & ~UserRecord.gone,
                    _roles_form(),
                ),
            ),
            card(description_list(_facts()), title="Record"),
            class_name="beside beside-top",
        )
    )


def user_activity_page() -> rx.Component:
    """Show what was done to one user."""
    return user_record(activity_card(UserRecord, thing="user"))


def user_record(*content: rx.Component) -> rx.Component:
    """Put a page of one user under the head and the tabs that all of them share."""
    user = UserRecord.user
    return record_page(
        UserRecord,
        rx.fragment(
            rx.cond(
                UserRecord.gone,
                rx.fragment(
                    _header(badge("Deleted", tone="danger", icon="trash_2")),
                    record_gone("user", href="/users"),
                ),
                rx.fragment(
                    _header(
                        rx.cond(UserRecord.readable["status"], user_status(user.status)),
                        more=_actions(),
                    ),
                    tabs(UserRecord.tabs, label="User"),
                ),
            ),
            *content,
            _reset_dialog(),
            _email_dialog(),
            _delete_dialog(),
            record_conflict_dialog(UserRecord),
        ),
        noun="user",
        href="/users",
    )


def _header(mark: rx.Component, *, more: Sequence[rx.Component] = ()) -> rx.Component:
    user = UserRecord.user
    return page_header(
        rx.cond(user.title, user.title, "…"),
        rx.cond(user.title != user.email, user.email, ""),
        lead=avatar(user.title, size="l"),
        mark=mark,
        more=more,
    )


def _actions() -> list[rx.Component]:
    return [
        rx.cond(
            Console.may[UserPermission.RESET_CREDENTIALS] & UserRecord.may_be_reset,
            menu_item("Reset password…", icon="key_round", on_click=UserRecord.ask_reset),
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


def _facts() -> list[Fact]:
    user, shown = UserRecord.user, UserRecord.readable
    return [
        (
            "Last sign-in",
            relative_time(user.last_sign_in_at, missing="never"),
            shown["last_sign_in_at"],
        ),
        ("Created", relative_time(user.created_at), shown["created_at"]),
        ("Changed", relative_time(user.updated_at), shown["updated_at"]),
        ("Id", rx.el.code(user.id, class_name="mono")),
    ]


def _details_form() -> rx.Component:
    user, errors = UserRecord.user, UserRecord.field_errors
    shown, writable = UserRecord.readable, UserRecord.writable

    def is_locked(name: str) -> Any:
        return UserRecord.gone | ~writable[name]

    return card(
        form(
            rx.cond(
                shown["display_name"],
                form_field(
                    "Name",
                    text_input(
                        "display_name",
                        value=user.name,
                        autocomplete="off",
                        read_only=is_locked("display_name"),
                    ),
                    help=_lock("display_name"),
                    error=errors.get("display_name", "").to(str),
                    required=writable["display_name"],
                ),
            ),
            rx.cond(shown["email"], _email_field()),
            version_field(user.version),
            rx.cond(UserRecord.gone, rx.fragment(), save_bar(error=UserRecord.form_error)),
            on_submit=UserRecord.save,
            version=user.id + user.version.to_string(),
            discarded=UserRecord.discarded,
            errors=errors,
            label="Details",
        ),
        title="Details",
    )


def _email_field() -> rx.Component:
    """Show the address; another dialog changes it, for it is what they sign in with."""
    user = UserRecord.user
    return form_field(
        "E-mail",
        email_input("current_email", value=user.email, autocomplete="off", read_only=True),
        help=rx.el.span(
            "They sign in with it. ",
            rx.cond(
                UserRecord.readable["verified"],
                rx.cond(user.verified, "It is confirmed.", "It is not confirmed."),
                "",
            ),
        ),
        action=rx.cond(
            Console.may[UserPermission.RESET_CREDENTIALS] & ~UserRecord.gone,
            button("Change…", variant="ghost", size="s", on_click=UserRecord.ask_email),
        ),
    )


def _lock(name: str) -> rx.Component:
    """Say why a field is locked; nothing when it is open."""
    return rx.cond(
        UserRecord.writable[name],
        rx.fragment(),
        rx.el.span(icon("lock", size="xs"), _LOCKED, class_name="lock"),
    )


def _details() -> rx.Component:
    user, shown = UserRecord.user, UserRecord.readable
    return card(
        description_list(
            [
                ("Name", user.name, shown["display_name"]),
                ("E-mail", user.email, shown["email"]),
                ("Confirmed", rx.cond(user.verified, "yes", "no"), shown["verified"]),
                ("Roles", rx.cond(user.roles, user.roles, "none"), shown["roles"]),
            ]
        ),
        title="Details",
        sentence=rx.cond(Console.may[UserPermission.UPDATE], _LOCKED, ""),
    )


def _roles_form() -> rx.Component:
    user = UserRecord.user
    return card(
        form(
            _role_boxes(UserRecord.role_choices),
            save_bar(label="Save roles"),
            on_submit=UserRecord.save_roles,
            version=user.id + user.version.to_string(),
            label="Roles",
        ),
        title="Roles",
        sentence="What this person may do is all that their roles grant together.",
    )


def _role_boxes(choices: Any) -> rx.Component:
    """Choose roles; a field to look for one appears where they are many."""
    return checkbox_list("roles", choices, label="Roles", filterable=choices.length() > _FEW_ROLES)


def _reset_dialog() -> rx.Component:
    return link_dialog(
        rx.cond(UserRecord.invited, "Invite", "Reset password"),
        action="/session/users/" + UserRecord.user.id + "/reset-credentials",
        option="end_sessions",
        option_label=rx.cond(UserRecord.invited, "", "End their open sessions at once"),
        sentence=rx.el.span(
            UserRecord.user.title,
            rx.cond(UserRecord.invited, " chooses a password", " chooses a new password"),
            " by a link that works once. Hand it to them, and to nobody else, by a channel you "
            "trust.",
        ),
        open=UserRecord.resetting,
        on_close=UserRecord.close_dialogs,
    )


def _email_dialog() -> rx.Component:
    user, errors = UserRecord.user, UserRecord.field_errors
    return form_dialog(
        "Change e-mail address",
        form_field(
            "E-mail",
            email_input("email", value=user.email, autocomplete="off"),
            error=errors.get("email", "").to(str),
            required=True,
        ),
        rx.cond(
            UserRecord.is_self,
            rx.fragment(),
            checkbox(
                "verified",
                "It is confirmed that the address is theirs",
                default_checked=user.verified,
            ),
        ),
        open=UserRecord.changing_email,
        sentence="They sign in with it. With another address, their open sessions end.",
        on_submit=UserRecord.save_email,
        on_close=UserRecord.close_dialogs,
        submit_label="Save address",
        errors=errors,
        error=UserRecord.form_error,
        version=user.version,
    )


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        "Delete user?",
        rx.el.span(
            UserRecord.user.title,
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
        type_name=UserRecord.user.title,
        on_confirm=UserRecord.delete,
        on_close=UserRecord.close_dialogs,
    )

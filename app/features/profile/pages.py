"""The page about oneself."""

from typing import Any

import reflex as rx
from reflex_base.style import color_mode, set_color_mode

from app.features.auth.pages import end_button, password_change_form, session_table
from app.features.profile.state import OwnSessions, PermissionRow, Profile
from app.ui.list_view import list_loading
from app.ui.page_state import Console
from components.avatar import avatar
from components.badge import badge
from components.button import button
from components.card import card
from components.code import code, kbd
from components.data_table import Column, data_table
from components.form import form, save_bar
from components.form_field import form_actions, form_field, form_section
from components.page_header import page_header
from components.progress import skeleton
from components.radio_group import radio_group
from components.states import error_state
from components.tabs import tabs
from components.text_input import text_input

PASSWORD_CHANGED = "/profile?password=changed"  # noqa: S105 - an address


def profile_page() -> rx.Component:
    """Show who one is here, what one may do, and change what is one's own to change."""
    problem = Profile.problem
    return _own_page(
        rx.cond(
            problem.message != "",
            error_state(problem.message, request_id=problem.request_id, on_retry=Profile.load),
            rx.cond(
                Profile.loading,
                skeleton(lines=6),
                rx.el.div(_name(), _access(), _password(), _appearance(), _keyboard()),
            ),
        ),
    )


def own_sessions_page() -> rx.Component:
    """Show where one is signed in, and end it elsewhere."""
    return _own_page(
        card(
            session_table(
                OwnSessions.sessions,
                loading=list_loading(OwnSessions),
                end=lambda row: end_button(OwnSessions.end(row.id)),
            ),
            title="Sessions",
            sentence="Browsers and programs in which you are signed in. If you do not know one of "
            "them, end it and change your password.",
            actions=(
                rx.cond(
                    OwnSessions.sessions.length() > 1,
                    button(
                        "End all others", size="s", icon="log_out", on_click=OwnSessions.end_others
                    ),
                ),
            ),
            flush=True,
        ),
    )


def _own_page(*content: rx.Component) -> rx.Component:
    return rx.fragment(
        page_header("Profile", Console.email, lead=avatar(Console.name, size="l")),
        tabs([("Profile", "/profile"), ("Sessions", "/profile/sessions")], label="Profile"),
        *content,
    )


def _name() -> rx.Component:
    return form_section(
        "You",
        form(
            form_field(
                "Name",
                text_input("display_name", value=Profile.name, autocomplete="name"),
                error=Profile.field_errors.get("display_name", "").to(str),
                required=True,
            ),
            save_bar(error=Profile.form_error),
            on_submit=Profile.save,
            version=Profile.form_version,
            errors=Profile.field_errors,
            label="You",
        ),
        form_field(
            "E-mail",
            text_input("email", value=Profile.email, read_only=True),
            help="You sign in with it. An administrator can change it.",
        ),
        description="How others see you here.",
    )


def _access() -> rx.Component:
    return form_section(
        "Roles and permissions",
        rx.cond(
            Profile.roles.length() > 0,
            rx.el.ul(rx.foreach(Profile.roles, _role), class_name="line", aria_label="Your roles"),
            rx.el.p("You have no role yet.", class_name="quiet"),
        ),
        rx.cond(
            Profile.permissions.length() > 0,
            rx.fragment(
                rx.cond(
                    Profile.holds_all,
                    rx.el.p("Your roles grant everything, also what is added later."),
                ),
                data_table(
                    Profile.permissions,
                    [
                        Column("description", "You may", size="wide"),
                        Column("code", "Permission", render=_permission, size="fit"),
                    ],
                    label="Your permissions",
                    row_key="code",
                    compact=True,
                ),
            ),
            rx.el.p(
                "You can sign in and manage this profile. For more, ask an administrator.",
                class_name="quiet",
            ),
        ),
        description="What you may do is all that your roles grant together.",
    )


def _role(name: Any) -> rx.Component:
    return rx.el.li(badge(name))


def _permission(row: PermissionRow) -> rx.Component:
    return code(row.code)


def _password() -> rx.Component:
    return form_section(
        "Password",
        password_change_form(
            form_actions(button("Change password", type="submit")), next_path=PASSWORD_CHANGED
        ),
        description="All your other sessions end when you change it.",
    )


def _appearance() -> rx.Component:
    return form_section(
        "Appearance",
        radio_group(
            "theme",
            "Theme",
            [
                ("system", "As the device", "Follows the setting of your device."),
                ("light", "Light"),
                ("dark", "Dark"),
            ],
            value=color_mode,
            on_change=set_color_mode,
        ),
        description="Kept in this browser.",
    )


def _keyboard() -> rx.Component:
    return form_section(
        "Keyboard",
        rx.el.p("Press ", kbd("?"), " on any page to see what the keys do there."),
        form_actions(button("Show all keys", icon="keyboard", opens="keyboard-help")),
        description="Everything works without a mouse.",
    )

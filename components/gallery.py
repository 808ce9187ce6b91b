"""Every component in every state, on one page; for development only."""

from collections.abc import Sequence

import reflex as rx

from components.auth_layout import auth_layout
from components.button import button
from components.callout import callout
from components.checkbox import checkbox
from components.command_palette import Command
from components.form_field import form_field
from components.gallery_controls import controls
from components.gallery_lists import lists
from components.gallery_records import records
from components.gallery_resources import drawn
from components.gallery_states import situations
from components.icon_button import icon_button
from components.link import link
from components.menu import menu_item
from components.page_header import page_header
from components.password_input import password_input
from components.post_form import post_form
from components.shell import NavItem, NavSection, Palette, Person, shell
from components.tabs import tabs
from components.text_input import email_input
from components.toasts import Toast, toasts

SECTIONS: Sequence[NavSection] = (
    NavSection("Overview", (NavItem("Gallery", "/gallery", "layout_dashboard", go="y"),)),
    NavSection(
        "Access",
        (
            NavItem("Users", "/users", "users", go="u", count="12"),
            NavItem("Roles", "/roles", "shield", go="r"),
        ),
    ),
    NavSection("Operations", (NavItem("Audit", "/audit", "scroll_text", go="a"),)),
    NavSection("Absent", (NavItem("Never seen", "/never", "eye_off", visible=False),)),
)

COMMANDS: Sequence[Command] = (
    {"id": "invite", "label": "Invite user", "group": "Actions", "opens": "gallery-form"},
    {"id": "keys", "label": "Keyboard", "group": "Actions", "opens": "keyboard-help", "keys": "?"},
)

MESSAGES: list[Toast] = [
    {"id": "1", "kind": "danger", "message": "The import stopped at row 340.", "action": ""},
    {"id": "2", "kind": "danger", "message": "Kim Doe was not suspended.", "action": "Try again"},
    {
        "id": "3",
        "kind": "danger",
        "message": "This needs the permission user.delete.",
        "action": "",
        "why": "/access/explain",
    },
]


def gallery_page() -> rx.Component:
    """Show the kit inside the console's shell; mount it where developers find it."""
    return shell(
        page_header(
            "Gallery",
            "Every component in every state. Switch the theme, the width and the keyboard on it.",
            action=button(
                "Invite user", variant="primary", icon="plus", shortcut="n", opens="gallery-form"
            ),
            secondary=[button("Export", icon="download")],
            more=[
                menu_item("Import", icon="upload"),
                menu_item("Delete all", icon="trash_2", danger=True),
            ],
        ),
        tabs(
            [("Components", "/gallery"), ("Sign-in", "/gallery/sign-in")], label="Parts of the kit"
        ),
        controls(),
        lists(),
        records(),
        drawn(),
        situations(),
        sections=SECTIONS,
        trail=[("Overview", None), ("Gallery", None)],
        who=Person("Anna Berg", "anna@northwind.example"),
        palette=Palette(commands=COMMANDS),
        messages=toasts(MESSAGES, on_dismiss=rx.prevent_default, on_action=rx.prevent_default),
        extra=[icon_button("bell", "Notifications")],
        wide=True,
    )


def gallery_sign_in_page() -> rx.Component:
    """Show the layout of sign-in and its sisters."""
    return auth_layout(
        "Sign in",
        callout("E-mail or password is wrong.", tone="danger", announce=True),
        post_form(
            form_field("E-mail", email_input(autocomplete="username"), required=True),
            form_field(
                "Password",
                password_input(),
                required=True,
                action=link("Forgot password?", href="/gallery"),
            ),
            checkbox("remember", "Keep me signed in on this device"),
            button("Sign in", variant="primary", type="submit", size="l", full_width=True),
            action="/gallery/sign-in",
            label="Sign in",
            hidden={"next": "/"},
        ),
        sentence="Welcome back.",
        footer=rx.el.span("New here? Ask an administrator for an invitation."),
    )

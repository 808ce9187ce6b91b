"""The pages around a session: sign in, change one's password."""

import reflex as rx

from app.features.auth.state import SignIn
from app.ui.new_password import new_password_field
from app.ui.page_policy import SIGN_OUT
from app.ui.page_state import Console
from components.auth_layout import auth_layout
from components.button import button
from components.form_field import form_field
from components.native_form import native_form
from components.password_input import password_input
from components.post_form import post_form
from components.text_input import email_input


def sign_in_page() -> rx.Component:
    """Ask who is there."""
    return auth_layout(
        "Sign in",
        post_form(
            form_field("E-mail", email_input("email", autofocus=True), required=True),
            form_field(
                "Password",
                password_input("password", autocomplete="current-password"),
                required=True,
            ),
            button("Sign in", variant="primary", size="l", type="submit", full_width=True),
            action="/session/sign-in",
            label="Sign in",
            hidden={"next": SignIn.next},
        ),
        sentence="Use the account your administrator gave you.",
    )


def change_password_page() -> rx.Component:
    """Ask for a new password before anything else can be done."""
    submit = button("Change password", variant="primary", size="l", type="submit", full_width=True)
    return auth_layout(
        "Choose a new password",
        password_change_form(submit, autofocus=True),
        sentence="The one you signed in with was set for you. Other sessions will end.",
        footer=native_form(
            button("Sign out", variant="ghost", icon="log_out", type="submit"),
            action=SIGN_OUT,
            label="Sign out",
        ),
    )


def password_change_form(
    submit: rx.Component, *, next_path: str = "/", autofocus: bool = False
) -> rx.Component:
    """Ask for one's own password, old and new.

    Args:
        submit: The button that sends it.
        next_path: Where to go when it is changed.
        autofocus: Whether typing starts here when the page opens.
    """
    return post_form(
        # Tells password managers whose password it is.
        rx.el.input(
            type="text",
            value=Console.email,
            read_only=True,
            tab_index=-1,
            auto_complete="username",
            class_name="visually-hidden",
            aria_hidden="true",
        ),
        form_field(
            "Current password",
            password_input(
                "current_password", autocomplete="current-password", autofocus=autofocus
            ),
            required=True,
        ),
        new_password_field("New password", "new_password"),
        submit,
        action="/session/password",
        label="Change password",
        hidden={"next": next_path},
    )

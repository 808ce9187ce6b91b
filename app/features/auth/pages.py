"""The pages around a session: sign in, change one's password."""

import reflex as rx

from app.features.auth.state import SignIn
from components.auth_layout import auth_layout
from components.button import button
from components.form_field import form_field
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
    return auth_layout(
        "Choose a new password",
        post_form(
            form_field(
                "Current password",
                password_input("current_password", autocomplete="current-password"),
                required=True,
            ),
            form_field(
                "New password",
                password_input("new_password", autocomplete="new-password"),
                help="At least 8 characters; a sentence you remember is best.",
                required=True,
            ),
            button("Change password", variant="primary", size="l", type="submit", full_width=True),
            action="/session/password",
            label="Change password",
        ),
        sentence="The one you signed in with was set for you. Other sessions will end.",
    )

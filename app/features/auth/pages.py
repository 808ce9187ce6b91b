"""The pages around a session: sign in, change one's password, see where somebody is signed in."""

from typing import Any

import reflex as rx

from app.features.auth.permissions import SessionPermission
from app.features.auth.state import SessionRow, UserSessions
from app.features.users.pages import user_record
from app.ui.ended_sessions import SENTENCES
from app.ui.list_view import list_loading
from app.ui.new_password import new_password_field, user_name_for_password_manager
from app.ui.page_policy import SIGN_OUT
from app.ui.page_state import Console
from components.address_words import address_words
from components.auth_layout import auth_layout
from components.badge import badge
from components.button import button
from components.card import card
from components.data_table import Column, data_table
from components.form_field import form_field
from components.icon import icon
from components.native_form import native_form
from components.password_input import password_input
from components.post_form import post_form
from components.relative_time import relative_time
from components.states import empty_state
from components.text_input import email_input


def sign_in_page() -> rx.Component:
    """Ask who is there."""
    return auth_layout(
        "Sign in",
        address_words("why", {str(why): words for why, words in SENTENCES.items()}),
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
            from_address=["next"],
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


def reset_password_page() -> rx.Component:
    """Ask somebody who has a one-time link for a new password."""
    return auth_layout(
        "Choose your password",
        post_form(
            new_password_field("New password", "new_password"),
            button("Set password", variant="primary", size="l", type="submit", full_width=True),
            action="/session/reset-password",
            label="Choose your password",
            from_tab=["token"],
        ),
        sentence="The link you opened works once. Afterwards, sign in with the new password.",
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
        user_name_for_password_manager(),
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


def user_sessions_page() -> rx.Component:
    """Show where one user is signed in, and end it."""
    may_end = Console.may[SessionPermission.REVOKE]
    others = UserSessions.sessions.length() > 0
    return user_record(
        card(
            session_table(
                UserSessions.sessions,
                loading=list_loading(UserSessions),
                end=lambda row: rx.cond(may_end, end_button(UserSessions.revoke(row.id))),
            ),
            title="Sessions",
            sentence="Browsers and programs in which this person is signed in.",
            actions=(
                rx.cond(
                    may_end & others,
                    button("End all", size="s", icon="log_out", on_click=UserSessions.revoke_all),
                ),
            ),
            flush=True,
        )
    )


def session_table(rows: Any, *, loading: Any, end: Any) -> rx.Component:
    """List sessions, the last used first.

    Args:
        rows: `SessionRow` each.
        loading: Whether they are on their way.
        end: Draws the button that ends the row's session, from the row.
    """
    return data_table(
        rows,
        [
            Column("what", "Where", render=_where, size="wide", fixed=True),
            Column("address", "Address"),
            Column(
                "last_used_at",
                "Last used",
                render=lambda row: relative_time(row["last_used_at"].to(str)),
                size="fit",
            ),
            Column(
                "created_at",
                "Started",
                render=lambda row: relative_time(row["created_at"].to(str)),
                size="fit",
            ),
        ],
        label="Sessions",
        actions=lambda row: rx.cond(row.is_current, _here(), end(row)),
        row_name="what",
        loading=loading,
        empty=empty_state(
            "Signed in nowhere", "Open sessions stand here.", icon="monitor_smartphone"
        ),
    )


def end_button(on_click: Any) -> rx.Component:
    """End the session of a row."""
    return button("End", size="s", on_click=on_click)


def _where(row: SessionRow) -> rx.Component:
    return rx.el.span(
        rx.cond(row.is_program, icon("terminal", size="s"), icon("monitor", size="s")),
        rx.el.span(row.what),
        rx.cond(row.is_program, badge("Program")),
        class_name="line",
    )


def _here() -> rx.Component:
    return badge("This session", tone="success", icon="circle_check")

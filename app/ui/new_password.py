"""The field for a password that somebody chooses."""

from typing import Any

import reflex as rx

from app.ui.page_state import Console
from components.form_field import form_field
from components.password_input import password_input


def new_password_field(
    label: str,
    name: str,
    *,
    advice: str = "A sentence you remember is best.",
    required: bool = True,
    error: Any = "",
) -> rx.Component:
    """Ask for a password, and say beforehand what is asked of it.

    Args:
        label: What is asked.
        name: The field.
        advice: One more sentence.
        required: The browser sends no form without it.
        error: Message at the field.
    """
    return form_field(
        label,
        password_input(name, autocomplete="new-password"),
        help=rx.fragment("At least ", Console.password_min_length, f" characters. {advice}"),
        error=error,
        required=required,
    )


def user_name_for_password_manager() -> rx.Component:
    """A field that nobody sees: it tells password managers whose password is asked for."""
    return rx.el.input(
        type="text",
        value=Console.email,
        read_only=True,
        tab_index=-1,
        auto_complete="username",
        class_name="visually-hidden",
        aria_hidden="true",
    )

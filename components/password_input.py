"""A password field with a show and hide button."""

from typing import Any, ClassVar, Literal

import reflex as rx

from components.browser_module import browser_module
from components.values import Flag, Text, attributes


class _PasswordInput(rx.Component):
    library = browser_module("password_input.jsx")
    tag = "PasswordInput"
    is_field: ClassVar[bool] = True

    name: rx.Var[str]
    required: rx.Var[bool]
    disabled: rx.Var[bool]
    auto_complete: rx.Var[str]
    auto_focus: rx.Var[bool]


def password_input(
    name: str = "password",
    *,
    autocomplete: Literal["current-password", "new-password"] = "current-password",
    required: Flag = False,
    disabled: Flag = False,
    autofocus: bool = False,
    id: Text | None = None,  # noqa: A002 - the HTML word
    attrs: dict[str, Any] | None = None,
) -> rx.Component:
    """Take a password; it is never given a value from state.

    Args:
        name: Field name in the form's data; also names the ids.
        autocomplete: `new-password` lets password managers suggest one.
        required: The form is not sent without it.
        disabled: Cannot be used now.
        autofocus: Where typing starts when the page or dialog opens.
        id: Another id, when the same name appears twice on a page.
        attrs: Further HTML attributes.
    """
    props: dict[str, Any] = {"auto_focus": True} if autofocus else {}
    return _PasswordInput.create(
        name=name,
        auto_complete=autocomplete,
        required=required,
        disabled=disabled,
        custom_attrs=attributes(
            id=f"field-{name}" if id is None else id, data_autofocus="true" if autofocus else None
        )
        | (attrs or {}),
        **props,
    )

"""The day on which something ends."""

from typing import ClassVar

import reflex as rx

from components.browser_module import browser_module
from components.form_field import form_field
from components.values import Text


class _LastDay(rx.Component):
    library = browser_module("last_day.jsx")
    tag = "LastDay"
    is_field: ClassVar[bool] = True

    name: rx.Var[str]


def last_day_field(name: str, *, error: Text = "") -> rx.Component:
    """Ask for a last day; the form's data holds the moment at which it ends where its reader is.

    Args:
        name: Field name in the form's data; also names the ids.
        error: What is wrong with it.
    """
    return form_field(
        "Last day",
        _LastDay.create(name=name, class_name="input", custom_attrs={"id": f"field-{name}"}),
        help="It ends when this day does, in your own time zone. Empty: for good.",
        error=error,
        optional=True,
    )

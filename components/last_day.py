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


class _End(rx.Component):
    library = browser_module("last_day.jsx")
    tag = "End"

    value: rx.Var[str]
    missing: rx.Var[str]


def end_time(value: Text, *, missing: Text = "for good") -> rx.Component:
    """Say when something ends, in the reader's own clock: *the end of 4 Dec 2026*.

    Args:
        value: ISO 8601 with a time zone; empty when it does not end.
        missing: Words for an empty value.
    """
    return _End.create(value=value, missing=missing)


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

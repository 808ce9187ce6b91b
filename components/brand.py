"""The mark of Atrium: an open court under a roof line."""

import reflex as rx

from components.values import Text


def brand_mark() -> rx.Component:
    """Draw the mark in the current text colour."""
    return rx.el.svg(
        rx.el.path(d="M3 21V9.6L12 3l9 6.6V21h-4.2v-9L12 8.5 7.2 12v9z"),
        rx.el.path(d="M10.2 21v-5.2a1.8 1.8 0 0 1 3.6 0V21z", class_name="brand-door"),
        view_box="0 0 24 24",
        class_name="brand-mark",
        custom_attrs={"aria-hidden": "true", "focusable": "false"},
    )


def brand(name: Text = "Atrium") -> rx.Component:
    """Show mark and name.

    Args:
        name: What the installation is called.
    """
    return rx.el.span(brand_mark(), rx.el.span(name, class_name="brand-name"), class_name="brand")

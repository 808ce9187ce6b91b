"""What addresses that lead nowhere show, signed in or not."""

import reflex as rx

from app.core.registry import Registry
from app.ui.page_state import Console
from app.ui.shell import frame
from components.brand import brand
from components.link import link
from components.states import not_found_state

TITLE = "Not found"


def not_found_page(registry: Registry) -> rx.Component:
    """Say that there is nothing, in the console to those who are signed in."""
    return rx.cond(
        Console.email != "",
        frame(not_found_state(), registry=registry, trail=[(TITLE, None)]),
        rx.el.div(
            rx.el.header(
                link(
                    brand(), href="/", class_name="brand-link", attrs={"aria-label": "Atrium, home"}
                ),
                class_name="auth-brand",
            ),
            rx.el.main(not_found_state(), class_name="auth-main", custom_attrs={"id": "main"}),
            class_name="auth",
        ),
    )

"""What addresses that lead nowhere show, signed in or not."""

import reflex as rx

from components.brand import brand
from components.link import link
from components.states import not_found_state


def not_found_page() -> rx.Component:
    """Say that there is nothing, without telling what exists."""
    return rx.el.div(
        rx.el.header(
            link(brand(), href="/", class_name="brand-link", attrs={"aria-label": "Atrium, home"}),
            class_name="auth-brand",
        ),
        rx.el.main(not_found_state(), class_name="auth-main", custom_attrs={"id": "main"}),
        class_name="auth",
    )

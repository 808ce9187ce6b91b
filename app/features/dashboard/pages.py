"""The overview page."""

import reflex as rx

from app.ui.page_state import Console
from components.page_header import page_header


def overview_page() -> rx.Component:
    """Show the numbers of the morning."""
    return rx.fragment(
        page_header("Overview", "What happened, and whether all is well."), rx.el.p(Console.name)
    )

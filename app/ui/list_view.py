"""What the pages of all lists show alike."""

from typing import Any

import reflex as rx

from components.pagination import pagination


def list_pagination(state: Any) -> rx.Component:
    """Say where in the list this page is, and go on.

    Args:
        state: The state class of the list, a `ListState`.
    """
    return pagination(
        start=state.first,
        end=state.last,
        total=state.total,
        or_more=~state.total_is_exact,
        has_previous=state.previous_cursor != "",
        has_next=state.next_cursor != "",
        on_previous=state.go_previous,
        on_next=state.go_next,
        page_size=state.page_size,
        on_page_size=state.set_page_size,
    )

"""What the pages of all lists show alike."""

from typing import Any

import reflex as rx

from components.bulk_bar import bulk_bar
from components.pagination import pagination


def list_pagination(state: Any) -> rx.Component:
    """Say where in the list this page is, and go on.

    Args:
        state: The state class of the list, a `ListState`.
    """
    return rx.cond(
        state.problem.message == "",
        pagination(
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
        ),
    )


def list_bulk_bar(*actions: rx.Component, state: Any) -> rx.Component:
    """Name what is selected, and offer to select everything that matches.

    Args:
        *actions: What can be done with it; each shows what it will change before it does.
        state: The state class of the list, a `ListState`.
    """
    return bulk_bar(
        *actions,
        count=state.selected.length(),
        total=state.total,
        or_more=~state.total_is_exact,
        page_selected=state.selected.length() == state.rows.length(),
        all_selected=state.all_selected,
        on_select_all=state.select_all,
        on_clear=state.clear_selection,
    )

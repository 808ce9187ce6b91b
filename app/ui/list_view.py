"""What the pages of all lists show alike."""

from typing import Any

import reflex as rx

from app.core.bulk import MOST
from components.bulk_bar import bulk_bar
from components.confirm_dialog import confirm_dialog
from components.modal import close_button, modal
from components.number import grouped
from components.pagination import pagination
from components.progress import progress


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


def bulk_dialogs(
    state: Any, *, question: Any, consequence: Any, verb: Any, doing: Any
) -> rx.Component:
    """Say what a bulk action will change before it does, then how far it is.

    Args:
        state: The state class of the list, a `BulkListState`.
        question: *Suspend users?*
        consequence: What it means for those who are named below.
        verb: Of the button: *Suspend*.
        doing: *Suspending users*.
    """
    more = state.bulk_count - state.bulk_names.length()
    done = rx.fragment(grouped(state.bulk_done), " of ", grouped(state.bulk_count))
    return rx.fragment(
        confirm_dialog(
            question,
            rx.cond(
                state.bulk_count > 0,
                rx.el.span(rx.el.strong(grouped(state.bulk_count)), " ", consequence),
                "There is nobody to change.",
            ),
            rx.el.ul(
                rx.foreach(state.bulk_names, rx.el.li),
                rx.cond(more > 0, rx.el.li("and ", grouped(more), " more")),
                class_name="plain-list",
            ),
            rx.foreach(state.bulk_skipped, lambda words: rx.el.p(words, class_name="quiet")),
            rx.cond(
                state.bulk_is_cut,
                rx.el.p(
                    f"Only the first {MOST:,} are looked at; repeat it for the others.",
                    class_name="quiet",
                ),
            ),
            open=(state.bulk_action != "") & ~state.bulk_working,
            confirm_label=verb,
            on_confirm=state.apply_bulk,
            on_close=state.cancel_bulk,
        ),
        modal(
            doing,
            progress(state.bulk_done, label=doing, total=state.bulk_count, sentence=done),
            open=state.bulk_working,
            footer=(close_button("Stop"),),
            dismissable=False,
            on_close=state.cancel_bulk,
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

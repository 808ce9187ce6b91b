"""What the pages of all lists show alike."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from app.core.bulk import MOST
from components.bulk_bar import bulk_bar
from components.confirm_dialog import confirm_dialog
from components.data_table import Column
from components.link import go_with
from components.modal import close_button, modal
from components.number import grouped
from components.pagination import pagination
from components.progress import progress
from components.search_input import search_input
from components.states import error_state, no_match_state
from components.toolbar import (
    column_chooser,
    density_button,
    filter_chips,
    filter_menu,
    toolbar,
)
from components.values import Handler, Text

Options = Sequence[tuple[str, str]] | rx.Var[list[dict[str, str]]]


def list_toolbar(
    state: Any,
    *filters: tuple[str, str, Options],
    search: str,
    placeholder: str,
    more: Sequence[rx.Component] = (),
    start: rx.Component | None = None,
    columns: Sequence[Column] = (),
    end: Sequence[rx.Component] = (),
    density: bool = True,
) -> rx.Component:
    """Narrow and shape a list: search, filters and their chips, columns, density.

    Args:
        state: The state class of the list, a `ListState`.
        *filters: `(key, title, options)` each; the key as in the address.
        search: What the search field says to assistive technology.
        placeholder: What is searched: *Name or e-mail*.
        more: Filters of another kind, such as `filter_picker(…)`.
        start: Before everything: the saved views.
        columns: Those to choose from, if they can be chosen.
        end: At the right, after density: a menu with an export.
        density: Whether rows can be made compact.
    """
    return toolbar(
        *(_filter(state, *each) for each in filters),
        *more,
        start=start,
        search=search_input(
            state.search, on_search=state.search_for, label=search, placeholder=placeholder
        ),
        end=[
            *([_chooser(state, columns)] if columns else []),
            *([density_button(state.compact, on_toggle=state.toggle_compact)] if density else []),
            *end,
        ],
        chips=list_chips(state),
    )


def list_chips(state: Any) -> rx.Component:
    """Show what narrows a list, and let it be taken away.

    Args:
        state: The state class of the list, a `ListState`.
    """
    return filter_chips(
        state.chips,
        on_clear=lambda key: go_with((key, "")),
        on_clear_all=clear_filters(state),
    )


def filter_by(key: Text, value: Text) -> Handler:
    """Set one filter; an empty value clears it."""
    return go_with((key, value))


def clear_filters(state: Any) -> Handler:
    """Show everything again.

    Args:
        state: The state class of the list, a `ListState`.
    """
    return go_with(*((key, "") for key in ("q", *state.filter_titles)))


def sort_by(sort: Text) -> Handler:
    """Sort by a column; `-` in front reverses, empty is the list's own order."""
    return go_with(("sort", sort))


def _chooser(state: Any, columns: Sequence[Column]) -> rx.Component:
    return column_chooser(
        columns,
        visible=state.visible,
        on_toggle=state.toggle_column,
        on_move=state.move_column,
        on_reset=state.reset_columns,
    )


def _filter(state: Any, key: str, title: str, options: Options) -> rx.Component:
    return filter_menu(
        title,
        options,
        value=state.filters.get(key, "").to(str),
        on_change=lambda value: filter_by(key, value),
    )


def list_loading(state: Any) -> rx.Var[bool]:
    """Whether rows are on their way: a page that has just been opened is not loaded yet.

    Args:
        state: The state class of the list, a `ListState`.
    """
    waiting: rx.Var[bool] = state.loading | ~rx.State.is_hydrated
    return waiting


def list_instead(state: Any, nothing: rx.Component) -> rx.Component:
    """What stands in the place of the rows when there are none.

    An address that cannot be read is mended by starting over; what failed otherwise is tried again.

    Args:
        state: The state class of the list, a `ListState`.
        nothing: When nothing went wrong: an empty state, or one that says which filter excludes.
    """
    problem = state.problem
    return rx.cond(
        problem.message != "",
        rx.cond(
            problem.by_address,
            no_match_state(
                problem.message,
                title="This address cannot be read",
                on_clear=state.start_over,
                clear_label="Start over",
            ),
            error_state(problem.message, request_id=problem.request_id, on_retry=state.load),
        ),
        nothing,
    )


def list_pagination(state: Any) -> rx.Component:
    """Say where in the list this page is, and go on.

    Args:
        state: The state class of the list, a `ListState`.
    """
    return rx.cond(
        # Before anything is known there is nothing to count.
        (state.problem.message == "") & (state.last > 0),
        pagination(
            start=state.first,
            end=state.last,
            total=state.total,
            or_more=~state.total_is_exact,
            has_previous=state.previous_address != "",
            has_next=state.next_address != "",
            on_previous=rx.redirect(state.previous_address),
            on_next=rx.redirect(state.next_address),
            page_size=state.page_size,
            on_page_size=lambda size: go_with(("limit", size)),
        ),
    )


def bulk_dialogs(
    state: Any,
    *,
    question: Any,
    consequence: Any,
    verb: Any,
    doing: Any,
    nothing: str = "There is nobody to change.",
) -> rx.Component:
    """Say what a bulk action will change before it does, then how far it is.

    Args:
        state: The state class of the list, a `BulkListState`.
        question: *Suspend users?*
        consequence: What it means for those who are named below.
        verb: Of the button: *Suspend*.
        doing: *Suspending users*.
        nothing: What is said when it would change none.
    """
    more = state.bulk_count - state.bulk_names.length()
    done = rx.fragment(grouped(state.bulk_done), " of ", grouped(state.bulk_count))
    return rx.fragment(
        confirm_dialog(
            question,
            rx.cond(
                state.bulk_count > 0,
                rx.el.span(rx.el.strong(grouped(state.bulk_count)), " ", consequence),
                nothing,
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
            danger=~state.bulk_is_harmless,
            possible=state.bulk_count > 0,
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

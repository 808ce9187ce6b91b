"""The list of any resource, compiled once; what it shows of which resource comes with the state."""

from typing import Any

import reflex as rx

from app.features.resources.list_state import ResourceList
from app.features.resources.noun_state import CurrentNoun
from app.ui.list_view import filter_by, list_instead, list_loading, list_pagination, sort_by
from components.button import link_button
from components.page_header import page_header
from components.picker import filter_picker
from components.resource_table import resource_table
from components.search_input import search_input
from components.states import empty_state, no_match_state
from components.toolbar import (
    density_button,
    drawn_column_chooser,
    filter_chips,
    filter_menu,
    toolbar,
)

_NOUN = CurrentNoun.noun


def resource_list_page() -> rx.Component:
    """List records: search, filter, sort, choose columns."""
    return rx.fragment(
        page_header(_NOUN.title, _NOUN.sentence, action=_new_button()),
        toolbar(
            rx.foreach(ResourceList.filter_lines, _filter),
            search=rx.cond(
                _NOUN.searched,
                search_input(
                    ResourceList.search,
                    on_search=ResourceList.search_for,
                    label="Search " + _NOUN.plural,
                    placeholder=_NOUN.searched,
                ),
            ),
            filtered=ResourceList.filters.length() > 0,
            folded=True,
            end=[
                drawn_column_chooser(
                    ResourceList.choices,
                    on_toggle=ResourceList.toggle_column,
                    on_move=ResourceList.move_column,
                    on_reset=ResourceList.reset_columns,
                ),
                density_button(ResourceList.compact, on_toggle=ResourceList.toggle_compact),
            ],
            chips=filter_chips(
                ResourceList.chips,
                on_clear=lambda key: filter_by(key, ""),
                on_clear_all=rx.redirect(ResourceList.unfiltered),
            ),
        ),
        resource_table(
            ResourceList.rows,
            ResourceList.columns,
            base=_NOUN.base,
            label=_NOUN.title,
            sort=ResourceList.sort,
            on_sort=sort_by,
            widths=ResourceList.widths,
            on_resize=ResourceList.resize_column,
            compact=ResourceList.compact,
            loading=list_loading(ResourceList),
            empty=_nothing(),
        ),
        list_pagination(ResourceList),
    )


def _may(verb: str) -> Any:
    return _NOUN.may.get(verb, False)


def _new_button() -> rx.Component:
    return rx.cond(
        _may("create"),
        link_button(
            "New " + _NOUN.singular,
            href=_NOUN.base + "/new",
            variant="primary",
            icon="plus",
            shortcut="n",
        ),
    )


def _filter(line: rx.Var[Any]) -> rx.Component:
    # Reflex names JavaScript variables after parameters; the menu within has an `each` of its own.
    key, title, value = line["key"].to(str), line["title"].to(str), line["value"].to(str)

    def change(chosen: Any) -> Any:
        return filter_by(key, chosen)

    return rx.cond(
        line["kind"] == "reference",
        filter_picker(
            title,
            rx.cond(ResourceList.found["for"] == key, ResourceList.found["items"], []).to(
                list[dict[str, str]]
            ),
            value=value,
            on_change=change,
            on_search=lambda text: ResourceList.find_records(key, text),
        ),
        filter_menu(title, line["options"].to(list[dict[str, str]]), value=value, on_change=change),
    )


def _nothing() -> rx.Component:
    return list_instead(
        ResourceList,
        rx.cond(
            ResourceList.chips.length() > 0,
            no_match_state(
                "No " + _NOUN.singular + " matches the search and filters above.",
                on_clear=rx.redirect(ResourceList.unfiltered),
            ),
            empty_state(
                "No " + _NOUN.plural + " yet",
                _NOUN.sentence,
                icon="inbox",
                action=_new_button(),
            ),
        ),
    )

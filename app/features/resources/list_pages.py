"""The list of any resource, compiled once; what it shows of which resource comes with the state."""

from typing import Any

import reflex as rx

from app.features.resources.list_state import ResourceList
from app.features.resources.noun_state import CurrentNoun
from app.features.views.pages import list_views, view_dialogs
from app.ui.list_view import (
    bulk_dialogs,
    filter_by,
    list_bulk_bar,
    list_instead,
    list_loading,
    list_pagination,
    sort_by,
)
from components.button import button, link_button
from components.form_dialog import form_dialog
from components.menu import csv_links, menu, menu_item, menu_link
from components.page_header import page_header
from components.picker import filter_button, filter_picker
from components.resource_fields import resource_fields
from components.resource_filter import resource_filter
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
            filter_button(
                "More filters",
                active=ResourceList.filters.contains("filter"),
                on_click=ResourceList.open_filter,
            ),
            start=list_views(ResourceList, path=_NOUN.base),
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
                _more(),
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
            base=rx.cond(ResourceList.trashed, "", _NOUN.base),
            label=_NOUN.title,
            selectable=(ResourceList.buttons.length() > 0) | (ResourceList.changeable.length() > 0),
            selected=ResourceList.selected,
            all_selected=ResourceList.all_selected,
            on_select=ResourceList.select,
            sort=ResourceList.sort,
            on_sort=sort_by,
            widths=ResourceList.widths,
            on_resize=ResourceList.resize_column,
            compact=ResourceList.compact,
            loading=list_loading(ResourceList),
            empty=_nothing(),
        ),
        list_pagination(ResourceList),
        list_bulk_bar(_change_menu(), rx.foreach(ResourceList.buttons, _bulk), state=ResourceList),
        _bulk_form(),
        bulk_dialogs(
            ResourceList,
            question=ResourceList.bulk_title + " " + _NOUN.plural + "?",
            consequence="of the selected " + _NOUN.plural + ":",
            verb=ResourceList.bulk_title,
            doing=ResourceList.bulk_title + ": " + _NOUN.plural,
            nothing="This would change nothing.",
        ),
        _filter_form(),
        view_dialogs(ResourceList),
    )


def _more() -> rx.Component:
    """What else can be done with the list: fill it from a file, save it, look into the trash."""
    files = csv_links("/session/resources" + _NOUN.base + "/export?", ResourceList.narrowed)
    trash = rx.cond(
        ResourceList.trashed,
        menu_item("Leave the trash", icon="arrow_left", on_click=ResourceList.show_trash(False)),  # noqa: FBT003 - an event's argument
        menu_item("Trash", icon="trash_2", on_click=ResourceList.show_trash(True)),  # noqa: FBT003 - an event's argument
    )
    has_trash = _NOUN.trash & _may("delete")
    return rx.cond(
        _NOUN.imports | _NOUN.exports | has_trash,
        menu(
            rx.cond(
                _NOUN.imports, menu_link("Import…", href=_NOUN.base + "/import", icon="upload")
            ),
            rx.cond(_NOUN.exports, rx.fragment(*files)),
            rx.cond(has_trash, trash),
            label="More for this list",
            icon="ellipsis",
            variant="secondary",
        ),
    )


def _change_menu() -> rx.Component:
    """Choose which field of the selected records is changed."""

    def field(line: rx.Var[Any]) -> rx.Component:
        return menu_item(
            line["title"].to(str) + "…",
            on_click=ResourceList.ask_bulk("update", line["key"].to(str)),
        )

    return rx.cond(
        ResourceList.changeable.length() > 0,
        menu(
            rx.foreach(ResourceList.changeable, field),
            label="Change",
            size="s",
            variant="secondary",
        ),
    )


def _bulk(action: rx.Var[Any]) -> rx.Component:
    words, click = action["title"].to(str), ResourceList.ask_bulk(action["name"].to(str), "")
    return rx.cond(
        action["dangerous"],
        button(words, size="s", variant="danger", on_click=click),
        button(words, size="s", on_click=click),
    )


def _bulk_form() -> rx.Component:
    asked = ResourceList.bulk_form
    name, title = asked.get("name", "").to(str), asked.get("title", "").to(str)
    return form_dialog(
        title + " " + _NOUN.plural,
        resource_fields(
            ResourceList.bulk_fields,
            errors=ResourceList.bulk_errors,
            found=ResourceList.found,
            on_search=ResourceList.find_records,
            prefix=name + ".",
            focuses=True,
        ),
        open=name != "",
        sentence=asked.get("sentence", "").to(str),
        on_submit=ResourceList.fill_bulk,
        on_close=ResourceList.close_bulk_form,
        submit_label="Go on",
        errors=ResourceList.bulk_errors,
        error=ResourceList.bulk_error,
        version=name,
    )


def _filter_form() -> rx.Component:
    return form_dialog(
        "Filter " + _NOUN.plural,
        resource_filter(
            _NOUN.columns,
            conditions=ResourceList.conditions,
            errors=ResourceList.condition_errors,
            found=ResourceList.found,
            on_search=ResourceList.find_records,
        ),
        open=ResourceList.filtering,
        on_submit=ResourceList.apply_filter,
        on_close=ResourceList.close_filter,
        submit_label="Show",
        error=ResourceList.condition_error,
        version=ResourceList.conditions.to_string(),
        wide=True,
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
            ResourceList.trashed & (ResourceList.chips.length() == 1),
            empty_state("The trash is empty", "", icon="trash_2"),
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
        ),
    )

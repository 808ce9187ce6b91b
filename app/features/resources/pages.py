"""The pages of every resource: list, form for a new record, record, and its activity.

Compiled once. What they show of which resource comes with the state, so that another module, field
or permission needs no other frontend.
"""

from typing import Any

import reflex as rx

from app.features.audit.pages import activity_card
from app.features.resources.state import CurrentNoun, NewResource, ResourceList, ResourceRecord
from app.ui.list_view import filter_by, list_instead, list_loading, list_pagination, sort_by
from app.ui.record_view import record_conflict_dialog, record_gone, record_page
from components.badge import badge
from components.button import button, link_button
from components.callout import callout
from components.card import card
from components.confirm_dialog import confirm_dialog
from components.form import form, save_bar, version_field
from components.form_dialog import form_dialog
from components.form_field import form_actions
from components.menu import menu_item
from components.page_header import page_header
from components.picker import filter_picker
from components.resource_fields import resource_facts, resource_fields
from components.resource_table import resource_table
from components.search_input import search_input
from components.states import empty_state, no_match_state
from components.tabs import tabs
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


def new_resource_page() -> rx.Component:
    """Ask for what a new record needs."""
    return rx.fragment(
        page_header("New " + _NOUN.singular, _NOUN.sentence),
        rx.cond(
            NewResource.locked.length() > 0,
            callout(
                "Your roles do not let you set ",
                NewResource.locked.join(", "),
                ", which is needed.",
                title="You cannot save this",
                tone="warning",
            ),
        ),
        card(
            form(
                rx.cond(
                    NewResource.form_error,
                    callout(NewResource.form_error, tone="danger", announce=True),
                ),
                resource_fields(
                    NewResource.fields,
                    errors=NewResource.field_errors,
                    found=NewResource.found,
                    on_search=NewResource.find_records,
                ),
                form_actions(
                    button("Create " + _NOUN.singular, variant="primary", type="submit"),
                    link_button("Cancel", href=_NOUN.base),
                ),
                on_submit=NewResource.save,
                version=NewResource.started,
                errors=NewResource.field_errors,
                label="New record",
            ),
        ),
    )


def resource_page() -> rx.Component:
    """Show and change one record."""
    return _record(
        rx.el.div(
            rx.cond(ResourceRecord.may_change, _form(), _details()),
            card(resource_facts(ResourceRecord.facts), title="Record"),
            class_name="beside beside-top",
        )
    )


def resource_activity_page() -> rx.Component:
    """Show what was done to one record."""
    return _record(activity_card(ResourceRecord, thing="record"))


def _record(*content: rx.Component) -> rx.Component:
    return record_page(
        ResourceRecord,
        rx.fragment(
            rx.cond(
                ResourceRecord.gone,
                rx.fragment(
                    page_header(
                        ResourceRecord.title, mark=badge("Deleted", tone="danger", icon="trash_2")
                    ),
                    record_gone(_NOUN.singular, href=_NOUN.base, plural=_NOUN.plural),
                ),
                rx.fragment(
                    rx.cond(
                        ResourceRecord.may_delete,
                        _header(
                            menu_item(
                                "Delete…",
                                icon="trash_2",
                                danger=True,
                                on_click=ResourceRecord.ask_delete,
                            )
                        ),
                        _header(),
                    ),
                    tabs(ResourceRecord.tabs, label="Record"),
                ),
            ),
            *content,
            _action_dialogs(),
            _delete_dialog(),
            record_conflict_dialog(ResourceRecord),
        ),
        noun=_NOUN.singular,
        href=_NOUN.base,
        plural=_NOUN.plural,
    )


def _header(*more: rx.Component) -> rx.Component:
    buttons = [rx.foreach(ResourceRecord.buttons, _action_button)]
    return page_header(ResourceRecord.title, secondary=buttons, more=more)


def _action_button(action: rx.Var[Any]) -> rx.Component:
    words, click = action["title"].to(str), ResourceRecord.ask_action(action["name"].to(str))
    return rx.cond(
        action["dangerous"],
        button(words, variant="danger", on_click=click),
        button(words, on_click=click),
    )


def _form() -> rx.Component:
    state = ResourceRecord
    return card(
        form(
            resource_fields(
                state.fields,
                errors=state.field_errors,
                found=state.found,
                on_search=state.find_records,
            ),
            version_field(state.version),
            rx.cond(state.gone, rx.fragment(), save_bar(error=state.form_error)),
            on_submit=state.save,
            version=state.shown_id + state.version.to_string(),
            discarded=state.discarded,
            errors=state.field_errors,
            label="Details",
        ),
        title="Details",
    )


def _details() -> rx.Component:
    return card(resource_facts(ResourceRecord.details), title="Details")


def _action_dialogs() -> rx.Component:
    acting = ResourceRecord.acting
    name, title = acting.get("name", "").to(str), acting.get("title", "").to(str)
    sentence = acting.get("sentence", "").to(str)
    asks = acting.get("asks", False).to(bool)
    is_open = name != ""
    return rx.fragment(
        form_dialog(
            title,
            resource_fields(
                ResourceRecord.acting_fields,
                errors=ResourceRecord.acting_errors,
                found=ResourceRecord.found,
                on_search=ResourceRecord.find_records,
                prefix=name + ".",
                focuses=True,
            ),
            open=is_open & asks,
            sentence=sentence,
            on_submit=ResourceRecord.act,
            on_close=ResourceRecord.close_dialogs,
            submit_label=title,
            errors=ResourceRecord.acting_errors,
            error=ResourceRecord.acting_error,
            version=name,
        ),
        confirm_dialog(
            title + "?",
            rx.cond(sentence, sentence, ""),
            open=is_open & ~asks,
            confirm_label=title,
            error=ResourceRecord.acting_error,
            on_confirm=ResourceRecord.confirm_action,
            on_close=ResourceRecord.close_dialogs,
        ),
    )


def _delete_dialog() -> rx.Component:
    def ask(*consequence: Any, type_name: Any = None) -> rx.Component:
        return confirm_dialog(
            "Delete " + _NOUN.singular + "?",
            rx.el.span(ResourceRecord.title, *consequence),
            open=ResourceRecord.deleting,
            confirm_label="Delete " + _NOUN.singular,
            type_name=type_name,
            on_confirm=ResourceRecord.delete,
            on_close=ResourceRecord.close_dialogs,
        )

    return rx.cond(
        _NOUN.trash,
        ask(" goes to the trash, from where it can be restored for a time."),
        ask(
            " is gone for good. What was done to it stays in the audit trail.",
            type_name=ResourceRecord.title,
        ),
    )

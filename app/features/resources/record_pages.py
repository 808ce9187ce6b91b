"""The pages of one record of any resource, and of a new one; compiled once."""

from typing import Any

import reflex as rx

from app.features.audit.pages import activity_card
from app.features.resources.new_state import NewResource
from app.features.resources.noun_state import CurrentNoun
from app.features.resources.record_state import ResourceRecord
from app.features.resources.related_state import RelatedRecords
from app.ui.record_view import record_conflict_dialog, record_gone, record_page
from components.badge import badge
from components.button import button, link_button
from components.callout import callout
from components.card import card, stack
from components.checkbox import checkbox
from components.confirm_dialog import confirm_dialog
from components.form import form, save_bar, version_field
from components.form_dialog import form_dialog
from components.form_field import form_actions
from components.menu import menu_item
from components.page_header import page_header
from components.resource_fields import resource_facts, resource_fields
from components.resource_table import related_table
from components.tabs import tabs

_NOUN = CurrentNoun.noun


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
                    on_create=NewResource.create_here,
                ),
                form_actions(
                    button("Create " + _NOUN.singular, variant="primary", type="submit"),
                    link_button("Cancel", href=_NOUN.base),
                    checkbox(
                        "create_another", "Create another", default_checked=NewResource.another
                    ),
                ),
                on_submit=NewResource.save,
                version=NewResource.started,
                discarded=NewResource.started,
                errors=NewResource.field_errors,
                label="New record",
            ),
        ),
    )


def resource_page() -> rx.Component:
    """Show and change one record."""
    return _record(
        stack(
            rx.el.div(
                rx.cond(ResourceRecord.may_change, _form(), _details()),
                card(resource_facts(ResourceRecord.facts), title="Record"),
                class_name="beside beside-top",
            ),
            rx.cond(
                # Those of the record before belong to another one.
                RelatedRecords.of == ResourceRecord.shown_id,
                rx.fragment(rx.foreach(RelatedRecords.panels, _related)),
            ),
        ),
        _attach_dialog(),
    )


def _related(panel: rx.Var[Any]) -> rx.Component:
    """What refers to the record by one field."""
    key, title, singular = (panel[name].to(str) for name in ("key", "title", "singular"))
    new, rows = panel["new"].to(str), panel["rows"].to(list[list[Any]])
    count = panel["count"].to(int)
    return card(
        related_table(
            rows,
            panel["columns"].to(list[dict[str, Any]]),
            base=panel["path"].to(str),
            label=title,
            action=rx.cond(panel["detaches"], "Take away", ""),
            on_action=lambda record_id: RelatedRecords.detach(key, record_id),
            empty=rx.el.p("None yet.", class_name="quiet"),
        ),
        title=title + " · " + count.to_string() + rx.cond(panel["or_more"], "+", ""),
        actions=(
            rx.cond(
                count > rows.length(), link_button("Show all", href=panel["all"].to(str), size="s")
            ),
            rx.cond(
                panel["attaches"],
                button("Add existing…", size="s", on_click=RelatedRecords.ask_attach(key)),
            ),
            rx.cond(new != "", link_button("New " + singular, href=new, size="s", icon="plus")),
        ),
        flush=True,
    )


def _attach_dialog() -> rx.Component:
    asked = RelatedRecords.attaching
    key = asked.get("key", "").to(str)
    return form_dialog(
        asked.get("title", "").to(str),
        resource_fields(
            RelatedRecords.attach_fields,
            errors=RelatedRecords.attach_errors,
            found=RelatedRecords.found,
            on_search=RelatedRecords.find_records,
            focuses=True,
        ),
        open=key != "",
        on_submit=RelatedRecords.attach,
        on_close=RelatedRecords.close_attach,
        submit_label="Add",
        errors=RelatedRecords.attach_errors,
        error=RelatedRecords.attach_error,
        version=key,
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
                on_create=state.create_here,
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

"""The page on which records of any resource are imported, compiled once."""

import reflex as rx

from app.features.resources.import_state import ImportRecords
from app.features.resources.noun_state import CurrentNoun
from components.file_import import file_import
from components.page_header import page_header

_NOUN = CurrentNoun.noun


def resource_import_page() -> rx.Component:
    """Import records from a CSV file."""
    return rx.fragment(
        page_header(
            "Import " + _NOUN.plural,
            "Nothing is saved before you have seen what would happen to each row.",
        ),
        file_import(
            ImportRecords.fields,
            action=ImportRecords.action,
            href=_NOUN.base,
            singular=_NOUN.singular,
            plural=_NOUN.plural,
            may_change=ImportRecords.may_change,
            may_undo=ImportRecords.may_undo,
            undone=ImportRecords.undone,
            on_undo=ImportRecords.undo,
        ),
    )

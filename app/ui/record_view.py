"""What the pages of all records show alike."""

from typing import Any

import reflex as rx

from components.button import button, link_button
from components.callout import callout
from components.card import card
from components.confirm_dialog import confirm_dialog
from components.diff_view import conflict_view
from components.for_record import for_record
from components.page_header import page_header
from components.progress import skeleton
from components.states import not_found_state
from components.values import Text


def record_page(
    state: Any, shown: rx.Component, *, noun: Text, href: Text, plural: Text = ""
) -> rx.Component:
    """Show a record, or that there is none; until it has come, and never another one instead of it.

    A field shown before its value is known would lose what somebody types meanwhile.

    Args:
        state: The state class of the record, a `RecordState`.
        shown: The page of the record.
        noun: What it is: *user*.
        href: The list to go back to.
        plural: What several are, where that is not the noun and an s.
    """
    return rx.cond(
        state.missing & rx.State.is_hydrated,
        not_found_state(href=href, label=_back_to(noun, plural)),
        for_record(
            state.shown_id,
            shown,
            waiting=rx.fragment(page_header("…", ""), card(skeleton(lines=6))),
        ),
    )


def _back_to(noun: Text, plural: Text) -> Text:
    return "Back to " + (plural if isinstance(plural, rx.Var) or plural else noun + "s")


def record_gone(noun: Text, *, href: Text, plural: Text = "") -> rx.Component:
    """Say that somebody deleted the record while its page was open.

    Args:
        noun: What it was: *user*.
        href: The list to go back to.
        plural: What several were, where that is not the noun and an s.
    """
    return callout(
        f"Somebody deleted this {noun} while you had the page open. Nothing can be saved any more; "
        "what you changed is still here, to be copied.",
        title=f"This {noun} no longer exists",
        tone="danger",
        action=link_button(_back_to(noun, plural), href=href, size="s"),
        announce=True,
    )


def record_conflict_dialog(state: Any) -> rx.Component:
    """Show what somebody else saved meanwhile beside what was changed here, and let choose.

    Args:
        state: The state class of the record, a `RecordState`.
    """
    return confirm_dialog(
        "Save anyway?",
        rx.el.span(state.conflict, " What you changed is still in the form."),
        conflict_view(state.conflict_fields),
        button("Take theirs instead", size="s", on_click=state.take_theirs),
        open=state.conflict != "",
        confirm_label="Save mine",
        on_confirm=state.overwrite,
        on_close=state.close_dialogs,
        danger=False,
    )

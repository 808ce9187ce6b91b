"""The menu of a list's saved views, and what it asks."""

from typing import Any

import reflex as rx

from app.features.views.permissions import ViewPermission
from app.ui.page_state import Console
from components.checkbox import checkbox
from components.confirm_dialog import confirm_dialog
from components.form_dialog import form_dialog
from components.form_field import form_field
from components.menu import menu_item, menu_separator
from components.text_input import text_input
from components.toolbar import view_menu


def list_views(state: Any, *, path: Any = None) -> rx.Component:
    """Choose, save and change views of a list.

    Args:
        state: The state class of the list, a `ViewedListState`.
        path: Where the list is, when that is only known as the page runs.
    """
    share = rx.cond(
        state.view_is_shared,
        menu_item("Stop sharing", icon="lock", on_click=state.unshare_view),
        rx.cond(
            Console.may[ViewPermission.SHARE],
            menu_item("Share", icon="users", on_click=state.share_view),
        ),
    )
    return view_menu(
        menu_separator(),
        menu_item("Save as…", icon="plus", on_click=state.ask_view("save")),
        rx.cond(
            state.view_is_own,
            rx.fragment(
                menu_item(
                    "Update",
                    icon="save",
                    disabled=~state.view_is_modified,
                    on_click=state.update_view,
                ),
                menu_item("Rename…", icon="pencil", on_click=state.ask_view("rename")),
                share,
                menu_item(
                    "Delete…", icon="trash_2", danger=True, on_click=state.ask_view("delete")
                ),
            ),
        ),
        views=state.views,
        current=state.view_id,
        name=state.view_name,
        modified=state.view_is_modified,
        path=state.path if path is None else path,
    )


def view_dialogs(state: Any) -> rx.Component:
    """Ask for a view's name, and before one is deleted.

    Args:
        state: The state class of the list, a `ViewedListState`.
    """
    return rx.fragment(
        form_dialog(
            "Save view",
            _name(state),
            rx.cond(
                Console.may[ViewPermission.SHARE],
                checkbox("shared", "Share with everybody who may see this list"),
            ),
            open=state.view_dialog == "save",
            sentence="Search, filters, sort and columns, as they are now.",
            on_submit=state.save_view,
            on_close=state.close_view_dialog,
            submit_label="Save view",
            errors=state.field_errors,
            error=state.form_error,
        ),
        form_dialog(
            "Rename view",
            _name(state, value=state.view_name),
            open=state.view_dialog == "rename",
            on_submit=state.rename_view,
            on_close=state.close_view_dialog,
            submit_label="Rename view",
            errors=state.field_errors,
            error=state.form_error,
            version=state.view_id,
        ),
        confirm_dialog(
            "Delete view?",
            rx.el.span(
                state.view_name,
                rx.cond(
                    state.view_is_shared,
                    " disappears for everybody who may see this list. The list stays as it is.",
                    " disappears. The list stays as it is.",
                ),
            ),
            open=state.view_dialog == "delete",
            confirm_label="Delete view",
            on_confirm=state.delete_view,
            on_close=state.close_view_dialog,
        ),
    )


def _name(state: Any, value: Any = "") -> rx.Component:
    return form_field(
        "Name",
        text_input("name", value=value, autocomplete="off"),
        error=state.field_errors.get("name", "").to(str),
        required=True,
    )

"""The roles' pages: list, record with its activity, and the form for a new one."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from app.features.audit.pages import activity_card
from app.features.roles.permissions import RolePermission
from app.features.roles.state import PREVIEW, RECORD, NewRole, RoleList, RoleRecord
from app.ui.list_view import (
    clear_filters,
    list_instead,
    list_loading,
    list_pagination,
    list_toolbar,
    sort_by,
)
from app.ui.page_state import Console
from app.ui.record_view import record_conflict_dialog, record_gone, record_page
from components.badge import badge
from components.button import button, link_button
from components.callout import callout
from components.card import card, columns, stack
from components.checkbox_list import checkbox_list
from components.confirm_dialog import confirm_dialog
from components.data_table import Column, cell_link, data_table
from components.description_list import description_list
from components.effect_list import effect_list
from components.form import form, save_bar, version_field
from components.form_field import form_actions, form_field, form_group
from components.menu import menu, menu_item, menu_link, menu_separator
from components.modal import close_button, modal
from components.number import grouped
from components.page_header import page_header
from components.permission_matrix import permission_matrix
from components.progress import skeleton
from components.relative_time import relative_time
from components.states import empty_state, no_match_state
from components.tabs import tabs
from components.text_input import text_input

_ADDS_UP = "Grants only add up: nothing in a role takes away what another one gives."
_BUILT_IN = "One of the platform's own roles: it cannot be renamed or deleted."


def role_list_page() -> rx.Component:
    """List roles: search, sort, duplicate, delete."""
    return rx.fragment(
        page_header(
            "Roles",
            "Named sets of permissions that people are given.",
            action=rx.cond(
                Console.may[RolePermission.CREATE],
                link_button(
                    "New role", href="/roles/new", variant="primary", icon="plus", shortcut="n"
                ),
            ),
        ),
        list_toolbar(RoleList, search="Search roles", placeholder="Name"),
        data_table(
            RoleList.rows,
            _columns(),
            label="Roles",
            row_name="name",
            sort=RoleList.sort,
            on_sort=sort_by,
            actions=_row_actions,
            compact=RoleList.compact,
            loading=list_loading(RoleList),
            empty=_nothing(),
        ),
        list_pagination(RoleList),
        _delete_dialogs(RoleList),
    )


def _columns() -> list[Column]:
    return [
        Column(
            "name",
            "Name",
            render=lambda row: cell_link(row["name"].to(str), href="/roles/" + row["id"].to(str)),
            sortable=True,
            fixed=True,
        ),
        Column("description", "Description", size="wide"),
        Column(
            "members",
            "Members",
            render=lambda row: grouped(row["members"].to(int)),
            align="end",
            size="fit",
        ),
        Column(
            "grants",
            "Grants",
            render=lambda row: grouped(row["grants"].to(int)),
            align="end",
            size="fit",
        ),
        Column(
            "updated_at",
            "Changed",
            render=lambda row: relative_time(row["updated_at"].to(str)),
            sortable=True,
            size="fit",
        ),
    ]


def _row_actions(row: rx.Var[Any]) -> rx.Component:
    address = "/roles/" + row["id"].to(str)
    return menu(
        menu_link("Open", href=address, icon="arrow_right"),
        menu_link("Members", href=address + "/members", icon="users"),
        rx.cond(
            Console.may[RolePermission.CREATE],
            menu_link("Duplicate", href="/roles/new?from=" + row["id"].to(str), icon="copy"),
        ),
        rx.cond(
            Console.may[RolePermission.DELETE] & ~row["is_default"].to(bool),
            rx.fragment(
                menu_separator(),
                menu_item(
                    "Delete…",
                    icon="trash_2",
                    danger=True,
                    on_click=RoleList.ask_delete(row["id"].to(str)),
                ),
            ),
        ),
        label="Actions for " + row["name"].to(str),
        icon="ellipsis",
        size="s",
    )


def _nothing() -> rx.Component:
    return list_instead(
        RoleList,
        rx.cond(
            RoleList.chips.length() > 0,
            no_match_state("No role's name contains this.", on_clear=clear_filters(RoleList)),
            empty_state(
                "No roles yet",
                "A role is a named set of permissions to give to people.",
                icon="shield",
                action=link_button("New role", href="/roles/new", variant="primary"),
            ),
        ),
    )


def new_role_page() -> rx.Component:
    """Ask for what a new role needs."""
    return rx.fragment(
        page_header("New role", "Nobody has it until you give it to them."),
        rx.cond(
            NewRole.ready,
            form(
                rx.cond(
                    NewRole.form_error,
                    callout(NewRole.form_error, tone="danger", announce=True),
                ),
                *_fields(NewRole, autofocus=True),
                form_actions(
                    button("Create role", variant="primary", type="submit"),
                    link_button("Cancel", href="/roles"),
                ),
                on_submit=NewRole.save,
                errors=NewRole.field_errors,
                label="New role",
            ),
            card(skeleton(lines=6)),
        ),
    )


def role_page() -> rx.Component:
    """Show and change what one role grants."""
    return role_record(
        rx.cond(Console.may[RolePermission.UPDATE], _editor(), _reading()),
        _review_dialog(),
        record_conflict_dialog(RoleRecord),
    )


def role_activity_page() -> rx.Component:
    """Show what was done to one role."""
    return role_record(activity_card(RoleRecord, thing="role"))


def role_record(*content: rx.Component, action: rx.Component | None = None) -> rx.Component:
    """Put a page of one role under the head and the tabs that all of them share.

    Args:
        *content: The page.
        action: The page's own button.
    """
    return record_page(
        RoleRecord,
        rx.fragment(
            rx.cond(
                RoleRecord.gone,
                rx.fragment(
                    _header(badge("Deleted", tone="danger", icon="trash_2")),
                    record_gone("role", href="/roles"),
                ),
                rx.fragment(
                    _header(
                        rx.cond(
                            RoleRecord.role.is_default,
                            badge("Built in", icon="lock"),
                            rx.fragment(),
                        ),
                        action=action,
                        secondary=[_actions()],
                    ),
                    tabs(RoleRecord.tabs, label="Role"),
                ),
            ),
            *content,
            _delete_dialogs(RoleRecord),
        ),
        noun="role",
        href="/roles",
    )


def unseen_people(words: Any) -> rx.Component:
    """Say below a list that there are people whom one may not see."""
    return rx.cond(words, rx.el.p("And ", words, ".", class_name="unseen"))


def nobody_to_see(words: Any, nobody: rx.Component) -> rx.Component:
    """Say in place of an empty list that there are only people whom one may not see, or nobody."""
    hidden = empty_state("Nobody you may see", rx.el.span("There are ", words, "."), icon="users")
    return rx.cond(words, hidden, nobody)


def _header(
    mark: rx.Component,
    *,
    action: rx.Component | None = None,
    secondary: Sequence[rx.Component] = (),
) -> rx.Component:
    role = RoleRecord.role
    return page_header(
        rx.cond(role.name, role.name, "…"),
        role.description,
        mark=mark,
        action=action,
        secondary=secondary,
    )


def _actions() -> rx.Component:
    role = RoleRecord.role
    may_duplicate = Console.may[RolePermission.CREATE]
    may_delete = Console.may[RolePermission.DELETE] & (role.id != "") & ~role.is_default
    may_preview = Console.may[RolePermission.UPDATE] & (role.id != "")
    return rx.cond(
        may_duplicate | may_delete | may_preview,
        menu(
            rx.cond(
                may_preview,
                menu_item(PREVIEW, icon="eye", on_click=Console.run(f"{RECORD} {PREVIEW}")),
            ),
            rx.cond(
                may_duplicate,
                menu_link("Duplicate", href="/roles/new?from=" + role.id, icon="copy"),
            ),
            rx.cond(
                may_delete,
                rx.fragment(
                    menu_separator(),
                    menu_item(
                        "Delete…", icon="trash_2", danger=True, on_click=RoleRecord.ask_delete
                    ),
                ),
            ),
            label="More actions",
            icon="ellipsis",
            variant="secondary",
        ),
    )


def _fields(state: Any, *, autofocus: bool = False) -> list[rx.Component]:
    """The fields that a new role and an existing one have in common."""
    role, errors = state.role, state.field_errors
    return [
        columns(
            card(
                form_field(
                    "Name",
                    text_input(
                        "name",
                        value=role.name,
                        autocomplete="off",
                        max_length=50,
                        read_only=role.is_default,
                        autofocus=autofocus,
                    ),
                    help=rx.el.span(
                        rx.cond(role.is_default, _BUILT_IN, "As people say it: Editor, Support.")
                    ),
                    error=errors.get("name", "").to(str),
                    required=True,
                ),
                form_field(
                    "Description",
                    text_input(
                        "description", value=role.description, autocomplete="off", max_length=300
                    ),
                    error=errors.get("description", "").to(str),
                    optional=True,
                ),
                title="Role",
            ),
            rx.cond(
                state.include_choices.length() > 0,
                card(
                    form_group(
                        "Included roles",
                        checkbox_list("includes", state.include_choices, label="Included roles"),
                        name="includes",
                        help="Whoever has this role holds all that these grant, too.",
                        error=errors.get("includes", "").to(str),
                    ),
                    title="Includes",
                ),
            ),
        ),
        card(
            permission_matrix(
                "grants",
                state.groups,
                value=role.grants,
                roles=state.others,
                included=role.includes,
                includes_name="includes",
                label="Permissions",
            ),
            rx.cond(state.grants_error, callout(state.grants_error, tone="danger", announce=True)),
            title="Permissions",
            sentence=_ADDS_UP,
        ),
    ]


def _editor() -> rx.Component:
    role = RoleRecord.role
    return form(
        *_fields(RoleRecord),
        version_field(role.version),
        rx.cond(RoleRecord.gone, rx.fragment(), save_bar(error=RoleRecord.form_error)),
        on_submit=RoleRecord.review,
        version=role.id + role.version.to_string(),
        discarded=RoleRecord.discarded,
        errors=RoleRecord.field_errors,
        label="Role",
    )


def _reading() -> rx.Component:
    role = RoleRecord.role
    return stack(
        card(
            description_list(
                [
                    ("Name", role.name),
                    ("Description", rx.cond(role.description, role.description, "none")),
                    (
                        "Includes",
                        rx.cond(role.includes.length() > 0, role.includes.join(", "), "no role"),
                    ),
                ]
            ),
            title="Role",
        ),
        card(
            permission_matrix(
                "grants",
                RoleRecord.groups,
                value=role.grants,
                roles=RoleRecord.others,
                included=role.includes,
                read_only=True,
                label="Permissions",
            ),
            title="Permissions",
            sentence=_ADDS_UP,
        ),
    )


def _review_dialog() -> rx.Component:
    return modal(
        "Save " + RoleRecord.role.name + "?",
        rx.cond(
            RoleRecord.refusal,
            callout(RoleRecord.refusal, title="This cannot be saved", tone="danger"),
        ),
        rx.cond(RoleRecord.effects.length() > 0, effect_list(RoleRecord.effects)),
        sentence=RoleRecord.summary,
        open=RoleRecord.reviewing,
        wide=True,
        dismissable=False,
        on_close=RoleRecord.close_dialogs,
        footer=(
            close_button("Go on editing"),
            rx.cond(
                RoleRecord.refusal,
                rx.fragment(),
                button("Save", variant="primary", on_click=RoleRecord.save),
            ),
        ),
    )


def _delete_dialogs(state: Any) -> rx.Component:
    role = state.deleting
    asked = role.id != ""
    return rx.fragment(
        confirm_dialog(
            "Delete role?",
            rx.el.span(role.name, " is gone for good. ", state.lost_summary),
            rx.cond(state.lost.length() > 0, effect_list(state.lost)),
            open=asked & (state.kept_because == ""),
            confirm_label="Delete role",
            type_name=role.name,
            on_confirm=state.delete,
            on_close=state.keep,
        ),
        modal(
            "This role stays",
            rx.el.p(state.kept_because),
            open=asked & (state.kept_because != ""),
            footer=(close_button("Close"),),
            on_close=state.keep,
        ),
    )

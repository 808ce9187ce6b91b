"""The page that says what a user may do, and gives and takes grants in person."""

from typing import Any

import reflex as rx

from app.features.access.pages import given, permission_field, until, why
from app.features.access.rows import OwnGrantRow
from app.features.access.state import Previewing
from app.features.grants.state import UserAccess
from app.features.roles.permissions import RolePermission
from app.features.users.pages import user_record
from app.features.users.state import UserRecord
from app.ui.list_view import list_loading
from app.ui.page_state import Console
from app.ui.record_view import record_conflict_dialog
from components.badge import badge
from components.button import button, link_button
from components.callout import callout
from components.card import card, stack
from components.checkbox_list import checkbox_list
from components.code import code
from components.data_table import Column, data_table
from components.form import version_field
from components.form_dialog import form_dialog
from components.form_field import form_field, form_group
from components.last_day import last_day_field
from components.select import select
from components.states import empty_state
from components.text_input import text_input


def user_access_page() -> rx.Component:
    """What one user may do, through which role, and what they hold in person."""
    may_grant = Console.may[RolePermission.UPDATE]
    return user_record(
        stack(
            rx.cond(
                UserAccess.kept_out,
                callout(
                    "What is listed here counts for nothing as long as that is so.",
                    title=UserAccess.kept_out,
                    tone="warning",
                ),
            ),
            card(
                data_table(
                    UserAccess.held,
                    [
                        Column("description", "May", size="wide", fixed=True),
                        Column(
                            "permission",
                            "Permission",
                            render=lambda row: code(row.permission),
                            size="fit",
                        ),
                        Column("rows", "Records"),
                        Column("fields", "Fields"),
                        Column("through", "Through"),
                        Column(
                            "ends_at", "Until", render=lambda row: until(row.ends_at), size="fit"
                        ),
                    ],
                    label="Permissions",
                    row_key="permission",
                    actions=why,
                    compact=True,
                    loading=list_loading(UserAccess),
                    empty=empty_state(
                        "No permissions",
                        "What this person's roles and the grants below give stands here.",
                        icon="shield",
                    ),
                ),
                title="What this person can do",
                sentence="All that roles and grants in person give together, now.",
                actions=(
                    rx.cond(
                        may_grant & ~UserRecord.is_self,
                        button("Preview", size="s", icon="eye", on_click=Previewing.start_user),
                    ),
                    rx.cond(
                        UserAccess.held.length() > 0,
                        link_button(
                            "CSV",
                            href=UserAccess.download,
                            icon="download",
                            size="s",
                            native=True,
                        ),
                    ),
                ),
                flush=True,
            ),
            card(
                data_table(
                    UserAccess.own,
                    _own_columns(),
                    label="Grants in person",
                    actions=lambda row: rx.cond(
                        may_grant,
                        button(
                            "Remove",
                            size="s",
                            on_click=UserAccess.revoke(row.key, UserAccess.version),
                        ),
                    ),
                    loading=list_loading(UserAccess),
                    empty=empty_state(
                        "Nothing in person",
                        "Permissions given to this person alone stand here. Prefer a role.",
                        icon="key_round",
                    ),
                ),
                title="In person",
                sentence="Given to this person alone, without a role.",
                actions=(
                    rx.cond(
                        may_grant,
                        button("Grant", size="s", icon="plus", on_click=UserAccess.ask_grant),
                    ),
                ),
                flush=True,
            ),
        ),
        _grant_dialog(),
        record_conflict_dialog(UserAccess),
    )


def _own_columns() -> list[Column]:
    return [
        Column("permission", "Grants", render=_own, fixed=True),
        Column("rows", "Records"),
        Column("fields", "Fields"),
        Column("ends_at", "Until", render=lambda row: until(row.ends_at), size="fit"),
        Column("given_by", "Given", render=given, size="fit"),
        Column("reason", "Why", size="wide"),
    ]


def _own(row: OwnGrantRow) -> rx.Component:
    ended = rx.cond(row.has_ended, badge("Ended", icon="clock"))
    return rx.el.span(code(row.permission), ended, class_name="line")


def _grant_dialog() -> rx.Component:
    errors = UserAccess.field_errors
    return form_dialog(
        "Grant in person",
        permission_field(
            "",
            UserAccess.permissions,
            errors,
            help="Or a wildcard: user.*, *.read or *.",
            on_change=UserAccess.choose_permission.debounce(200),
        ),
        form_field(
            "Records",
            select("rule", UserAccess.rule_options, placeholder="All"),
            error=errors.get("rule", "").to(str),
        ),
        rx.cond(
            UserAccess.readable_options.length() + UserAccess.writable_options.length() > 0,
            rx.fragment(
                _fields("Fields that may be read", "readable", UserAccess.readable_options),
                _fields("Fields that may be changed", "writable", UserAccess.writable_options),
            ),
        ),
        last_day_field("expires_at", error=errors.get("expires_at", "").to(str)),
        form_field(
            "Reason",
            text_input("reason", max_length=300, autocomplete="off"),
            help="Who looks at this later reads it.",
            error=errors.get("reason", "").to(str),
            optional=True,
        ),
        version_field(UserAccess.version),
        *(
            rx.el.input(
                type="hidden",
                name=f"{name}_offered",
                value=options.length().to_string(),
                read_only=True,
            )
            for name, options in (
                ("readable", UserAccess.readable_options),
                ("writable", UserAccess.writable_options),
            )
        ),
        open=UserAccess.granting & (UserAccess.conflict == ""),
        on_submit=UserAccess.grant,
        on_close=UserAccess.close_dialogs,
        submit_label="Grant",
        errors=errors,
        error=UserAccess.form_error,
        version=UserAccess.granting.to(str),
    )


def _fields(title: str, name: str, options: Any) -> rx.Component:
    return form_group(
        title,
        checkbox_list(name, options, label=title, filterable=False),
        name=name,
        help="While all are chosen, also those that come later.",
        error=UserAccess.field_errors.get(name, "").to(str),
    )

"""The gallery's records: facts, history, numbers, dialogs."""

from typing import Any

import reflex as rx

from components.avatar import avatar, person
from components.button import button
from components.card import card, columns, row, stack
from components.chart import Series, bar_chart, sparkline
from components.code import code, code_block, copyable, kbd
from components.confirm_dialog import confirm_dialog
from components.description_list import description_list
from components.diff_view import Change, Difference, conflict_view, diff_view
from components.effect_list import Effect, effect_list
from components.form import form, save_bar, version_field
from components.form_dialog import form_dialog
from components.form_field import form_field
from components.last_day import end_time
from components.link_dialog import link_dialog
from components.modal import close_button, modal, sheet
from components.native_form import native_form
from components.password_input import password_input
from components.permission_matrix import PermissionGroup, permission_matrix
from components.post_dialog import post_dialog
from components.progress import progress, skeleton, spinner
from components.relative_time import relative_time
from components.stat_tile import stat_tile
from components.text_input import email_input, text_input
from components.timeline import timeline, timeline_entry

MOMENT = "2024-05-02T09:30:00+00:00"
CHANGES: list[Change] = [
    {"field": "roles", "before": "Author", "after": "Author, Editor"},
    {"field": "locale", "before": "", "after": "es"},
    {
        "field": "permissions",
        "before": "post.read, post.update, post.delete",
        "after": "post.read, post.update, post.publish",
        "parts": [
            {"kind": "removed", "text": "post.delete", "label": ""},
            {"kind": "added", "text": "post.publish", "label": ""},
            {"kind": "folded", "text": "post.read, post.update", "label": "2 entries unchanged"},
        ],
        "is_list": "yes",
    },
]
SERIES: list[Series] = [
    {"key": "succeeded", "title": "Succeeded", "tone": "accent"},
    {"key": "failed", "title": "Failed", "tone": "warning"},
]
DAYS = [
    {"label": f"{day} May", "succeeded": 20 + (day * 37) % 60, "failed": (day * 5) % 11}
    for day in range(1, 31)
]


def _numbers() -> rx.Component:
    line = [3, 4, 4, 6, 5, 8, 9, 7, 11, 12]
    return columns(
        stat_tile(
            "Active users",
            1284,
            href="/users",
            change="12 % more than last week",
            rising=True,
            good=True,
            chart=sparkline(line, label="Active users"),
        ),
        stat_tile("Denied actions", 37, change="9 more than yesterday", rising=True, good=False),
        stat_tile("Failed jobs", 0, change="None for 12 days"),
        stat_tile("Disk", "61 %", change="As usual", rising=False),
    )


DIFFERENCES: list[Difference] = [
    {"field": "Name", "theirs": "José Á. Álvarez", "yours": "José Álvarez"},
    {"field": "E-mail", "theirs": "jose@northwind.example", "yours": ""},
]


EFFECTS: list[Effect] = [
    {
        "who": "Aisha Rahman, Kim Doe, 5 more and 3 people you may not see",
        "gains": [
            {"code": "user.delete", "description": "Delete users"},
            {"code": "user.update", "description": "Change users"},
        ],
        "widens": [{"code": "user.read", "description": "See users"}],
        "narrows": [],
        "loses": [],
    },
    {
        "who": "José Álvarez",
        "gains": [],
        "widens": [],
        "narrows": [{"code": "user.read", "description": "See users"}],
        "loses": [{"code": "user.delete", "description": "Delete users"}],
    },
]
GROUPS: list[PermissionGroup] = [
    {
        "name": "user",
        "title": "Users",
        "module": "users",
        "permissions": [
            {"code": "user.*", "description": "All of users"},
            {"code": "user.read", "description": "See users"},
            {"code": "user.delete", "description": "Delete users"},
            {"code": "user.create", "description": "Create users"},
        ],
        "rules": [{"name": "own", "title": "Their own record"}],
        "readable": [{"name": "email", "title": "E-mail"}, {"name": "roles", "title": "Roles"}],
        "writable": [{"name": "email", "title": "E-mail"}],
    }
]
GRANTS: list[dict[str, Any]] = [
    {"permission": "user.read", "rule": "own", "readable": ["email"], "reason": "Support"},
    {"permission": "user.delete", "expires_at": "2024-06-01T00:00:00+00:00"},
]
INHERITED: list[dict[str, Any]] = [
    {"name": "Editor", "grants": [{"permission": "user.create", "source": "Editor"}]}
]


def _roles() -> rx.Component:
    return columns(
        card(
            permission_matrix(
                "gallery-grants",
                GROUPS,
                value=GRANTS,
                roles=INHERITED,
                included=["Editor"],
                label="Permissions",
            ),
            title="What a role grants",
        ),
        card(effect_list(EFFECTS), title="Whose access changes"),
    )


def _history() -> rx.Component:
    return columns(
        card(
            timeline(
                timeline_entry(
                    "Kim Doe", "changed the roles of José Álvarez", MOMENT, diff_view(CHANGES)
                ),
                timeline_entry("Aisha Rahman", "deleted a role", MOMENT, outcome="denied"),
                timeline_entry(
                    "Scheduler", "sent a report", MOMENT, outcome="failed", icon="clock"
                ),
            ),
            title="Activity",
            actions=(button("See all", variant="ghost", size="s"),),
        ),
        card(
            bar_chart(DAYS, SERIES, label="Sign-ins in May", label_title="Day"),
            title="Sign-ins",
            sentence="Last 30 days",
        ),
    )


def _facts() -> rx.Component:
    return columns(
        card(
            description_list(
                [
                    ("Name", person("Anna Berg", detail="anna@northwind.example")),
                    ("Avatars", row(avatar("A", size="s"), avatar("A B"), avatar("A B", size="l"))),
                    ("Id", copyable("018f3a5e-7c1b-7d9a-9f3e-2b1c4d5e6f70")),
                    ("Permission", code("user.update")),
                    ("Created", relative_time(MOMENT, exact=True)),
                    ("Last seen", relative_time("", missing="Never")),
                    ("Until", end_time("2099-12-05T00:00:00+00:00")),
                    ("Key", copyable("atr_9f3e2b1c4d5e6f70", secret=True)),
                    ("Press", row(kbd("g"), kbd("u"))),
                ]
            ),
            title="Facts",
        ),
        card(
            stack(
                code_block("platformctl module new invoices\nmake dev"),
                progress(34, label="Import", sentence="340 of 1,000 rows"),
                progress(None, label="Export"),
                skeleton(lines=3),
                spinner(),
            ),
            title="Code and progress",
        ),
    )


def _dialogs() -> rx.Component:
    return card(
        row(
            button("Dialog", opens="gallery-modal"),
            button("Sheet", opens="gallery-sheet"),
            button("Form", opens="gallery-form"),
            button("Question", opens="gallery-confirm"),
            button("Conflict", opens="gallery-conflict"),
            button("Password", opens="gallery-post"),
            button("Link", opens="gallery-link"),
            button("Question with a name", opens="gallery-irreversible", variant="danger"),
        ),
        modal(
            "Keys of this page",
            rx.el.p("A dialog holds the focus and gives it back."),
            name="gallery-modal",
            sentence="One sentence below the title.",
            footer=(close_button("Close"),),
        ),
        sheet(
            "Details",
            description_list([("Name", "Anna Berg"), ("Role", "Administrator")]),
            name="gallery-sheet",
            footer=(close_button("Close"),),
        ),
        form_dialog(
            "Invite user",
            form_field("E-mail", email_input("invitation", id="gallery-invitation")),
            name="gallery-form",
            on_submit=rx.prevent_default,
            submit_label="Send invitation",
            error="The mail server did not answer.",
        ),
        post_dialog(
            "Confirm it is you",
            form_field("Password", password_input("password", id="gallery-password")),
            sentence="It goes to the server and past the state.",
            name="gallery-post",
            action="/gallery",
            submit_label="Confirm",
            on_done=rx.prevent_default,
            on_close=rx.prevent_default,
        ),
        link_dialog(
            "Invite user",
            sentence="The link is shown once, and kept nowhere.",
            name="gallery-link",
            action="/gallery",
            option="end_sessions",
            option_label="End their open sessions at once",
            on_close=rx.prevent_default,
        ),
        confirm_dialog(
            "Save anyway?",
            "Kim Doe saved this user while you were typing.",
            conflict_view(DIFFERENCES),
            name="gallery-conflict",
            on_confirm=rx.prevent_default,
            confirm_label="Save mine",
            danger=False,
        ),
        confirm_dialog(
            "Suspend José Álvarez?",
            "He is signed out of 3 sessions at once.",
            name="gallery-confirm",
            on_confirm=rx.prevent_default,
            confirm_label="Suspend user",
        ),
        confirm_dialog(
            "Delete role Editor?",
            "3 users lose access to 12 posts. This cannot be undone.",
            name="gallery-irreversible",
            on_confirm=rx.prevent_default,
            confirm_label="Delete role",
            type_name="Editor",
            error="Somebody else changed the role.",
        ),
        title="Dialogs",
    )


def _form() -> rx.Component:
    return card(
        form(
            form_field("Title", text_input("title", value="Editor")),
            version_field(3),
            save_bar(),
            on_submit=rx.prevent_default,
            label="Role",
        ),
        native_form(
            form_field("Sent by the browser", text_input("q", placeholder="As a link would")),
            button("Send", type="submit"),
            action="/gallery",
            method="get",
            label="Native form",
        ),
        title="A form with a save bar, and a native one",
        sentence="Change the title to see the bar",
    )


def records() -> rx.Component:
    """Show what stands on the page of one record, and on the overview."""
    return rx.el.section(
        rx.el.h2("Records and numbers", class_name="gallery-title"),
        stack(_numbers(), _history(), _facts(), _roles(), columns(_dialogs(), _form())),
        class_name="gallery-section",
    )

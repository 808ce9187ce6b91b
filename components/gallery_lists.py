"""The gallery's table, with everything around it."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from components.avatar import person
from components.badge import status_badge
from components.bulk_bar import bulk_bar
from components.button import button
from components.card import columns, stack
from components.data_table import Column, cell_link, data_table
from components.fold import fold
from components.histogram import histogram, share_list
from components.matrix import matrix
from components.menu import menu, menu_item, menu_link, menu_separator
from components.number import grouped
from components.pagination import pagination
from components.picker import filter_button, filter_picker
from components.refresh import news
from components.relative_time import relative_time
from components.search_input import search_input
from components.states import no_match_state
from components.toolbar import (
    column_chooser,
    density_button,
    filter_chips,
    filter_menu,
    filter_toggle,
    toolbar,
    view_menu,
)

PEOPLE = (
    ("1", "Anna Berg", "active", "Administrator", 112, "2024-05-02T09:30:00+00:00"),
    ("2", "José Álvarez", "invited", "Author", 0, ""),
    ("3", "Mei-Ling Chen", "suspended", "Editor, Reviewer", 1480, "2023-11-20T18:05:00+00:00"),
    ("4", "Olga Petrova", "locked", "Viewer", 7, "2024-04-30T22:41:00+00:00"),
)
ROWS = [
    {
        "id": identity,
        "name": name,
        "email": f"{name.split()[0].lower()}@northwind.example",
        "status": status,
        "roles": roles,
        "posts": posts,
        "seen_at": seen,
    }
    for identity, name, status, roles, posts, seen in PEOPLE
]
MATRIX_ROWS = [
    {
        "name": f"post.{verb}",
        "title": f"{verb.capitalize()} posts",
        "group": "Blog",
        "href": "/gallery",
        "cells": cells,
    }
    for verb, cells in (("read", ["i", "d"]), ("publish", ["d", ""]))
]
HOURS = [
    {
        "start": f"2024-05-02T{hour:02}:00:00+00:00",
        "end": f"2024-05-02T{hour + 1:02}:00:00+00:00",
        "succeeded": 20 + (hour * 37) % 60,
        "denied": hour % 5 % 4,
        "failed": hour % 7 // 5,
    }
    for hour in range(23)
]
ACTIONS = [
    {
        "value": f"{noun}.{verb}",
        "label": f"{done} a {noun}",
        "detail": "",
        "group": f"{noun}s".title(),
    }
    for noun in ("user", "role")
    for verb, done in (("create", "Created"), ("update", "Changed"), ("delete", "Deleted"))
]
FREQUENT = [
    {"value": "user.update", "label": "Changed a user", "count": 412},
    {"value": "auth.sign_in", "label": "Signed in", "count": 96},
    {"value": "role.delete", "label": "Deleted a role", "count": 3},
]
STATUSES = (("active", "Active"), ("invited", "Invited"), ("suspended", "Suspended"))
COLUMNS = (
    Column(
        "name",
        "Name",
        lambda row: person(row["name"].to(str), href="/users/" + row["id"].to(str)),
        sortable=True,
        fixed=True,
    ),
    Column("email", "E-mail", sortable=True),
    Column("status", "Status", lambda row: status_badge(row["status"].to(str)), sortable=True),
    Column("roles", "Roles", size="wide"),
    Column("posts", "Posts", lambda row: grouped(row["posts"].to(int)), sortable=True, align="end"),
    Column("seen_at", "Last seen", lambda row: relative_time(row["seen_at"].to(str)), size="fit"),
)
SHORT = (
    Column("name", "Name", lambda row: cell_link(row["name"].to(str), href="/users")),
    Column("posts", "Posts", align="end"),
)


def _nothing(*_: object) -> Any:
    return rx.prevent_default


def _row_menu(row: rx.Var[Any]) -> rx.Component:
    return menu(
        menu_link("Open", href="/users/" + row["id"].to(str), icon="arrow_right"),
        menu_item("Suspend…", icon="pause", danger=True, opens="gallery-confirm"),
        label="Actions for " + row["name"].to(str),
        icon="ellipsis",
        size="s",
    )


def lists() -> rx.Component:
    """Show tables: full, compact, loading and without a match."""
    none: Callable[..., Any] = _nothing
    visible = rx.Var.create([column.key for column in COLUMNS])
    selected = rx.Var.create(["2", "3"])
    chips = rx.Var.create([{"key": "status", "label": "Status", "value": "Active"}])
    views = rx.Var.create(
        [
            {"id": "mine", "label": "My people", "shared": ""},
            {"id": "ours", "label": "Waiting for an answer", "shared": "yes"},
        ]
    )
    return rx.el.section(
        rx.el.h2("Lists", class_name="gallery-title"),
        toolbar(
            filter_menu("Status", STATUSES, value=rx.Var.create("active"), on_change=none),
            filter_menu("Role", (("editor", "Editor"),), value=rx.Var.create(""), on_change=none),
            filter_picker(
                "Action",
                ACTIONS,
                value=rx.Var.create("user.create"),
                on_change=rx.prevent_default,
                multiple=True,
            ),
            filter_button("Owner", active=False),
            filter_toggle("Only mine", active=True, on_toggle=rx.prevent_default),
            search=search_input("", on_search=rx.prevent_default, label="Search users"),
            start=view_menu(
                menu_separator(),
                menu_item("Save as…", icon="plus"),
                views=views,
                current="mine",
                name="My people",
                modified=True,
                path="/gallery",
            ),
            end=[
                density_button(rx.Var.create(False), on_toggle=rx.prevent_default),  # noqa: FBT003
                column_chooser(
                    COLUMNS,
                    visible=visible,
                    on_toggle=none,
                    on_move=none,
                    on_reset=rx.prevent_default,
                ),
            ],
            chips=filter_chips(chips, on_clear=none, on_clear_all=rx.prevent_default),
        ),
        data_table(
            ROWS,
            COLUMNS,
            label="Users",
            sort="name",
            on_sort=none,
            selected=selected,
            on_select=rx.prevent_default,
            row_name="name",
            actions=_row_menu,
            visible=visible,
            widths=rx.Var.create({"email": 200}),
            on_resize=rx.prevent_default,
        ),
        bulk_bar(
            button("Suspend", icon="pause", size="s", opens="gallery-confirm"),
            button("Assign role", icon="shield", size="s"),
            count=rx.Var.create(2),
            total=12480,
            all_selected=rx.Var.create(False),  # noqa: FBT003
            on_select_all=rx.prevent_default,
            on_clear=rx.prevent_default,
        ),
        pagination(
            start=1,
            end=50,
            total=12480,
            or_more=True,
            has_previous=False,
            has_next=True,
            on_previous=rx.prevent_default,
            on_next=rx.prevent_default,
            page_size=50,
            on_page_size=rx.prevent_default,
        ),
        columns(
            stack(
                rx.el.p("Compact", class_name="gallery-note"),
                data_table(ROWS, SHORT, label="Compact list", compact=True),
            ),
            stack(
                rx.el.p("Loading anew", class_name="gallery-note"),
                data_table(ROWS, SHORT, label="List that loads anew", loading=True),
            ),
            stack(
                rx.el.p("Loading for the first time", class_name="gallery-note"),
                data_table([], SHORT, label="List that loads", loading=True, skeleton_rows=4),
            ),
            stack(
                rx.el.p("No match", class_name="gallery-note"),
                data_table(
                    [],
                    SHORT,
                    label="List without a match",
                    empty=no_match_state(
                        "No user has the status suspended.", on_clear=rx.prevent_default
                    ),
                ),
            ),
        ),
        news(3, one="new user", several="new users", most=100, on_show=rx.prevent_default),
        fold(
            "What happened",
            histogram(
                HOURS,
                above={"key": "succeeded", "title": "Succeeded", "tone": "accent"},
                below=(
                    {"key": "denied", "title": "Denied", "tone": "danger"},
                    {"key": "failed", "title": "Failed", "tone": "warning"},
                ),
                label="Entries by hour",
                on_choose=rx.prevent_default,
            ),
            share_list(FREQUENT, label="Most frequent", on_choose=rx.prevent_default),
            name="gallery",
        ),
        matrix(
            rx.Var.create(MATRIX_ROWS).to(list[dict[str, Any]]),
            rx.Var.create([{"name": name, "href": "/gallery"} for name in ("Editor", "Writer")]),
            marks={"d": ("●", "granted"), "i": ("○", "inherited")},
            label="Roles and permissions",
            row_noun="permissions",
            column_noun="roles",
        ),
        class_name="gallery-section",
    )

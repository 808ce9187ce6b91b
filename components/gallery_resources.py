"""What is drawn from descriptions in the gallery: every type of field as cell, input and fact."""

from typing import Any

import reflex as rx

from components.card import card, stack
from components.file_import import file_import
from components.form import form
from components.resource_fields import resource_facts, resource_fields
from components.resource_filter import resource_filter
from components.resource_table import related_table, resource_table
from components.states import empty_state
from components.toolbar import drawn_column_chooser

_MOODS = [["good", "Good"], ["bad", "Bad"]]
_FIELDS: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("text", "Name", "Fern", {"longest": 200}),
    ("integer", "Count", 12480, {"min": 0}),
    ("number", "Weight", "1250.500", {"places": 3}),
    ("money", "Worth", {"amount": "1250.00", "currency": "EUR"}, {"currencies": ["EUR", "USD"]}),
    ("boolean", "Kept", True, {}),
    ("date", "Found on", "2026-01-31", {}),
    ("moment", "Seen", "2026-01-31T09:30:00Z", {}),
    ("duration", "Age", "PT1H30M", {}),
    ("choice", "Mood", "good", {"options": _MOODS}),
    ("colour", "Shade", "green", {}),
    ("email", "Finder", "ada@example.com", {"longest": 254}),
    ("url", "Page", "ftp://files.example.com", {"longest": 2000}),
    ("reference", "Shelf", {"id": "1", "label": "Top shelf"}, {"path": "/gallery", "leads": True}),
    ("long_text", "Note", "Two lines\nof words", {"longest": 1000}),
    ("json", "Facts", {"leaves": 3}, {}),
]
_COLUMNS = [
    {"key": kind, "title": title, "kind": kind, "sorts": kind not in ("json", "colour"), **facts}
    for kind, title, _value, facts in _FIELDS
]
_ROWS = [
    ["1", *(value for _kind, _title, value, _facts in _FIELDS)],
    ["2", "Moss", *(None for _ in _FIELDS[1:])],
    ["3", "Kept from you", *({"hidden": True} for _ in _FIELDS[1:])],
]
_INPUTS = [
    {
        "name": f"drawn_{kind}",
        "title": title,
        "kind": kind,
        "value": "" if kind in ("colour", "url") else value,
        "help": "It is found by this." if kind == "text" else "",
        "required": kind in ("text", "boolean", "choice"),
        "locked": kind in ("number", "email"),
        **facts,
    }
    for kind, title, value, facts in _FIELDS
]
_CHOICES = [
    {"key": "text", "title": "Name", "shown": True, "fixed": True},
    {"key": "integer", "title": "Count", "shown": True, "fixed": False},
    {"key": "json", "title": "Facts", "shown": False, "fixed": False},
]
_NOTHING: Any = rx.Var.create({})
_IMPORTED = [{"key": "text", "title": "Name", "required": True, "unique": True}]
_FILTERED = [
    {**column, "operators": ["is", "not", "min", "max"]}
    for column in _COLUMNS
    if column["kind"] in ("integer", "date", "choice", "boolean")
]
_FILTER = {
    "join": "all",
    "parts": [
        {"field": "integer", "operator": "min", "value": 3},
        {"join": "any", "parts": [{"field": "choice", "operator": "is", "value": "good"}]},
    ],
}


def drawn() -> rx.Component:
    """Show a table, a form and facts that are known when the page runs."""

    def none(*_: object) -> Any:
        return rx.prevent_default

    columns = rx.Var.create(_COLUMNS).to(list[dict[str, Any]])
    rows: Any = rx.Var.create(_ROWS).to(list[list[Any]])
    return stack(
        rx.el.h2("Drawn from descriptions", class_name="section-title"),
        rx.el.div(
            drawn_column_chooser(
                rx.Var.create(_CHOICES).to(list[dict[str, Any]]),
                on_toggle=none,
                on_move=none,
                on_reset=rx.prevent_default,
            )
        ),
        resource_table(
            rows,
            columns,
            base="/gallery",
            label="Specimens",
            sort="-text",
            on_sort=rx.prevent_default,
            widths=_NOTHING.to(dict[str, int]),
            on_resize=rx.prevent_default,
            compact=rx.Var.create(False),  # noqa: FBT003 - a Reflex variable
            loading=rx.Var.create(False),  # noqa: FBT003 - a Reflex variable
            selectable=rx.Var.create(True),  # noqa: FBT003 - a Reflex variable
            selected=rx.Var.create(["2"]).to(list[str]),
            all_selected=rx.Var.create(False),  # noqa: FBT003 - a Reflex variable
            on_select=rx.prevent_default,
            empty=empty_state("No specimens yet", "What was found stands here."),
        ),
        card(
            related_table(
                rows,
                columns,
                base="/gallery",
                label="Related specimens",
                action="Take away",
                on_action=none,
                empty=rx.el.p("None yet."),
            ),
            title="Related specimens · 3",
            flush=True,
        ),
        file_import(
            rx.Var.create(_IMPORTED).to(list[dict[str, Any]]),
            action="",
            href="/gallery",
            singular="specimen",
            plural="specimens",
            may_change=True,
            may_undo=True,
            undone="",
            on_undo=rx.prevent_default,
        ),
        card(
            form(
                resource_filter(
                    rx.Var.create(_FILTERED).to(list[dict[str, Any]]),
                    conditions=rx.Var.create(_FILTER).to(dict[str, Any]),
                    errors=_NOTHING.to(dict[str, str]),
                    found=_NOTHING.to(dict[str, Any]),
                    on_search=rx.prevent_default,
                ),
                on_submit=rx.prevent_default,
                keeps=False,
                label="Filter of specimens",
            ),
            title="Filter",
        ),
        rx.el.div(
            card(
                form(
                    resource_fields(
                        rx.Var.create(_INPUTS).to(list[dict[str, Any]]),
                        errors=rx.Var.create({"drawn_integer": "Use a smaller number."}).to(
                            dict[str, str]
                        ),
                        found=_NOTHING.to(dict[str, Any]),
                        on_search=rx.prevent_default,
                    ),
                    on_submit=rx.prevent_default,
                    keeps=False,
                    label="Specimen",
                ),
                title="Inputs",
            ),
            card(
                resource_facts(
                    rx.Var.create(
                        [
                            {**column, "value": value}
                            for column, value in zip(_COLUMNS, _ROWS[0][1:], strict=True)
                        ]
                    ).to(list[dict[str, Any]])
                ),
                title="Facts",
            ),
            class_name="beside beside-top",
        ),
    )

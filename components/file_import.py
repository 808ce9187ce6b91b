"""A file that becomes records, step by step."""

from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.values import Flag, Handler, Text

# What reads the rows that were refused once more; no component of its own.
browser_module("csv_file.jsx")


class _FileImport(rx.Component):
    library = browser_module("file_import.jsx")
    tag = "FileImport"

    action: rx.Var[str]
    href: rx.Var[str]
    singular: rx.Var[str]
    plural: rx.Var[str]
    fields: rx.Var[list[dict[str, Any]]]
    may_change: rx.Var[bool]
    may_undo: rx.Var[bool]
    undone: rx.Var[str]
    on_undo: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def file_import(
    fields: rx.Var[list[dict[str, Any]]],
    *,
    action: Text,
    href: Text,
    singular: Text,
    plural: Text,
    may_change: Flag,
    may_undo: Flag,
    undone: Text,
    on_undo: Handler,
) -> rx.Component:
    """Import a CSV file: choose it, say what its columns stand for, see what would happen, import.

    The file stays in the browser, and is sent with each step to `action`, which answers as the
    REST route of imports does, and to `action` + `/preview`.

    Args:
        fields: What columns can stand for, `{"key", "title", "required", "unique"}` each.
        action: Path that receives the file.
        href: The list of what is imported.
        singular: *item*.
        plural: *items*.
        may_change: Whether rows may change what there is.
        may_undo: Whether an import can be taken back from here.
        undone: The audit entry of the import that was taken back; empty for none.
        on_undo: Called with the audit entry of the import.
    """
    return _FileImport.create(
        fields=fields,
        action=action,
        href=href,
        singular=singular,
        plural=plural,
        may_change=may_change,
        may_undo=may_undo,
        undone=undone,
        on_undo=on_undo,
    )

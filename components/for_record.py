"""The place of a record that may still be on its way."""

import reflex as rx

from components.browser_module import browser_module
from components.values import Text


class _ForRecord(rx.Component):
    library = browser_module("for_record.jsx")
    tag = "ForRecord"

    record: rx.Var[str]
    awaited: rx.Var[bool]


def for_record(record: Text, *content: rx.Component, waiting: rx.Component) -> rx.Component:
    """Show a record once it is the one that the address names.

    Args:
        record: Id of the record that the state holds; empty for none.
        *content: Its page.
        waiting: Shown until then.
    """
    return rx.fragment(
        _ForRecord.create(*content, record=record, awaited=False),
        _ForRecord.create(waiting, record=record, awaited=True),
    )

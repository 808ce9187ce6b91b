"""The notice that the live connection is down."""

from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.values import Text


class _Connection(rx.Component):
    library = browser_module("connection.jsx")
    tag = "Connection"

    lost_text: rx.Var[str]
    found_text: rx.Var[str]
    notice: rx.Var[Any]


def connection_state(
    lost: Text = "Connection lost. Reconnecting… What you typed is kept.",
    found: Text = "Connected again.",
    notice: rx.Var[Any] | None = None,
) -> rx.Component:
    """Show a line after the connection has been down for two seconds, and one when it is back.

    Args:
        lost: Words while it is down.
        found: Words when it is back.
        notice: `{id, text, lasting}` of a line from the server, shown for 8 s each time its id
            changes; a lasting one until the connection is back.
    """
    props: dict[str, Any] = {} if notice is None else {"notice": notice}
    return _Connection.create(lost_text=lost, found_text=found, **props)

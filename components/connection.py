"""The notice that the live connection is down."""

import reflex as rx

from components.browser_module import browser_module
from components.values import Text


class _Connection(rx.Component):
    library = browser_module("connection.jsx")
    tag = "Connection"

    lost_text: rx.Var[str]
    found_text: rx.Var[str]


def connection_state(
    lost: Text = "Connection lost. Reconnecting… What you typed is kept.",
    found: Text = "Connected again.",
) -> rx.Component:
    """Show a line after the connection has been down for two seconds, and one when it is back.

    Args:
        lost: Words while it is down.
        found: Words when it is back.
    """
    return _Connection.create(lost_text=lost, found_text=found)

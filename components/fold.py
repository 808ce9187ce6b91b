"""A part of a page that can be folded away, and stays so in this browser."""

from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.values import Content, Handler, Text


class _Fold(rx.Component):
    library = browser_module("fold.jsx")
    tag = "Fold"

    name: rx.Var[str]
    title: rx.Var[str]
    version: rx.Var[str]
    on_show: rx.EventHandler[rx.event.no_args_event_spec]


def fold(
    title: Text,
    *content: Content,
    name: str,
    version: Text = "",
    on_show: Handler | None = None,
) -> rx.Component:
    """Let people fold a part of a page away; open at first, on a phone folded.

    Args:
        title: The words that stay.
        *content: What can be folded away; not drawn while it is.
        name: What the browser remembers it by.
        version: What the content depends on; empty while that is not known.
        on_show: Called when the content is shown, and while it is shown when the version changes.
    """
    props: dict[str, Any] = {} if on_show is None else {"on_show": on_show}
    return _Fold.create(*content, title=title, name=name, version=version, **props)

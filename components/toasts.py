"""Short messages after an action, with the chance to undo it."""

from typing import Any, Literal, NotRequired, TypedDict

import reflex as rx

from components.browser_module import browser_module
from components.values import Handler


class Toast(TypedDict):
    """One message; keep a list of them in state."""

    id: str
    kind: Literal["success", "info", "warning", "danger"]
    message: str
    action: str
    """Words of its button, such as *Undo*; empty for none."""
    why: NotRequired[str]
    """Where a refusal is explained."""


class _Toasts(rx.Component):
    library = browser_module("toasts.jsx")
    tag = "Toasts"

    toasts: rx.Var[list[Any]]
    on_dismiss: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_action: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def toasts(
    messages: rx.Var[list[Any]] | list[Toast],
    *,
    on_dismiss: Handler,
    on_action: Handler | None = None,
) -> rx.Component:
    """Show messages in the corner and read them aloud.

    A message goes after 5 s, 10 s when it can be undone, never when it tells of a failure; pointing
    at it or focusing it holds it. Two are shown at once, the newest; the others wait.

    Args:
        messages: The state's list, oldest first.
        on_dismiss: Called with the id of a message to remove.
        on_action: Called with the id of the message whose button was pressed.
    """
    props: dict[str, Any] = {}
    if on_action is not None:
        props["on_action"] = on_action
    return _Toasts.create(toasts=messages, on_dismiss=on_dismiss, **props)

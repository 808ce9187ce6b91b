"""Types that the components' signatures share."""

from typing import Any, TypeAlias

import reflex as rx

Text: TypeAlias = str | rx.Var[str]
"""Words for a person: written in the page, or taken from state."""

Flag: TypeAlias = bool | rx.Var[bool]
"""A yes or no: fixed, or taken from state."""

Number: TypeAlias = int | float | rx.Var[int] | rx.Var[float]
"""A quantity: fixed, or taken from state."""

Content: TypeAlias = rx.Component | str | rx.Var[Any]
"""What may stand between tags."""

Handler: TypeAlias = rx.event.EventType[Any]
"""What Reflex accepts as an event handler: `State.method`, `State.method(value)`, or several."""


def class_names(*names: Text | None) -> list[Text]:
    """Leave out the names that do not apply."""
    return [name for name in names if isinstance(name, rx.Var) or name]


def attributes(**values: object) -> dict[str, object]:
    """Turn `aria_label="Close"` into `{"aria-label": "Close"}`, leaving out `None`."""
    return {
        name.rstrip("_").replace("_", "-"): value
        for name, value in values.items()
        if value is not None
    }


def yes_no(flag: Flag) -> Text:
    """Write a flag as ARIA wants it: `"true"` or `"false"`."""
    if isinstance(flag, rx.Var):
        return rx.cond(flag, "true", "false")
    return "true" if flag else "false"

"""A button that shows only an icon."""

from typing import Any, Literal

import reflex as rx

from components.icon import icon as draw_icon
from components.values import Flag, Handler, Text, attributes, class_names


def icon_button(
    icon: str,
    label: Text,
    *,
    variant: Literal["ghost", "secondary", "danger"] = "ghost",
    size: Literal["s", "m"] = "m",
    disabled: Flag = False,
    tooltip: Literal["above", "below", "left", "right"] | None = "below",
    shortcut: str | None = None,
    opens: str | None = None,
    attrs: dict[str, Any] | None = None,
    on_click: Handler | None = None,
) -> rx.Component:
    """Do something for which there is no room to write the word.

    Args:
        icon: Lucide name.
        label: The word: read aloud, and shown as tooltip.
        variant: `ghost` in bars and rows.
        size: 26 or 32 px; 44 px on a phone.
        disabled: Not possible now.
        tooltip: Where the word appears; `None` for no tooltip.
        shortcut: The key that presses it.
        opens: The name of a dialog that opens without asking the server.
        attrs: Further HTML attributes.
        on_click: What to do.
    """
    props: dict[str, Any] = {}
    if on_click is not None:
        props["on_click"] = on_click
    return rx.el.button(
        draw_icon(icon),
        type="button",
        disabled=disabled,
        class_name=class_names(
            "button", f"button-{variant}", "button-square", "button-s" if size == "s" else None
        ),
        custom_attrs=attributes(
            aria_label=label,
            data_tip=label if tooltip else None,
            data_tip_side=tooltip,
            data_shortcut=shortcut,
            aria_keyshortcuts=shortcut,
            data_opens=opens,
        )
        | (attrs or {}),
        **props,
    )

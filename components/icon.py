"""A line icon, always beside words or inside something that has a name."""

from typing import Literal

import reflex as rx

from components.values import Text, class_names


def icon(
    name: str, *, size: Literal["xs", "s", "m", "l"] = "m", class_name: Text = ""
) -> rx.Component:
    """Draw a Lucide icon that assistive technology skips.

    Args:
        name: A Lucide name such as `"user_plus"`; fixed, so that only this icon is bundled.
        size: 12, 14, 16 or 20 px.
        class_name: Further classes.
    """
    return rx.icon(
        name,
        class_name=class_names("icon", f"icon-{size}" if size != "m" else None, class_name),
        custom_attrs={"aria-hidden": "true"},
    )

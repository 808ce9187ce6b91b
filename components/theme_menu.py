"""Light, dark, or as the device says."""

import reflex as rx
from reflex_base.style import color_mode, set_color_mode

from components.menu import menu, menu_choice
from components.values import Handler, Text


def _choice(label: Text, mode: str, icon: str) -> rx.Component:
    change: Handler = set_color_mode(mode)  # type: ignore[arg-type]
    return menu_choice(
        label, chosen=color_mode == mode, icon=icon, command=f"theme-{mode}", on_click=change
    )


def theme_menu() -> rx.Component:
    """Let the person choose the colours; the browser remembers."""
    return menu(
        _choice("Light", "light", "sun"),
        _choice("Dark", "dark", "moon"),
        _choice("As the device", "system", "monitor"),
        label="Theme",
        icon="sun_moon",
    )

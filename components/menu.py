"""A button that opens a list of actions, and one that opens a small panel."""

from collections.abc import Mapping
from typing import Any, Literal

import reflex as rx

from components.browser_module import browser_module
from components.icon import icon as draw_icon
from components.icon_button import icon_button
from components.link import browser_link, link
from components.native_form import native_form
from components.values import Content, Flag, Handler, Text, attributes, class_names, yes_no


class _Menu(rx.Component):
    library = browser_module("menu.jsx")
    tag = "Menu"


def menu(
    *items: rx.Component,
    label: Text,
    icon: str | None = None,
    variant: Literal["ghost", "secondary"] = "ghost",
    size: Literal["s", "m"] = "m",
    align: Literal["start", "end"] = "end",
    trigger: rx.Component | None = None,
) -> rx.Component:
    """Offer several actions behind one button.

    Args:
        *items: `menu_item`, `menu_link`, `menu_choice`, `menu_heading`, `menu_separator`.
        label: The button's words; only read aloud when there is an icon.
        icon: Lucide name for an icon button such as `"ellipsis"`.
        variant: Look of the button.
        size: 26 or 32 px.
        align: Which edges of button and list meet.
        trigger: Another button instead.
    """
    if trigger is None:
        trigger = (
            icon_button(icon, label, variant=variant, size=size, tooltip=None)
            if icon
            else rx.el.button(
                rx.el.span(label, class_name="button-label"),
                draw_icon("chevron_down", size="xs"),
                type="button",
                class_name=class_names(
                    "button", f"button-{variant}", "button-s" if size == "s" else None
                ),
            )
        )
    return _Menu.create(
        trigger,
        rx.el.div(
            *items,
            class_name="menu",
            custom_attrs=attributes(
                popover="auto", role="menu", aria_label=label, data_align=align
            ),
        ),
    )


def popover(
    *content: Content,
    label: Text,
    trigger: rx.Component,
    align: Literal["start", "end"] = "start",
) -> rx.Component:
    """Show a small panel beside its button: columns to show, a filter's values.

    Args:
        *content: What the panel holds; an element with `data-close` closes it.
        label: Name of the panel for assistive technology.
        trigger: A button.
        align: Which edges of button and panel meet.
    """
    return _Menu.create(
        trigger,
        rx.el.div(
            *content,
            class_name="menu popover",
            custom_attrs=attributes(
                popover="auto", role="dialog", aria_label=label, data_align=align
            ),
        ),
    )


def _line(label: Content, icon: str | None, hint: str | None) -> list[rx.Component]:
    return [
        draw_icon(icon) if icon else rx.fragment(),
        rx.el.span(label, class_name="menu-label"),
        rx.el.kbd(hint, class_name="kbd") if hint else rx.fragment(),
    ]


def menu_item(
    label: Text,
    *,
    icon: str | None = None,
    hint: str | None = None,
    danger: bool = False,
    disabled: Flag = False,
    opens: str | None = None,
    on_click: Handler | None = None,
) -> rx.Component:
    """Do one thing.

    Args:
        label: The verb.
        icon: Lucide name.
        hint: The key that does the same.
        danger: It loses something.
        disabled: Not possible now.
        opens: The name of a dialog that opens without asking the server.
        on_click: What to do.
    """
    props: dict[str, Any] = {}
    if on_click is not None:
        props["on_click"] = on_click
    return rx.el.button(
        *_line(label, icon, hint),
        type="button",
        disabled=disabled,
        class_name=class_names("menu-item", "menu-item-danger" if danger else None),
        custom_attrs=attributes(role="menuitem", tabIndex=-1, data_opens=opens),
        **props,
    )


def menu_link(
    label: Text,
    *,
    href: Text,
    icon: str | None = None,
    hint: str | None = None,
    native: bool = False,
) -> rx.Component:
    """Go to a page.

    Args:
        label: Where it leads.
        href: A path of the application, or any address with `native`.
        icon: Lucide name.
        hint: The key that does the same.
        native: Let the browser load it: files, the REST API, other sites.
    """
    lead = browser_link if native else link
    return lead(
        *_line(label, icon, hint),
        href=href,
        class_name="menu-item",
        attrs={"role": "menuitem", "tabIndex": -1},
    )


CSV_FORMS: Mapping[str, str] = {
    "Export CSV": "",
    "Export for Excel, commas": "bom=true&",
    "Export for Excel, semicolons": "separator=semicolon&bom=true&",
    "Export with tabs": "separator=tab&bom=true&",
}
"""How a list can be saved for a spreadsheet, and what the address says for it."""


def csv_links(address: Text, query: Text = "") -> list[rx.Component]:
    """Save a list in the form that the reader's spreadsheet expects.

    Args:
        address: The file's, up to a `?` or `&`.
        query: What it says besides.
    """
    return [
        menu_link(words, href=address + form + query, icon="download", native=True)
        for words, form in CSV_FORMS.items()
    ]


def menu_form(
    label: Text,
    *,
    action: Text,
    icon: str | None = None,
    hidden: dict[str, Text] | None = None,
    command: str | None = None,
) -> rx.Component:
    """Send a native form with one click, as *Sign out* must.

    Args:
        label: The verb.
        action: Path that receives the form.
        icon: Lucide name.
        hidden: Values sent along by field name.
        command: Name by which the command palette presses it.
    """
    return native_form(
        rx.el.button(
            *_line(label, icon, None),
            type="submit",
            class_name="menu-item",
            custom_attrs=attributes(role="menuitem", tabIndex=-1, data_command=command),
        ),
        action=action,
        hidden=hidden,
        class_name="menu-form",
        attrs={"role": "none"},
    )


def menu_choice(
    label: Content,
    *,
    chosen: Flag,
    icon: str | None = None,
    command: str | None = None,
    on_click: Handler,
) -> rx.Component:
    """Choose one of several that exclude each other.

    Args:
        label: The choice.
        chosen: Whether it is in force.
        icon: Lucide name.
        command: Name by which the command palette presses it.
        on_click: What to do.
    """
    return rx.el.button(
        *_line(label, icon, None),
        draw_icon("check", size="s", class_name="menu-check"),
        type="button",
        class_name="menu-item",
        on_click=on_click,
        custom_attrs=attributes(
            role="menuitemradio",
            tabIndex=-1,
            aria_checked=yes_no(chosen),
            data_command=command,
        ),
    )


def menu_heading(*content: Content) -> rx.Component:
    """Say what the items below have in common, or who is signed in."""
    return rx.el.div(*content, class_name="menu-heading", custom_attrs={"role": "presentation"})


def menu_separator() -> rx.Component:
    """Keep groups of items apart."""
    return rx.el.div(class_name="menu-separator", custom_attrs={"role": "separator"})

"""Buttons, and links that look like buttons."""

from typing import Any, Literal

import reflex as rx

from components.icon import icon as draw_icon
from components.link import browser_link, link
from components.values import Flag, Handler, Text, attributes, class_names, yes_no

Variant = Literal["primary", "secondary", "ghost", "danger"]


def _content(label: Text, icon: str | None, loading: Flag) -> list[Any]:
    return [
        rx.cond(loading, rx.el.span(class_name="spinner", custom_attrs={"aria-hidden": "true"}))
        if isinstance(loading, rx.Var)
        else (
            rx.el.span(class_name="spinner", custom_attrs={"aria-hidden": "true"})
            if loading
            else None
        ),
        draw_icon(icon, class_name="button-icon") if icon else None,
        rx.el.span(label, class_name="button-label"),
    ]


def button(
    label: Text,
    *,
    variant: Variant = "secondary",
    icon: str | None = None,
    size: Literal["s", "m", "l"] = "m",
    loading: Flag = False,
    disabled: Flag = False,
    type: Literal["button", "submit", "reset"] = "button",  # noqa: A002 - the HTML word
    shortcut: str | None = None,
    opens: str | None = None,
    full_width: bool = False,
    name: str | None = None,
    value: Text | None = None,
    attrs: dict[str, Any] | None = None,
    on_click: Handler | None = None,
) -> rx.Component:
    """Do something on this page.

    Args:
        label: The verb: *Invite user*.
        variant: One `primary` per view; `danger` for what loses something.
        icon: Lucide name, drawn before the label.
        size: 26, 32 or 40 px high.
        loading: Busy: shows a spinner and ignores clicks.
        disabled: Not possible now; say why beside it.
        type: `submit` inside a form.
        shortcut: The key that presses this button, for example `"n"`.
        opens: The name of a dialog that opens without asking the server.
        full_width: As wide as its container.
        name: Field name that a native form sends with it.
        value: Value that a native form sends with it.
        attrs: Further HTML attributes.
        on_click: What to do.
    """
    props: dict[str, Any] = {}
    if on_click is not None:
        props["on_click"] = on_click
    busy = loading | disabled if isinstance(loading, rx.Var) else disabled
    return rx.el.button(
        *[part for part in _content(label, icon, loading) if part is not None],
        type=type,
        disabled=True if loading is True else busy,
        class_name=class_names(
            "button",
            f"button-{variant}",
            f"button-{size}" if size != "m" else None,
            "button-full" if full_width else None,
        ),
        custom_attrs=attributes(
            aria_busy=None if loading is False else yes_no(loading),
            data_shortcut=shortcut,
            aria_keyshortcuts=shortcut,
            data_opens=opens,
            name=name,
            value=value,
        )
        | (attrs or {}),
        **props,
    )


def link_button(
    label: Text,
    *,
    href: Text,
    variant: Variant = "secondary",
    icon: str | None = None,
    size: Literal["s", "m", "l"] = "m",
    shortcut: str | None = None,
    full_width: bool = False,
    native: bool = False,
    download: bool = False,
) -> rx.Component:
    """Go to another page, drawn as a button because it is the page's action.

    Args:
        label: Where it leads: *New post*.
        href: A path of the application, or any address with `native`.
        variant: As for `button`.
        icon: Lucide name, drawn before the label.
        size: As for `button`.
        shortcut: The key that follows this link, for example `"n"`.
        full_width: As wide as its container.
        native: Let the browser load it: files, the REST API, other sites.
        download: Save instead of showing; implies `native`.
    """
    content = [part for part in _content(label, icon, loading=False) if part is not None]
    classes = " ".join(
        name
        for name in (
            "button",
            f"button-{variant}",
            f"button-{size}" if size != "m" else "",
            "button-full" if full_width else "",
        )
        if name
    )
    attrs = attributes(data_shortcut=shortcut, aria_keyshortcuts=shortcut)
    if native or download:
        return browser_link(*content, href=href, download=download, class_name=classes, attrs=attrs)
    return link(*content, href=href, class_name=classes, attrs=attrs)

"""The pages of one record."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components.link import navigation_link
from components.values import Text


def tabs(
    pages: Sequence[tuple[Text, Text]] | rx.Var[list[dict[str, str]]], *, label: Text
) -> rx.Component:
    """Lead between the pages of one record; each has its own address.

    Args:
        pages: `(words, path)` each, or a state list of `{"label", "href"}`; the address says which
            is current.
        label: Name of the navigation for assistive technology: *User*.
    """

    def tab(words: Text, href: Text) -> rx.Component:
        return rx.el.li(navigation_link(words, href=href, exact=True, class_name="tab"))

    lines: Any = (
        [rx.foreach(pages, lambda page: tab(page["label"].to(str), page["href"].to(str)))]
        if isinstance(pages, rx.Var)
        else [tab(*page) for page in pages]
    )
    return rx.el.nav(
        rx.el.ul(*lines),
        class_name="tabs",
        custom_attrs={"aria-label": label},
    )

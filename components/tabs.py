"""The pages of one record."""

from collections.abc import Sequence

import reflex as rx

from components.link import navigation_link
from components.values import Flag, Text


def tabs(
    pages: Sequence[tuple[Text, Text] | tuple[Text, Text, Flag]], *, label: Text
) -> rx.Component:
    """Lead between the pages of one record; each has its own address.

    Args:
        pages: `(words, path)`, or `(words, path, visible)`; the address says which is current.
        label: Name of the navigation for assistive technology: *User*.
    """

    def tab(words: Text, href: Text, visible: Flag = True) -> rx.Component:  # noqa: FBT002
        line = rx.el.li(navigation_link(words, href=href, exact=True, class_name="tab"))
        if isinstance(visible, rx.Var):
            return rx.cond(visible, line)
        return line if visible else rx.fragment()

    return rx.el.nav(
        rx.el.ul(*(tab(*page) for page in pages)),
        class_name="tabs",
        custom_attrs={"aria-label": label},
    )

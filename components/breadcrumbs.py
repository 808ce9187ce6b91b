"""Where this page stands."""

from collections.abc import Sequence

import reflex as rx

from components.icon import icon
from components.link import link
from components.values import Text


def breadcrumbs(
    trail: Sequence[tuple[Text, Text | None]], *, label: Text = "Breadcrumbs"
) -> rx.Component:
    """Show the way from the section to this page.

    Args:
        trail: `(words, path)` from the outside in; the last one is this page and needs no path.
        label: Name of the navigation for assistive technology.
    """
    last = len(trail) - 1

    def step(index: int, words: Text, href: Text | None) -> rx.Component:
        here = index == last
        if here or href is None:
            inner = rx.el.span(
                words,
                class_name="crumb-here" if here else "crumb",
                custom_attrs={"aria-current": "page"} if here else {},
            )
        else:
            inner = link(words, href=href, class_name="crumb crumb-link")
        sign = rx.fragment() if index == 0 else icon("chevron_right", size="xs")
        return rx.el.li(sign, inner)

    return rx.el.nav(
        rx.el.ol(*(step(index, words, href) for index, (words, href) in enumerate(trail))),
        class_name="breadcrumbs",
        custom_attrs={"aria-label": label},
    )

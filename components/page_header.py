"""The head of a page: what it is, one sentence, what can be done."""

from collections.abc import Sequence

import reflex as rx

from components.menu import menu
from components.values import Content


def page_header(
    title: Content,
    sentence: Content | None = None,
    *,
    action: rx.Component | None = None,
    secondary: Sequence[rx.Component] = (),
    more: Sequence[rx.Component] = (),
    mark: rx.Component | None = None,
    lead: rx.Component | None = None,
) -> rx.Component:
    """Open a page.

    Args:
        title: The page's only `h1`.
        sentence: What the page is for, in one sentence.
        action: The primary button.
        secondary: Buttons before it; few.
        more: `menu_item(…)` behind "…".
        mark: A badge beside the title, such as a status.
        lead: An avatar or icon before the title.
    """
    return rx.el.header(
        rx.el.div(
            lead or rx.fragment(),
            rx.el.div(
                rx.el.div(
                    rx.el.h1(title, class_name="page-title", dir="auto"),
                    mark or rx.fragment(),
                    class_name="page-title-line",
                ),
                rx.el.p(sentence, class_name="page-sentence")
                if sentence is not None
                else rx.fragment(),
                class_name="page-header-words",
            ),
            class_name="page-header-start",
        ),
        rx.el.div(
            *secondary,
            menu(*more, label="More actions", icon="ellipsis", variant="secondary")
            if more
            else rx.fragment(),
            action or rx.fragment(),
            class_name="page-header-actions",
        )
        if action or secondary or more
        else rx.fragment(),
        class_name="page-header",
    )

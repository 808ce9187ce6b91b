"""A part of a page that stands on its own."""

import reflex as rx

from components.values import Content, Text, class_names


def card(
    *content: Content,
    title: Text | None = None,
    sentence: Text | None = None,
    actions: tuple[rx.Component, ...] = (),
    flush: bool = False,
) -> rx.Component:
    """Frame something with a heading; never a card in a card.

    Args:
        *content: What it holds.
        title: Its heading.
        sentence: One sentence below the heading.
        actions: Small buttons or links beside the heading.
        flush: No padding around the content, for lists and tables.
    """
    head = (
        rx.el.header(
            rx.el.div(
                rx.el.h2(title, class_name="card-title") if title is not None else rx.fragment(),
                rx.el.p(sentence, class_name="card-sentence")
                if sentence is not None
                else rx.fragment(),
            ),
            rx.el.div(*actions, class_name="card-actions") if actions else rx.fragment(),
            class_name="card-header",
        )
        if title is not None or actions
        else rx.fragment()
    )
    return rx.el.section(
        head,
        rx.el.div(*content, class_name=class_names("card-body", "card-flush" if flush else None)),
        class_name="card",
    )


def columns(*parts: rx.Component) -> rx.Component:
    """Put cards or tiles side by side as the width allows, one below the other on a phone."""
    return rx.el.div(*parts, class_name="columns")


def stack(*parts: Content) -> rx.Component:
    """Put parts of a page below each other, evenly apart."""
    return rx.el.div(*parts, class_name="stack")


def row(*parts: Content) -> rx.Component:
    """Put small things beside each other, evenly apart."""
    return rx.el.div(*parts, class_name="line")

"""A person, by initials."""

from typing import Literal

import reflex as rx

from components.browser_module import browser_module
from components.link import link
from components.values import Text, attributes, class_names


class _Initials(rx.Component):
    library = browser_module("avatar.jsx")
    tag = "Initials"

    name: rx.Var[str]


def avatar(
    name: Text, *, image: Text | None = None, size: Literal["s", "m", "l"] = "m"
) -> rx.Component:
    """Show who, beside the name; the name itself carries the meaning.

    Args:
        name: The person's name, from which the initials are taken.
        image: Address of a picture.
        size: 20, 24 or 40 px.
    """
    return rx.el.span(
        rx.el.img(src=image, alt="", class_name="avatar-image")
        if image is not None
        else _Initials.create(name=name),
        class_name=class_names("avatar", f"avatar-{size}" if size != "m" else None),
        custom_attrs=attributes(aria_hidden="true"),
    )


def person(
    name: Text, *, detail: Text | None = None, image: Text | None = None, href: Text | None = None
) -> rx.Component:
    """Show a person by initials and name, in a row or a header.

    Args:
        name: The person's name.
        detail: A quieter second text, such as the e-mail.
        image: Address of a picture.
        href: The person's page.
    """
    words = rx.el.span(name, class_name="person-name", dir="auto")
    return rx.el.span(
        avatar(name, image=image),
        rx.el.span(
            link(words, href=href, class_name="cell-link") if href is not None else words,
            rx.el.span(detail, class_name="person-detail") if detail is not None else rx.fragment(),
            class_name="person-text",
        ),
        class_name="person",
    )

"""The quiet page around sign-in, invitation, reset and first run; it pulls in nothing heavy."""

import reflex as rx

from components.brand import brand
from components.values import Content, Text


def auth_layout(
    title: Content,
    *content: Content,
    sentence: Content | None = None,
    footer: Content | None = None,
    name: Text = "Atrium",
) -> rx.Component:
    """Put one form in the middle of an otherwise empty page.

    Args:
        title: The page's `h1`: *Sign in*.
        *content: The form, perhaps below a `callout` with what went wrong.
        sentence: One sentence below the title.
        footer: A quiet line at the end, such as the way out.
        name: What the installation is called.
    """
    return rx.el.div(
        rx.el.header(brand(name), class_name="auth-brand"),
        rx.el.main(
            rx.el.div(
                rx.el.h1(title, class_name="auth-title"),
                rx.el.p(sentence, class_name="auth-sentence")
                if sentence is not None
                else rx.fragment(),
                *content,
                class_name="auth-card",
            ),
            rx.el.div(footer, class_name="auth-footer") if footer is not None else rx.fragment(),
            class_name="auth-main",
            custom_attrs={"id": "main"},
        ),
        class_name="auth",
    )

"""What stands around every page: a net for what breaks in the browser, and what follows links."""

from collections.abc import Callable

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary

from components.icon import icon
from components.link import browser_link, navigation


def _crash_state() -> rx.Component:
    """Say that the page itself broke, and offer to load it anew."""
    return rx.el.main(
        rx.el.div(
            rx.el.div(icon("triangle_alert", size="l"), class_name="state-icon"),
            rx.el.h1("This page broke", class_name="state-title"),
            rx.el.p(
                "That is our fault, not yours. Loading it anew usually helps.",
                class_name="state-text",
            ),
            rx.el.div(
                browser_link("Load anew", href="", class_name="button button-primary"),
                browser_link("Back to overview", href="/", class_name="button button-secondary"),
                class_name="state-actions",
            ),
            class_name="state state-danger",
            custom_attrs={"role": "alert"},
        ),
        class_name="auth-main",
    )


def app_wraps() -> dict[tuple[int, str], Callable[[bool], rx.Component | None]]:
    """Give `rx.App(app_wraps=app_wraps(), toaster=None)`.

    Leaves out Reflex's own messages about the connection, for the shell has `connection_state`, and
    with them the library that draws them.
    """

    def boundary(stateful: bool) -> rx.Component:  # noqa: FBT001 - Reflex calls it so
        if stateful:
            return ErrorBoundary.create(fallback_render=rx.Var.create(_crash_state()))
        return ErrorBoundary.create(
            fallback_render=rx.Var.create(_crash_state()), on_error=rx.prevent_default
        )

    return {(55, "ErrorBoundary"): boundary, (54, "Navigation"): lambda _: navigation()}

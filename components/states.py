"""What a place shows when it has nothing to show, and why."""

from typing import Any, Literal

import reflex as rx

from components.button import button, link_button
from components.icon import icon as draw_icon
from components.values import Content, Handler, Text, class_names


def _state(
    icon: str,
    title: Text,
    *content: Content,
    actions: tuple[rx.Component | None, ...] = (),
    tone: Literal["neutral", "danger", "warning"] = "neutral",
    heading: Literal["h1", "h2"] = "h2",
    role: str | None = None,
) -> rx.Component:
    shown = [action for action in actions if action is not None]
    head: Any = rx.el.h1 if heading == "h1" else rx.el.h2
    return rx.el.div(
        rx.el.div(draw_icon(icon, size="l"), class_name="state-icon"),
        head(title, class_name="state-title"),
        *(
            rx.el.p(part, class_name="state-text") if not isinstance(part, rx.Component) else part
            for part in content
        ),
        rx.el.div(*shown, class_name="state-actions") if shown else rx.fragment(),
        class_name=class_names("state", f"state-{tone}" if tone != "neutral" else None),
        custom_attrs={"role": role} if role else {},
    )


def empty_state(
    title: Text, sentence: Text, *, icon: str = "inbox", action: rx.Component | None = None
) -> rx.Component:
    """Say what this place is for, and offer the one thing to do first.

    Args:
        title: *No roles yet*.
        sentence: What will stand here and why it is useful.
        icon: Lucide name.
        action: The one button.
    """
    return _state(icon, title, sentence, actions=(action,))


def no_match_state(
    sentence: Text,
    *,
    title: Text = "Nothing matches",
    on_clear: Handler | None = None,
    clear_label: Text = "Clear filters",
) -> rx.Component:
    """Say which search or filter leaves nothing over.

    Args:
        sentence: *No user has the role Editor and the status suspended.*
        title: Short form.
        on_clear: Clears all filters.
        clear_label: Words of its button.
    """
    clear = button(clear_label, on_click=on_clear) if on_clear is not None else None
    return _state("search_x", title, sentence, actions=(clear,), role="status")


def error_state(
    sentence: Text,
    *,
    title: Text = "This could not be loaded",
    request_id: Text | None = None,
    on_retry: Handler | None = None,
) -> rx.Component:
    """Say what failed, offer to try again, give the id that the log knows.

    Args:
        sentence: What failed, in the person's words.
        title: Short form.
        request_id: The id to quote to an operator.
        on_retry: Does the same again.
    """
    return _state(
        "triangle_alert",
        title,
        sentence,
        rx.el.p("Request ", rx.el.code(request_id, class_name="mono"), class_name="state-id")
        if request_id is not None
        else rx.fragment(),
        actions=(
            button("Try again", icon="rotate_cw", on_click=on_retry)
            if on_retry is not None
            else None,
        ),
        tone="danger",
        role="alert",
    )


def denied_state(
    permission: Text,
    *,
    sentence: Text = "Your roles do not include the permission this page needs.",
    granted_by: Text | None = None,
    href: Text = "/",
    why: Text = "",
    heading: Literal["h1", "h2"] = "h1",
) -> rx.Component:
    """Name the missing permission and who can grant it.

    Args:
        permission: Its code, `user.update`.
        sentence: What is refused.
        granted_by: People or roles that can grant it: *Anna Berg or any Administrator*.
        href: Where to go instead.
        why: Where it is explained; empty for those who may not know.
        heading: `h1` when it stands for the whole page.
    """
    return _state(
        "lock",
        "You may not open this",
        sentence,
        rx.el.dl(
            rx.el.div(
                rx.el.dt("Missing permission"),
                rx.el.dd(rx.el.code(permission, class_name="mono")),
            ),
            rx.el.div(rx.el.dt("Can be granted by"), rx.el.dd(granted_by))
            if granted_by is not None
            else rx.fragment(),
            class_name="state-facts",
        ),
        actions=(
            link_button("Back to overview", href=href),
            rx.cond(why, link_button("Why?", href=why, icon="circle_help")),
        ),
        tone="warning",
        heading=heading,
    )


def session_expired_state(
    *,
    sentence: Text = "For safety you were signed out. What you typed is still in this tab.",
    href: Text = "/sign-in",
) -> rx.Component:
    """Ask to sign in again.

    Args:
        sentence: What happened.
        href: The sign-in page, with the way back.
    """
    return _state(
        "clock_alert",
        "Your session has ended",
        sentence,
        actions=(link_button("Sign in again", href=href, variant="primary", native=True),),
        role="alert",
    )


def not_found_state(
    sentence: Text = "The address is wrong, the thing was deleted, or it is not yours to see.",
    *,
    title: Text = "There is nothing here",
    href: Text = "/",
    label: Text = "Back to overview",
    heading: Literal["h1", "h2"] = "h1",
) -> rx.Component:
    """Say that the address leads nowhere, without telling what exists.

    Args:
        sentence: Possible reasons.
        title: Short form.
        href: Where to go instead.
        label: Words of that link.
        heading: `h1` when it stands for the whole page.
    """
    return _state(
        "compass",
        title,
        sentence,
        actions=(link_button(label, href=href),),
        heading=heading,
    )

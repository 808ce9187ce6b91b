"""What happens in a tab whose session has ended."""

import reflex as rx

from components.browser_module import browser_module
from components.values import Content, Flag, Text


class _SessionEnded(rx.Component):
    library = browser_module("session_ended.jsx")
    tag = "SessionEnded"

    ended: rx.Var[bool]
    because: rx.Var[str]
    sign_in: rx.Var[str]


def session_ended(*content: Content, ended: Flag, because: Text, sign_in: Text) -> rx.Component:
    """Hide the page once its session has ended, and go to the sign-in, which says why.

    Args:
        *content: Shown instead of going when something was typed, so that it is not lost.
        ended: Whether it has.
        because: Why, for the parameter `why` of the sign-in's address.
        sign_in: Its path.
    """
    return _SessionEnded.create(*content, ended=ended, because=because, sign_in=sign_in)

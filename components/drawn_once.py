"""Content that is not drawn anew at each step from address to address."""

import reflex as rx

from components.browser_module import browser_module


class _DrawnOnce(rx.Component):
    library = browser_module("drawn_once.jsx")
    tag = "DrawnOnce"


def drawn_once(*content: rx.Component) -> rx.Component:
    """Keep content as it was drawn first, but for what listens to a state or to the address.

    The router draws a page anew whenever a parameter of its address changes; all that a page of
    ours shows comes from a state, and is drawn anew by itself when that changes.

    Args:
        *content: The whole of a page.
    """
    return _DrawnOnce.create(*content)

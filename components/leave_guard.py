"""The question before something typed is lost with its page."""

import reflex as rx

from components.browser_module import browser_module


class _LeaveGuard(rx.Component):
    library = browser_module("leave_guard.jsx")
    tag = "LeaveGuard"


def leave_guard() -> rx.Component:
    """Watch all forms of the page: ask before what is typed is lost, save on Ctrl or ⌘ with S.

    Stands once in the frame of a page. While the server is out of reach it keeps people where they
    are, for the next page could not be shown.
    """
    return _LeaveGuard.create()

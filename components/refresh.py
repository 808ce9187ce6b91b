"""News while somebody looks at the page."""

import reflex as rx

from components.browser_module import browser_module
from components.values import Handler


class _Refresh(rx.Component):
    library = browser_module("refresh.jsx")
    tag = "Refresh"

    on_refresh: rx.EventHandler[rx.event.no_args_event_spec]


def refresh(on_refresh: Handler) -> rx.Component:
    """Ask for news about every 30 s while the page is in view, and on coming back to it.

    It rests when nobody has moved for five minutes, so that an idle session can end.

    Args:
        on_refresh: Loads without showing that it loads.
    """
    return _Refresh.create(on_refresh=on_refresh)

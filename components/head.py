"""What every page's `<head>` needs."""

from pathlib import Path

import reflex as rx

_BOOT = Path(__file__).with_name("boot.js")


def head() -> list[rx.Component]:
    """Give favicon, font preload and the pre-paint script; for `rx.App(head_components=head())`."""
    return [
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.link(
            rel="preload",
            href="/fonts/inter-latin.woff2",
            type="font/woff2",
            custom_attrs={"as": "font", "crossOrigin": "anonymous"},
        ),
        # In the page itself: as a file it would come last of all, and nothing is drawn before it.
        rx.el.script(_BOOT.read_text(encoding="utf-8")),
    ]

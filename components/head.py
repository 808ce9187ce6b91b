"""What every page's `<head>` needs."""

import reflex as rx


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
        rx.el.script(src="/boot.js"),
    ]

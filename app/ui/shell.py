"""Composes every page: the console's frame, and the states a page can be in."""

from collections.abc import Sequence
from itertools import groupby

import reflex as rx

from app.core.module import NavItem as NavSpec
from app.core.module import PageSpec
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.registry import Registry
from app.ui.page_policy import SIGN_OUT
from app.ui.page_state import Console
from components.button import button
from components.modal import modal
from components.shell import NavItem, NavSection, Palette, Person, shell
from components.states import denied_state
from components.toasts import toasts


def compose(page: PageSpec, registry: Registry) -> rx.Component:
    """The whole page around what the feature built."""
    if not page.framed:
        return page.build()
    return rx.fragment(
        shell(
            rx.cond(
                Console.refused != "",
                denied_state(Console.refused, granted_by="Any administrator"),
                page.build(),
            ),
            sections=_sections(registry.nav),
            trail=_trail(page, registry),
            who=Person(name=Console.name, email=Console.email, sign_out_action=SIGN_OUT),
            palette=Palette(results=Console.found, on_search=Console.find),
            messages=toasts(Console.toasts, on_dismiss=Console.dismiss),
            wide=page.wide,
        ),
        _session_ended(),
    )


def _session_ended() -> rx.Component:
    return modal(
        "Your session has ended",
        rx.el.p(
            "For safety you were signed out. What you typed is still in this tab: "
            "sign in again in a new one, then come back here and go on."
        ),
        open=Console.session_ended,
        dismissable=False,
        role="alertdialog",
        footer=(
            rx.el.a(
                "Sign in again",
                href="/sign-in",
                target="_blank",
                rel="noopener",
                class_name="button button-secondary",
            ),
            button("Go on", variant="primary", on_click=Console.resume),
        ),
        on_close=Console.resume,
    )


def _sections(nav: Sequence[NavSpec]) -> list[NavSection]:
    return [
        NavSection(
            label,
            [
                NavItem(
                    item.title,
                    item.route,
                    item.icon,
                    go=item.shortcut,
                    visible=True
                    if item.permission in (PUBLIC, SIGNED_IN)
                    else Console.may[item.permission],
                    exact=item.route == "/",
                )
                for item in items
            ],
        )
        for label, items in groupby(nav, key=lambda item: item.section)
    ]


def _trail(page: PageSpec, registry: Registry) -> list[tuple[str, str | None]]:
    """Breadcrumbs: the section, the pages above this one, this one."""
    parents = [
        other
        for other in registry.pages
        if other.route != "/" and page.route.startswith(f"{other.route}/")
    ]
    trail: list[tuple[str, str | None]] = [(parent.title, parent.route) for parent in parents]
    section = next(
        (
            item.section
            for item in registry.nav
            if item.route in [page.route, *(p.route for p in parents)]
        ),
        None,
    )
    if section and section != page.title:
        trail.insert(0, (section, None))
    return [*trail, (page.title, None)]

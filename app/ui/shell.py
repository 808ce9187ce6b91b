"""Composes every page: the console's frame, and the states a page can be in."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import reflex as rx

from app.core.module import Action, PageSpec
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.registry import ICONS, Registry
from app.ui.ended_sessions import SENTENCES
from app.ui.new_password import user_name_for_password_manager
from app.ui.page_policy import SIGN_IN, SIGN_OUT
from app.ui.page_state import Console
from components.button import button
from components.callout import callout
from components.drawn_once import drawn_once
from components.form_field import form_field
from components.modal import modal
from components.password_input import password_input
from components.post_dialog import post_dialog
from components.session_ended import session_ended
from components.shell import DrawnSections, NavItem, NavSection, Palette, Person, shell
from components.states import denied_state, not_found_state
from components.toasts import toasts

STOP_PREVIEW = "Stop the preview"
"""The action behind the banner's button."""


def compose(page: PageSpec, registry: Registry) -> rx.Component:
    """The whole page around what the feature built."""
    if not page.framed:
        return drawn_once(page.build())
    content = rx.cond(
        Console.refused != "",
        denied_state(
            Console.refused,
            granted_by=rx.cond(Console.granted_by, Console.granted_by, "An administrator"),
            why=Console.why,
        ),
        page.build(),
    )
    if page.permission_at is not None:
        content = rx.cond(Console.nowhere, not_found_state(), content)
    actions = [action for action in registry.actions if action.belongs_to(page.route)]
    return frame(
        content,
        registry=registry,
        trail=_trail(page, registry),
        here=[_command(action) for action in actions if action.page],
        wide=page.wide,
        nowhere=Console.nowhere if page.permission_at is not None else False,
    )


def frame(
    *content: rx.Component,
    registry: Registry,
    trail: Sequence[tuple[Any, Any]],
    here: Sequence[Any] = (),
    wide: bool = False,
    nowhere: Any = False,
) -> rx.Component:
    """The console around some content.

    Args:
        *content: The page.
        registry: What is installed.
        trail: Breadcrumbs, `(words, path)` each.
        here: What the command palette offers on this page only.
        wide: Whether the page takes the full width.
        nowhere: Whether there is nothing at the address.
    """
    return drawn_once(
        shell(
            rx.cond(Console.previewing != "", _preview()),
            *content,
            sections=_sections(registry),
            drawn=DrawnSections(Console.nouns, ICONS),
            trail=trail,
            who=Person(
                name=Console.name,
                email=Console.email,
                sessions_href="/profile/sessions",
                sign_out_action=SIGN_OUT,
            ),
            palette=Palette(
                here=here,
                commands=[
                    *_other_pages(registry),
                    *(_command(action) for action in registry.actions if not action.page),
                ],
                results=Console.found,
                on_search=Console.find,
                on_run=Console.run,
            ),
            messages=toasts(
                Console.toasts, on_dismiss=Console.dismiss, on_action=registry.take_back
            ),
            notice=Console.notice,
            wide=wide,
            nowhere=nowhere,
        ),
        _session_ended(),
        _confirm_identity(),
    )


def title_of(page: PageSpec, registry: Registry) -> Any:
    """What the browser's tab says: a record's pages name the record."""
    title = _label(page)
    for record in [above for above in _above(page, registry) if above.record is not None]:
        title = title + " · " + _label(record)
    if page.permission_at is not None:
        title = rx.cond(Console.nowhere, "Not found", title)
    return title + " · Atrium"


def _command(action: Action) -> Any:
    line = {
        "id": action.id,
        "label": action.title,
        "group": "On this page" if action.page else "Actions",
        "keywords": action.keywords,
        "href": action.href,
    }
    shown: Any = _may(action.permission)
    if action.when is not None:
        shown = action.when if shown is True else shown & action.when
    return line if shown is True else rx.cond(shown, line, None)


def _may(permission: str) -> Any:
    return True if permission in (PUBLIC, SIGNED_IN) else Console.may[permission]


def _preview() -> rx.Component:
    """Say in whose shoes one looks around; one's own session goes on underneath."""
    return callout(
        "You see the console with the access of ",
        rx.el.strong(Console.previewing),
        ". Nothing can be changed.",
        title="Preview",
        tone="warning",
        action=button("Stop", size="s", on_click=Console.run(STOP_PREVIEW)),
    )


def _session_ended() -> rx.Component:
    why = rx.match(
        Console.ended_because,
        *[(str(why), words) for why, words in SENTENCES.items()],
        "You were signed out.",
    )
    return session_ended(
        _sign_in_elsewhere(why),
        ended=Console.session_ended,
        because=Console.ended_because,
        sign_in=SIGN_IN,
    )


def _sign_in_elsewhere(why: Any) -> rx.Component:
    """Ask to sign in without leaving the page, for the sake of what was typed."""
    return modal(
        "Your session has ended",
        rx.el.p(
            why,
            " What you typed is still in this tab: sign in again in a new one, then come back "
            "here and go on.",
            # Forms take it that what they have sent is not done.
            custom_attrs={"data-unanswered": "true"},
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


def _confirm_identity() -> rx.Component:
    return post_dialog(
        "Confirm it is you",
        user_name_for_password_manager(),
        form_field(
            "Password",
            password_input("password", id="field-confirm-password", autofocus=True),
            required=True,
        ),
        sentence="This takes your password, so that nobody else can do it in your session.",
        action="/session/reauthenticate",
        submit_label="Confirm",
        open=Console.confirming,
        on_done=Console.go_on,
        on_close=Console.leave_it,
    )


def _other_pages(registry: Registry) -> list[Any]:
    """Pages to which neither the sidebar nor an action of the palette leads."""
    known = {*(item.route for item in registry.nav), *(each.href for each in registry.actions)}
    pages = [
        page
        for page in registry.pages
        if page.framed and "[" not in page.route and page.route not in known
    ]
    lines = [
        {
            "id": f"page:{page.route}",
            "label": page.title,
            "group": "Pages",
            "keywords": page.keywords,
            "href": page.route,
        }
        for page in pages
    ]
    may = [_may(page.permission) for page in pages]
    return [
        line if shown is True else rx.cond(shown, line, None)
        for line, shown in zip(lines, may, strict=True)
    ]


def _sections(registry: Registry) -> list[NavSection]:
    keywords = {page.route: page.keywords for page in registry.pages}
    return [
        NavSection(
            label,
            [
                NavItem(
                    item.title,
                    item.route,
                    item.icon,
                    go=item.shortcut,
                    visible=_may(item.permission),
                    exact=item.route == "/",
                    keywords=keywords.get(item.route, ""),
                )
                for item in items
            ],
        )
        for label, items in groupby(registry.nav, key=lambda item: item.section)
    ]


def _trail(page: PageSpec, registry: Registry) -> list[tuple[Any, Any]]:
    """Breadcrumbs: the section, the pages above this one, this one."""
    pages = [*_above(page, registry), page]
    trail = [(_label(each), each.record.address if each.record else each.route) for each in pages]
    routes = [each.route for each in pages]
    section: Any = next((item.section for item in registry.nav if item.route in routes), None)
    if pages[0].record is not None and pages[0].record.section is not None:
        trail.insert(0, (pages[0].record.section, None))
    elif section and section != pages[0].title:
        trail.insert(0, (section, None))
    return trail


def _above(page: PageSpec, registry: Registry) -> list[PageSpec]:
    return [
        other
        for other in registry.pages
        if other.route != "/" and page.route.startswith(f"{other.route}/")
    ]


def _label(page: PageSpec) -> Any:
    """The page's title, or the name of the record that it is the own page of."""
    if page.record is None or not page.route.endswith("]"):
        return page.title
    return rx.cond(page.record.name, page.record.name, page.title)

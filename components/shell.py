"""The console around every page: sidebar, top bar, palette, keyboard, messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from components.avatar import avatar
from components.breadcrumbs import breadcrumbs
from components.command_palette import Command, command_palette
from components.connection import connection_state
from components.icon import icon
from components.icon_button import icon_button
from components.leave_guard import leave_guard
from components.link import browser_link
from components.menu import menu, menu_form, menu_heading, menu_item, menu_link, menu_separator
from components.modal import sheet
from components.shortcuts import GoTo, command_key, keyboard_help, shortcuts
from components.sidebar import DrawnSections, NavItem, NavSection, navigation, sidebar
from components.theme_menu import theme_menu
from components.values import Content, Flag, Handler, Text

__all__ = ["DrawnSections", "NavItem", "NavSection", "Palette", "Person", "shell"]


@dataclass(frozen=True)
class Person:
    """Who is signed in, and where that person's own pages are."""

    name: Text = field(hash=False, compare=False)
    email: Text = field(default="", hash=False, compare=False)
    profile_href: str = "/profile"
    sessions_href: str | None = None
    sign_out_action: str = "/api/v1/auth/sign-out"
    sign_out_hidden: dict[str, Text] = field(default_factory=dict, hash=False, compare=False)
    """Values the sign-out form sends along, such as a token."""


@dataclass(frozen=True)
class Palette:
    """What the command palette finds besides the pages of the sidebar and the shell's own."""

    here: Sequence[Any] = field(default=(), hash=False, compare=False)
    """`Command` each, of this page only; shown first."""
    commands: Sequence[Any] = field(default=(), hash=False, compare=False)
    """`Command` each; shown after the pages."""
    results: Any = field(default=None, hash=False, compare=False)
    searching: Flag = field(default=False, hash=False, compare=False)
    on_search: Handler | None = field(default=None, hash=False, compare=False)
    on_run: Handler | None = field(default=None, hash=False, compare=False)


def _page_commands(sections: Sequence[NavSection]) -> list[Any]:
    def command(section: NavSection, item: NavItem) -> Any:
        line = {
            "id": f"page:{item.href}",
            "label": item.label,
            "group": "Pages",
            "keywords": f"{section.label} {item.keywords}",
            "href": item.href,
            "keys": f"g {item.go}" if item.go else "",
        }
        if isinstance(item.visible, rx.Var):
            return rx.cond(item.visible, line, None)
        return line if item.visible else None

    return [command(section, item) for section in sections for item in section.items]


def _drawn_commands(drawn: DrawnSections) -> Any:
    """The lines of what the sidebar draws, and *New …* for each that can be made."""
    return rx.Var(
        f"""({drawn.sections!s}).flatMap((section) => section.links.flatMap((item) => [
          {{
            id: `page:${{item.href}}`,
            label: item.label,
            group: "Pages",
            keywords: section.label,
            href: item.href,
          }},
          item.may_create && {{
            id: `new:${{item.href}}`,
            label: `New ${{item.singular}}`,
            group: "Actions",
            keywords: "add create make",
            href: `${{item.href}}/new`,
          }},
        ]))""",
        _var_type=list,
        _var_data=drawn.sections._get_all_var_data(),  # noqa: SLF001 - how Reflex derives vars
    )


_OWN_COMMANDS: Sequence[Command] = (
    {"id": "theme:light", "label": "Light theme", "presses": "theme-light"},
    {"id": "theme:dark", "label": "Dark theme", "presses": "theme-dark"},
    {"id": "theme:system", "label": "Theme of the device", "presses": "theme-system"},
    {"id": "keys", "label": "Keyboard help", "opens": "keyboard-help", "keys": "?"},
    {"id": "sign-out", "label": "Sign out", "presses": "sign-out", "keywords": "log out leave"},
)


def _own_commands() -> list[Any]:
    return [{**command, "group": "Actions"} for command in _OWN_COMMANDS]


def _person_menu(who: Person) -> rx.Component:
    return menu(
        menu_heading(
            rx.el.span(who.name, class_name="menu-person"),
            rx.el.span(who.email, class_name="menu-detail"),
        ),
        menu_link("Profile", href=who.profile_href, icon="user"),
        *(
            [menu_link("Sessions", href=who.sessions_href, icon="monitor_smartphone")]
            if who.sessions_href
            else []
        ),
        menu_item("Keyboard", icon="keyboard", hint="?", opens="keyboard-help"),
        menu_separator(),
        menu_form(
            "Sign out",
            action=who.sign_out_action,
            icon="log_out",
            hidden=who.sign_out_hidden,
            command="sign-out",
        ),
        label="Your account",
        trigger=rx.el.button(
            avatar(who.name, size="m"),
            type="button",
            class_name="button button-ghost button-square person-button",
            custom_attrs={"aria-label": "Your account"},
        ),
    )


def _top_bar(crumbs: rx.Component, extra: Sequence[rx.Component], who: Person) -> rx.Component:
    return rx.el.header(
        icon_button(
            "menu",
            "Open navigation",
            tooltip=None,
            opens="navigation",
            attrs={"data-phone": "only"},
        ),
        crumbs,
        rx.el.div(
            rx.el.button(
                icon("search", size="s"),
                rx.el.span("Search", class_name="palette-button-label"),
                rx.el.kbd(command_key(), "K", class_name="kbd"),
                type="button",
                class_name="palette-button",
                custom_attrs={"data-opens": "palette", "aria-label": "Search everything"},
            ),
            *extra,
            theme_menu(),
            _person_menu(who),
            class_name="topbar-end",
        ),
        class_name="topbar",
    )


def _crumbs(trail: Sequence[tuple[Text, Text | None]], nowhere: Flag) -> rx.Component:
    if not isinstance(nowhere, rx.Var):
        return breadcrumbs(trail)
    return rx.cond(nowhere, breadcrumbs([("Not found", None)]), breadcrumbs(trail))


def shell(
    *content: Content,
    sections: Sequence[NavSection],
    drawn: DrawnSections | None = None,
    trail: Sequence[tuple[Text, Text | None]],
    who: Person,
    palette: Palette | None = None,
    messages: rx.Component | None = None,
    notice: rx.Var[Any] | None = None,
    extra: Sequence[rx.Component] = (),
    name: Text = "Atrium",
    wide: bool = False,
    nowhere: Flag = False,
) -> rx.Component:
    """Put a page into the console.

    Args:
        *content: The page, from `page_header` on.
        sections: The sidebar.
        drawn: Further sections of it, which the palette offers as well.
        trail: Breadcrumbs, `(words, path)` from the outside in; the last is this page.
        who: The person's menu.
        palette: What the palette finds besides the pages.
        messages: `toasts(…)`.
        notice: A line from the server, see `connection_state`.
        extra: More at the right of the top bar, such as notifications.
        name: What the installation is called.
        wide: Full width, for tables; forms and prose stay within 1200 px.
        nowhere: Whether there is nothing at this address, which is no page of its own then.
    """
    finder = palette or Palette()
    commands = [
        *finder.here,
        *_page_commands(sections),
        *([_drawn_commands(drawn)] if drawn is not None else []),
        *finder.commands,
        *_own_commands(),
    ]
    go = [
        GoTo(item.go, item.label, item.href, item.visible)
        for section in sections
        for item in section.items
        if item.go
    ]
    return rx.el.div(
        browser_link("Skip to content", href="#main", class_name="skip-link"),
        rx.el.aside(
            sidebar(sections, drawn=drawn, name=name),
            class_name="sidebar-frame",
            custom_attrs={"aria-label": "Sidebar"},
        ),
        rx.el.div(
            _top_bar(_crumbs(trail, nowhere), extra, who),
            rx.el.main(
                *content,
                class_name="content content-wide" if wide else "content",
                custom_attrs={"id": "main", "tabIndex": -1},
            ),
            class_name="shell-body",
        ),
        sheet(
            name,
            navigation(sections, drawn=drawn, label="Sections"),
            name="navigation",
            side="left",
        ),
        command_palette(
            commands,
            results=finder.results,
            searching=finder.searching,
            on_search=finder.on_search,
            on_run=finder.on_run,
        ),
        keyboard_help(go),
        shortcuts(go),
        connection_state(notice=notice),
        leave_guard(),
        messages or rx.fragment(),
        class_name="shell",
    )

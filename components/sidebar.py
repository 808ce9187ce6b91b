"""The sections of the console."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from components.brand import brand
from components.browser_module import browser_module
from components.icon import icon
from components.link import link, navigation_link
from components.values import Flag, Text


@dataclass(frozen=True)
class NavItem:
    """One page in the sidebar."""

    label: str
    href: str
    icon: str
    """Lucide name."""
    go: str = ""
    """The letter that leads here after `g`."""
    visible: Flag = field(default=True, hash=False, compare=False)
    """Whether this person may open it."""
    count: Text | None = field(default=None, hash=False, compare=False)
    """A number that waits there; hidden when empty."""
    exact: bool = False
    """Current only on this very path, not below it."""
    keywords: str = ""
    """Other words by which the command palette finds it."""


@dataclass(frozen=True)
class NavSection:
    """Pages under one heading; it disappears when none is visible."""

    label: str
    items: Sequence[NavItem]


@dataclass(frozen=True)
class DrawnSections:
    """Sections that are known when the page runs, not when it is compiled.

    Attributes:
        sections: `{"label", "links"}` each, a link being `{"label", "href", "icon", …}`.
        icons: The icons that items have.
    """

    sections: rx.Var[list[Any]] = field(hash=False, compare=False)
    icons: Sequence[str] = ()


class _SidebarToggle(rx.Component):
    library = browser_module("sidebar.jsx")
    tag = "SidebarToggle"

    label: rx.Var[str]


def _item(item: NavItem) -> rx.Component:
    line = rx.el.li(
        navigation_link(
            icon(item.icon),
            rx.el.span(item.label, class_name="sidebar-label"),
            rx.el.span(item.count, class_name="sidebar-count")
            if item.count is not None
            else rx.fragment(),
            href=item.href,
            exact=item.exact,
            class_name="sidebar-item",
            attrs={"data-tip": item.label, "data-tip-side": "right"},
        )
    )
    if isinstance(item.visible, rx.Var):
        return rx.cond(item.visible, line)
    return line if item.visible else rx.fragment()


def _section(section: NavSection) -> rx.Component:
    return rx.el.div(
        rx.el.p(section.label, class_name="sidebar-heading")
        if section.label != section.items[0].label
        else rx.fragment(),
        rx.el.ul(
            *(_item(item) for item in section.items),
            custom_attrs={"aria-label": section.label},
        ),
        class_name="sidebar-section",
    )


def _drawn(drawn: DrawnSections) -> rx.Component:
    # Reflex names the JavaScript variable after the parameter: one within another needs its own.
    def entry(item_drawn: rx.Var[Any]) -> rx.Component:
        label = item_drawn["label"].to(str)
        sign = rx.match(
            item_drawn["icon"], *((name, icon(name)) for name in drawn.icons), icon("box")
        )
        return rx.el.li(
            navigation_link(
                sign,
                rx.el.span(label, class_name="sidebar-label"),
                href=item_drawn["href"].to(str),
                class_name="sidebar-item",
                attrs={"data-tip": label, "data-tip-side": "right"},
            )
        )

    def section(section_drawn: rx.Var[Any]) -> rx.Component:
        label = section_drawn["label"].to(str)
        return rx.el.div(
            rx.el.p(label, class_name="sidebar-heading"),
            rx.el.ul(
                rx.foreach(section_drawn["links"].to(list[dict[str, Any]]), entry),
                custom_attrs={"aria-label": label},
            ),
            class_name="sidebar-section",
        )

    return rx.foreach(drawn.sections, section)


def navigation(
    sections: Sequence[NavSection], *, drawn: DrawnSections | None = None, label: Text = "Main"
) -> rx.Component:
    """List the pages by section, the current one marked.

    Args:
        sections: In the order shown.
        drawn: Further sections, shown after the first.
        label: Name of the navigation for assistive technology.
    """
    lines = [_section(section) for section in sections]
    if drawn is not None:
        lines.insert(1, _drawn(drawn))
    return rx.el.nav(*lines, class_name="sidebar-navigation", custom_attrs={"aria-label": label})


def sidebar(
    sections: Sequence[NavSection],
    *,
    drawn: DrawnSections | None = None,
    name: Text = "Atrium",
    href: Text = "/",
) -> rx.Component:
    """Show brand and sections at the left; it can be narrowed to icons.

    Args:
        sections: In the order shown.
        drawn: Further sections, see `navigation`.
        name: What the installation is called.
        href: Where the brand leads.
    """
    return rx.el.div(
        link(
            brand(name),
            href=href,
            class_name="sidebar-brand",
            attrs={"aria-label": f"{name}, home"},
        ),
        navigation(sections, drawn=drawn),
        _SidebarToggle.create(
            icon("panel_left"),
            rx.el.span("Collapse", class_name="sidebar-label"),
            label="Collapse or expand the sidebar",
        ),
        class_name="sidebar",
    )

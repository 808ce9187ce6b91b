"""The sections of the console."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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


def navigation(sections: Sequence[NavSection], *, label: Text = "Main") -> rx.Component:
    """List the pages by section, the current one marked.

    Args:
        sections: In the order shown.
        label: Name of the navigation for assistive technology.
    """
    return rx.el.nav(
        *(
            rx.el.div(
                rx.el.p(section.label, class_name="sidebar-heading")
                if section.label != section.items[0].label
                else rx.fragment(),
                rx.el.ul(
                    *(_item(item) for item in section.items),
                    custom_attrs={"aria-label": section.label},
                ),
                class_name="sidebar-section",
            )
            for section in sections
        ),
        class_name="sidebar-navigation",
        custom_attrs={"aria-label": label},
    )


def sidebar(
    sections: Sequence[NavSection], *, name: Text = "Atrium", href: Text = "/"
) -> rx.Component:
    """Show brand and sections at the left; it can be narrowed to icons.

    Args:
        sections: In the order shown.
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
        navigation(sections),
        _SidebarToggle.create(
            icon("panel_left"),
            rx.el.span("Collapse", class_name="sidebar-label"),
            label="Collapse or expand the sidebar",
        ),
        class_name="sidebar",
    )

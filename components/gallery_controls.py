"""The gallery's buttons, links, menus and fields."""

import reflex as rx

from components.badge import STATUSES, badge, status_badge
from components.brand import brand, brand_mark
from components.breadcrumbs import breadcrumbs
from components.button import button, link_button
from components.card import card, columns, row, stack
from components.checkbox import checkbox, checkbox_box
from components.checkbox_list import checkbox_list
from components.form_field import form_actions, form_field, form_group, form_row, form_section
from components.icon import icon
from components.icon_button import icon_button
from components.last_day import last_day_field
from components.link import browser_link, link, navigation_link, parameter_link
from components.menu import (
    menu,
    menu_choice,
    menu_form,
    menu_heading,
    menu_item,
    menu_link,
    menu_separator,
    popover,
)
from components.password_input import password_input
from components.radio_group import radio_group
from components.search_input import search_input
from components.select import select
from components.switch import switch
from components.text_input import email_input, text_input
from components.textarea import textarea
from components.theme_menu import theme_menu

ROLES = [
    {"value": "administrator", "label": "Administrator", "help": "Everything", "checked": False},
    {"value": "editor", "label": "Editor", "help": "Posts of everybody", "checked": True},
    {"value": "author", "label": "Author", "help": "Own posts", "checked": False},
    {"value": "viewer", "label": "Viewer", "help": "", "checked": False},
]


def _buttons() -> rx.Component:
    return card(
        stack(
            row(
                button("Primary", variant="primary"),
                button("Secondary"),
                button("Ghost", variant="ghost"),
                button("Danger", variant="danger"),
                link_button("Link", href="/gallery"),
                link_button("Download", href="/favicon.svg", icon="download", download=True),
            ),
            row(
                button("With icon", variant="primary", icon="plus"),
                button("Small", size="s", icon="pencil"),
                button("Large", size="l"),
                icon_button("pencil", "Edit"),
                icon_button("trash_2", "Delete", variant="secondary"),
                icon_button("refresh_cw", "Reload", size="s"),
            ),
            row(
                button("Saving", variant="primary", loading=True),
                button("Loading", loading=True),
                button("Disabled", variant="primary", disabled=True),
                button("Disabled", disabled=True),
                icon_button("pencil", "Edit, not now", disabled=True, tooltip=None),
            ),
            button("Full width", full_width=True),
        ),
        title="Buttons",
    )


def _menus() -> rx.Component:
    return card(
        stack(
            row(
                menu(
                    menu_heading(rx.el.span("Anna Berg", class_name="menu-person")),
                    menu_link("Profile", href="/gallery", icon="user"),
                    menu_link("File", href="/favicon.svg", icon="file", native=True),
                    menu_item("Rename", icon="pencil", hint="r"),
                    menu_item("Archive", icon="archive", disabled=True),
                    menu_separator(),
                    menu_item("Delete", icon="trash_2", danger=True),
                    menu_form("Sign out", action="/gallery", icon="log_out"),
                    label="Actions",
                    align="start",
                ),
                menu(
                    menu_choice("Newest first", chosen=True, on_click=rx.prevent_default),
                    menu_choice("Oldest first", chosen=False, on_click=rx.prevent_default),
                    label="Order",
                    icon="arrow_down_up",
                    variant="secondary",
                    align="start",
                ),
                popover(
                    rx.el.p("Anything may stand here."),
                    label="A small panel",
                    trigger=button("Panel"),
                ),
                theme_menu(),
            ),
            breadcrumbs(
                [("Access", None), ("Roles", "/roles"), ("Editor", None)], label="Another trail"
            ),
            row(
                link("A link", href="/gallery"),
                browser_link("Another site", href="https://www.w3.org/", new_tab=True),
                navigation_link("This page", href="/gallery", class_name="link"),
                parameter_link("This page, with a part", name="part", value="links"),
            ),
            row(brand_mark(), brand("Northwind"), icon("sparkles", size="l"), icon("sparkles")),
        ),
        title="Menus and links",
    )


def _badges() -> rx.Component:
    return card(
        stack(
            row(
                badge("Neutral"),
                badge("Accent", tone="accent"),
                badge("Success", tone="success", icon="check"),
                badge("Warning", tone="warning", icon="triangle_alert"),
                badge("Danger", tone="danger", icon="circle_x"),
                badge("Info", tone="info", icon="info"),
            ),
            row(*(status_badge(status) for status in STATUSES), status_badge("something else")),
        ),
        title="Badges",
        sentence="Icon and word, never colour alone",
    )


def _fields() -> rx.Component:
    return card(
        rx.el.div(
            form_section(
                "Text",
                form_field(
                    "Name",
                    text_input("name", value="Anna Berg"),
                    help="As colleagues know you.",
                ),
                form_row(
                    form_field("E-mail", email_input(id="gallery-email"), required=True),
                    form_field("Slug", text_input("slug", mono=True, placeholder="my-post")),
                ),
                form_field(
                    "Website",
                    text_input("website", type="url", value="northwind"),
                    error="An address starts with https://.",
                    optional=True,
                ),
                form_field(
                    "Password",
                    password_input("new-password", autocomplete="new-password"),
                    action=link("Forgot it?", href="/gallery"),
                ),
                last_day_field("last_day"),
                form_field("About", textarea("about", placeholder="Two sentences."), optional=True),
                form_row(
                    form_field("Disabled", text_input("disabled", value="Fixed", disabled=True)),
                    form_field("Read only", text_input("fixed", value="a1b2", read_only=True)),
                ),
                search_input("", on_search=rx.prevent_default, shortcut="", label="Search help"),
                description="One line, several lines, secrets.",
            ),
            form_section(
                "Choices",
                form_row(
                    form_field(
                        "Language", select("language", [("en", "English"), ("de", "Deutsch")])
                    ),
                    form_field(
                        "Time zone",
                        select("zone", ["Europe/Berlin"], placeholder="Choose…"),
                        error="Choose one.",
                    ),
                ),
                radio_group(
                    "visibility",
                    "Who sees it",
                    [("all", "Everybody", "Also without signing in"), ("team", "The team")],
                    value="all",
                    help="Can be changed later.",
                ),
                form_group(
                    "Notify me",
                    checkbox("by-mail", "By e-mail", default_checked=True),
                    checkbox("by-sms", "By text message", disabled=True, help="Needs a number"),
                    checkbox("some", "Of some things", indeterminate=True),
                    row(
                        checkbox_box("Only the box", checked=False, on_toggle=rx.prevent_default),
                        rx.el.span("a box alone, for tables"),
                    ),
                    name="notify",
                    error="Choose at least one.",
                ),
                switch("beta", "Early features", default_checked=True, help="In force at once"),
                switch("off", "Switched off", disabled=True),
                form_group("Roles", checkbox_list("roles", ROLES, label="Roles"), name="roles"),
                form_actions(button("Save", variant="primary"), button("Cancel")),
                description="One of few, some of many, on or off.",
            ),
        ),
        title="Fields",
    )


def controls() -> rx.Component:
    """Show what people press and fill in."""
    return stack(columns(_buttons(), _menus()), _badges(), _fields())

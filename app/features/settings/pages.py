"""The settings' page."""

import reflex as rx

from app.features.settings.state import SettingList, SettingRow
from components.code import code
from components.data_table import Column, data_table
from components.page_header import page_header
from components.search_input import search_input
from components.states import no_match_state
from components.toolbar import toolbar


def settings_page() -> rx.Component:
    """What the platform was told from outside."""
    return rx.fragment(
        page_header(
            "Settings",
            "Read when the platform starts: from the files in config/ and from environment "
            "variables, which win.",
        ),
        toolbar(
            search=search_input(
                SettingList.search,
                on_search=SettingList.search_for,
                label="Search settings",
                placeholder="Name or variable",
            ),
        ),
        data_table(
            SettingList.rows,
            [
                Column("id", "Setting", render=lambda row: code(row.id), fixed=True),
                Column("value", "Value", render=_value, size="whole"),
                Column(
                    "variable",
                    "Environment variable",
                    render=lambda row: code(row.variable),
                    size="whole",
                ),
            ],
            label="Settings",
            compact=True,
            loading=SettingList.loading,
            empty=no_match_state("No setting matches the search."),
        ),
    )


def _value(row: SettingRow) -> rx.Component:
    return rx.cond(row.value, row.value, rx.el.span("not set", class_name="quiet"))

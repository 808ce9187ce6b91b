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
                placeholder="Name, variable or meaning",
            ),
        ),
        data_table(
            SettingList.rows,
            [
                Column("id", "Setting", render=_setting, size="fit", fixed=True),
                Column("value", "Value", render=_value, size="whole"),
                Column("source", "From", render=_source, size="whole"),
                Column("description", "Means", size="whole"),
            ],
            label="Settings",
            loading=SettingList.loading,
            empty=no_match_state("No setting matches the search."),
        ),
    )


def _setting(row: SettingRow) -> rx.Component:
    return rx.el.div(
        rx.el.div(code(row.id)), rx.el.div(row.variable, class_name="mono quiet setting-variable")
    )


def _value(row: SettingRow) -> rx.Component:
    return rx.cond(
        row.value,
        rx.el.span(row.value, rx.cond(row.exact, rx.el.span(" (", row.exact, ")"))),
        rx.el.span("not set", class_name="quiet"),
    )


def _source(row: SettingRow) -> rx.Component:
    return rx.el.div(
        rx.el.div(row.source),
        rx.cond(row.place, rx.el.div(row.place, class_name="quiet")),
    )

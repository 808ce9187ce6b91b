"""The modules' page."""

from collections.abc import Callable

import reflex as rx

from app.features.modules.state import ModuleList, ModuleRow
from app.ui.list_view import list_loading
from components.code import code
from components.data_table import Column, data_table
from components.page_header import page_header
from components.states import empty_state


def modules_page() -> rx.Component:
    """What is installed, and what each contributes."""
    return rx.fragment(
        page_header("Modules", "What is installed, and what each contributes."),
        data_table(
            ModuleList.rows,
            [
                Column("id", "Module", render=lambda row: code(row.id), fixed=True),
                Column("permissions", "Permissions", render=_words("permissions"), size="whole"),
                Column("pages", "Pages", render=_words("pages"), size="whole"),
                Column("routes", "REST routes", align="end", size="fit"),
                Column("jobs", "Jobs", render=_words("jobs"), size="fit"),
            ],
            label="Modules",
            loading=list_loading(ModuleList),
            empty=empty_state("No modules", "What is installed stands here."),
        ),
    )


def _words(field: str) -> Callable[[ModuleRow], rx.Component]:
    def render(row: ModuleRow) -> rx.Component:
        words = getattr(row, field)
        return rx.cond(words, words, rx.el.span("none", class_name="quiet"))

    return render

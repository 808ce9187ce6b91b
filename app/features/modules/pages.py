"""The modules' page."""

import reflex as rx

from app.features.modules.state import ModuleList
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
                Column("permissions", "Permissions", size="wide"),
                Column("pages", "Pages", size="wide"),
                Column("routes", "REST routes", align="end", size="fit"),
                Column("jobs", "Jobs"),
            ],
            label="Modules",
            loading=ModuleList.loading,
            empty=empty_state("No modules", "What is installed stands here."),
        ),
    )

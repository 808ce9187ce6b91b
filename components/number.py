"""Numbers for people: *12,480*."""

import reflex as rx

from components.values import Number, Text


def grouped(number: Number) -> Text:
    """Write a number with thousands separated.

    Args:
        number: A quantity.
    """
    if isinstance(number, rx.Var):
        return rx.Var(
            _js_expr=f'Number({number!s}).toLocaleString("en-US")',
            _var_type=str,
            _var_data=number._get_all_var_data(),  # noqa: SLF001 - how Reflex derives vars
        ).to(str)
    return f"{number:,}"

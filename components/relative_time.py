"""Moments in words: *3 min ago*."""

import reflex as rx

from components.browser_module import browser_module
from components.values import Text


class _RelativeTime(rx.Component):
    library = browser_module("relative_time.jsx")
    tag = "RelativeTime"

    value: rx.Var[str]
    missing: rx.Var[str]
    exact: rx.Var[bool]


def relative_time(value: Text, *, missing: Text = "Never", exact: bool = False) -> rx.Component:
    """Say how long ago, in the reader's own clock, with the exact time on hover.

    Args:
        value: ISO 8601 with a time zone; empty when it never happened.
        missing: Words for an empty value.
        exact: Write the whole date and time instead.
    """
    return _RelativeTime.create(value=value, missing=missing, exact=exact)

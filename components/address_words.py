"""A sentence that the page's address asks for."""

from collections.abc import Mapping

import reflex as rx

from components.browser_module import browser_module


class _AddressWords(rx.Component):
    library = browser_module("address_words.jsx")
    tag = "AddressWords"

    name: rx.Var[str]
    sentences: rx.Var[dict[str, str]]


def address_words(name: str, sentences: Mapping[str, str]) -> rx.Component:
    """Say one of some sentences, by a parameter of the address.

    Args:
        name: The parameter.
        sentences: By its value; any other value says nothing.
    """
    return _AddressWords.create(name=name, sentences=dict(sentences))

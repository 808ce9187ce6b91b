"""Links: inside the application, and real browser links."""

from typing import Any

import reflex as rx
from reflex_base.utils.imports import ImportVar
from reflex_base.vars.base import VarData
from reflex_base.vars.function import FunctionStringVar
from reflex_components_core.el.elements.base import BaseHTML

from components.browser_module import browser_module
from components.values import Content, Handler, Text, class_names

_BROWSER_MODULE = browser_module("link.jsx")
_ADDRESS_WITH: FunctionStringVar[Any] = FunctionStringVar.create(
    "addressWith", _var_data=VarData(imports={_BROWSER_MODULE: [ImportVar(tag="addressWith")]})
)


class _Navigation(rx.Component):
    """Stands around all pages and opens what their links lead to."""

    library = _BROWSER_MODULE
    tag = "Navigation"


class _Link(rx.Component):
    library = _BROWSER_MODULE
    tag = "Link"

    to: rx.Var[str]


class _NavigationLink(rx.Component):
    """A link that marks itself `aria-current="page"` on the page it leads to."""

    library = _BROWSER_MODULE
    tag = "NavigationLink"

    to: rx.Var[str]
    exact: rx.Var[bool]


class _ParameterLink(rx.Component):
    """A link to this page with one parameter of the address set."""

    library = _BROWSER_MODULE
    tag = "ParameterLink"

    name: rx.Var[str]
    value: rx.Var[str]
    replace: rx.Var[bool]


class _BrowserLink(BaseHTML):
    """A link the router does not touch."""

    tag = "a"
    href: rx.Var[str]
    target: rx.Var[str]
    rel: rx.Var[str]
    download: rx.Var[str | bool]


def navigation() -> rx.Component:
    """Open what links lead to without loading the page anew; stands around all pages."""
    return _Navigation.create()


def link(
    *content: Content, href: Text, class_name: Text = "link", attrs: dict[str, Any] | None = None
) -> rx.Component:
    """Lead to another page of the application without loading it anew.

    Args:
        *content: Words, perhaps with an icon.
        href: A path such as `"/users"`.
        class_name: `"link"`, or another look.
        attrs: Further HTML attributes.
    """
    return _Link.create(
        *content, to=href, class_name=class_names(class_name), custom_attrs=attrs or {}
    )


def navigation_link(
    *content: Content,
    href: Text,
    exact: bool = False,
    class_name: Text = "",
    attrs: dict[str, Any] | None = None,
) -> rx.Component:
    """Lead to a page and carry `aria-current="page"` while there.

    Args:
        *content: Words, perhaps with an icon.
        href: A path such as `"/users"`.
        exact: Current only on this very path, not on the paths below it.
        class_name: Further classes.
        attrs: Further HTML attributes.
    """
    return _NavigationLink.create(
        *content,
        to=href,
        exact=exact,
        class_name=class_names(class_name),
        custom_attrs=attrs or {},
    )


def parameter_link(
    *content: Content,
    name: str,
    value: Text,
    replace: bool = False,
    class_name: Text = "link",
    attrs: dict[str, Any] | None = None,
) -> rx.Component:
    """Lead to this page with one parameter of its address set and the others as they are.

    Args:
        *content: Words, perhaps with an icon.
        name: The parameter.
        value: What it becomes.
        replace: Take the place of this page in the browser's history.
        class_name: `"link"`, or another look.
        attrs: Further HTML attributes.
    """
    return _ParameterLink.create(
        *content,
        name=name,
        value=value,
        replace=replace,
        class_name=class_names(class_name),
        custom_attrs=attrs or {},
    )


def go_with(*changes: tuple[Text, Text]) -> Handler:
    """Go to this page with some parameters of its address set, on the first page of its list.

    The browser knows the way: to ask the server for it would take as long as going there.

    Args:
        *changes: Name and value each; an empty value takes the parameter away.
    """
    address = _ADDRESS_WITH.call(rx.Var.create([list(change) for change in changes]))
    return rx.redirect(address.to(str))


def browser_link(
    *content: Content,
    href: Text,
    new_tab: bool = False,
    download: bool = False,
    class_name: Text = "link",
    attrs: dict[str, Any] | None = None,
) -> rx.Component:
    """Lead where the router does not reach: another site, a file, the REST API.

    Args:
        *content: Words, perhaps with an icon.
        href: A path or an address.
        new_tab: Open beside this page, without giving that page a handle on ours.
        download: Save instead of showing.
        class_name: `"link"`, or another look.
        attrs: Further HTML attributes.
    """
    props: dict[str, Any] = {}
    if new_tab:
        props |= {"target": "_blank", "rel": "noopener noreferrer"}
    if download:
        props["download"] = True
    return _BrowserLink.create(
        *content,
        href=href,
        class_name=class_names(class_name),
        custom_attrs=attrs or {},
        **props,
    )

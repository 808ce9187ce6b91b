"""What a role grants: permissions by resource, each with its conditions."""

from typing import Any, TypedDict

import reflex as rx

from components.browser_module import browser_module
from components.values import Flag, Text


class Named(TypedDict):
    """A row rule or a field."""

    name: str
    title: str


class PermissionRow(TypedDict):
    """One permission or wildcard."""

    code: str
    description: str


class PermissionGroup(TypedDict):
    """The permissions of one resource, with what their grants can be limited to."""

    name: str
    title: str
    module: str
    permissions: list[PermissionRow]
    rules: list[Named]
    readable: list[Named]
    """The fields that can be read."""
    writable: list[Named]
    """The fields that can be set."""


class _PermissionMatrix(rx.Component):
    library = browser_module("permission_matrix.jsx")
    tag = "PermissionMatrix"

    name: rx.Var[str]
    value: rx.Var[list[Any]]
    groups: rx.Var[list[Any]]
    roles: rx.Var[list[Any]]
    included: rx.Var[list[str]]
    includes_name: rx.Var[str]
    read_only: rx.Var[bool]
    label: rx.Var[str]


def permission_matrix(
    name: str,
    groups: rx.Var[list[Any]] | list[PermissionGroup],
    *,
    value: rx.Var[list[Any]] | list[dict[str, Any]],
    label: Text,
    roles: rx.Var[list[Any]] | list[dict[str, Any]] | None = None,
    included: rx.Var[list[str]] | list[str] | None = None,
    includes_name: str = "",
    read_only: Flag = False,
) -> rx.Component:
    """Grant permissions, with row rule, fields, end and reason; the browser keeps what is chosen.

    The form around it gets the grants under `name`, as JSON. Names of what a wildcard covers and of
    what comes from another role are shown beside each permission.

    Args:
        name: Field name in the form's data.
        groups: `PermissionGroup` each, in the order shown.
        value: The grants at first: `{"permission", "rule", "readable", "writable", "expires_at",
            "reason"}` each.
        label: Name of the whole for assistive technology.
        roles: What other roles grant, as `{"name", "grants"}`; the grants are as in `value`, with
            `source`, the name of the role that grants.
        included: Names of those of the roles that count at first.
        includes_name: Name of the `checkbox_list` in the same form that chooses among the roles.
        read_only: Shows, and changes nothing.
    """
    return _PermissionMatrix.create(
        name=name,
        groups=groups,
        value=value,
        roles=roles if roles is not None else [],
        included=included if included is not None else [],
        includes_name=includes_name,
        read_only=read_only,
        label=label,
    )

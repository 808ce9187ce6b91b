"""A form that the browser itself sends."""

from typing import Any, Literal

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from components.values import Content, Text, attributes, class_names


class _NativeForm(BaseHTML):
    """`rx.el.form` always prevents the browser's own submit; this one does not."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]
    enc_type: rx.Var[str]


def native_form(
    *content: Content,
    action: Text,
    method: Literal["post", "get"] = "post",
    hidden: dict[str, Text] | None = None,
    label: Text | None = None,
    class_name: Text = "form",
    attrs: dict[str, Any] | None = None,
) -> rx.Component:
    """Send fields to the server as a browser does, for sign-in and sign-out, where cookies change.

    Args:
        *content: Fields and a submit button.
        action: Path that receives the form.
        method: `post` for what changes something.
        hidden: Values sent along by field name, for example `{"next": "/users"}`.
        label: Name of the form for assistive technology.
        class_name: `"form"`, or another look.
        attrs: Further HTML attributes.
    """
    return _NativeForm.create(
        *[
            rx.el.input(type="hidden", name=name, value=value, read_only=True)
            for name, value in (hidden or {}).items()
        ],
        *content,
        action=action,
        method=method,
        class_name=class_names(class_name),
        custom_attrs=attributes(aria_label=label) | (attrs or {}),
    )

"""A form whose answer may change cookies: sign-in, one's own password."""

from collections.abc import Sequence

import reflex as rx

from components.browser_module import browser_module
from components.values import Content, Text


class PostForm(rx.Component):
    """The form itself; use `post_form` or `post_dialog`."""

    library = browser_module("post_form.jsx")
    tag = "PostForm"

    action: rx.Var[str]
    label: rx.Var[str]
    from_address: rx.Var[list[str]]
    from_tab: rx.Var[list[str]]
    on_done: rx.EventHandler[rx.event.no_args_event_spec]


def post_form(
    *content: Content,
    action: Text,
    label: Text,
    hidden: dict[str, Text] | None = None,
    from_address: Sequence[str] = (),
    from_tab: Sequence[str] = (),
) -> rx.Component:
    """Post fields to the server and go where it says; a refusal shows at the field.

    The server answers `{"location": …}`, or problem+json with `detail` and perhaps `fields`.

    Args:
        *content: Fields and a submit button.
        action: Path that receives the form.
        label: Name of the form for assistive technology.
        hidden: Values sent along by field name, for example `{"next": "/users"}`.
        from_address: Parameters of the page's address that are sent along as they are.
        from_tab: Secrets that came with the page's address and that the tab keeps until they are
            sent; see `boot.js`.
    """
    return PostForm.create(
        *[
            rx.el.input(type="hidden", name=name, value=value, read_only=True)
            for name, value in (hidden or {}).items()
        ],
        *content,
        action=action,
        label=label,
        from_address=list(from_address),
        from_tab=list(from_tab),
    )

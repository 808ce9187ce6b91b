"""Who gains and who loses what by a change."""

from typing import Any, TypedDict

import reflex as rx

from components.icon import icon


class Effect(TypedDict):
    """What becomes of one permission; a sentence each, empty where nobody is concerned."""

    permission: str
    description: str
    gains: str
    loses: str
    widens: str
    narrows: str


_KINDS = (
    ("gains", "plus"),
    ("widens", "chevrons_up"),
    ("narrows", "chevrons_down"),
    ("loses", "minus"),
)


def effect_list(effects: rx.Var[list[Any]] | list[Effect]) -> rx.Component:
    """Tell, permission by permission, whose access a change would touch.

    Args:
        effects: `Effect` each.
    """

    def line(effect: rx.Var[Any], kind: str, sign: str) -> rx.Component:
        return rx.cond(
            effect[kind].to(str),
            rx.el.p(
                icon(sign, size="s"),
                rx.el.span(effect[kind].to(str)),
                class_name=f"effect effect-{kind}",
            ),
        )

    def entry(effect: rx.Var[Any]) -> rx.Component:
        return rx.el.li(
            rx.el.p(
                rx.el.code(effect["permission"].to(str), class_name="mono"),
                rx.el.span(effect["description"].to(str), class_name="quiet"),
                class_name="effect-head",
            ),
            *(line(effect, kind, sign) for kind, sign in _KINDS),
        )

    rows = (
        effects if isinstance(effects, rx.Var) else rx.Var.create(effects).to(list[dict[str, Any]])
    )
    return rx.el.ul(
        rx.foreach(rows, entry),
        class_name="effects",
        custom_attrs={"tabIndex": 0, "aria-label": "Whose access changes"},
    )

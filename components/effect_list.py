"""Who gains and who loses what by a change."""

from typing import Any, TypedDict

import reflex as rx

from components.icon import icon


class Touched(TypedDict):
    """A permission that a change touches."""

    code: str
    description: str


class Effect(TypedDict):
    """What a change means for some people; empty lists where it means nothing."""

    who: str
    gains: list[Touched]
    widens: list[Touched]
    narrows: list[Touched]
    loses: list[Touched]


_KINDS = (
    ("gains", "plus", "Can now"),
    ("widens", "chevrons_up", "Can for more than before"),
    ("narrows", "chevrons_down", "Can for fewer rows, fields or days"),
    ("loses", "minus", "Can no longer"),
)


def effect_list(effects: rx.Var[list[Any]] | list[Effect]) -> rx.Component:
    """Tell whose access a change would touch, and how; everybody is named once.

    Args:
        effects: `Effect` each.
    """

    def touched(permission: rx.Var[Any]) -> rx.Component:
        return rx.el.li(
            rx.el.span(permission["description"].to(str)),
            rx.el.code(permission["code"].to(str), class_name="mono quiet"),
        )

    def kind(effect: rx.Var[Any], name: str, sign: str, words: str) -> rx.Component:
        permissions = effect[name].to(list[dict[str, str]])
        return rx.cond(
            permissions.length() > 0,
            rx.el.div(
                rx.el.p(icon(sign, size="s"), words, class_name="effect-kind"),
                rx.el.ul(rx.foreach(permissions, touched), aria_label=words),
                class_name=f"effect effect-{name}",
            ),
        )

    def entry(effect: rx.Var[Any]) -> rx.Component:
        return rx.el.li(
            rx.el.p(effect["who"].to(str), class_name="effect-who"),
            *(kind(effect, *each) for each in _KINDS),
        )

    rows = (
        effects if isinstance(effects, rx.Var) else rx.Var.create(effects).to(list[dict[str, Any]])
    )
    return rx.el.ul(
        rx.foreach(rows, entry),
        class_name="effects",
        custom_attrs={"tabIndex": 0, "aria-label": "Whose access changes"},
    )

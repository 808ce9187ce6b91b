"""Operations beside the usual ones: what else can be done with a record."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from app.core.resources.forms import Form

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Action:
    """An operation on one record, with a form when it takes input.

    Attributes:
        verb: The last word of its permission: `move`.
        title: What its button says: *Move*.
        sentence: What the permission allows: *Move items to another place*.
        past: How the audit trail tells of it: *moved*.
        form: What it asks for; None for nothing.
        dangerous: Whether its button warns.
        recent_sign_in: Whether the caller must have given their password lately.
        method: Does it, given the record, locked, and the form.
    """

    verb: str
    title: str
    sentence: str
    past: str
    form: type[Form] | None
    dangerous: bool
    recent_sign_in: bool
    method: Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What somebody may do with one record.

    Attributes:
        verbs: The last words of the permissions that reach it: `update`, `move`.
        writable: The fields that they may change.
    """

    verbs: frozenset[str]
    writable: frozenset[str]


def action(
    sentence: str,
    *,
    title: str = "",
    past: str = "",
    dangerous: bool = False,
    recent_sign_in: bool = False,
) -> Callable[
    [Callable[Concatenate[S, R, P], Awaitable[T]]],
    Callable[Concatenate[S, UUID, ...], Awaitable[T]],
]:
    """Make a method of a `ResourceService` an operation on one record; see `Action`.

    The method is given the record, which the actor reaches with the permission and which nobody
    else changes meanwhile, and the form that its second parameter is annotated with. It changes
    the record by `self.change` and returns what that returns.

    ```python
    @action("Move items to another place", past="moved")
    async def move(self, item: Item, form: Move) -> Item:
        return await self.change(item, place=form.place)
    ```

    Callers give the record's id: `await items.move(item_id, Move(place=place_id))`.
    """

    def decorate(method: Any) -> Any:
        name = method.__name__
        form = next(
            (
                kind
                for key, kind in method.__annotations__.items()
                if key != "return" and isinstance(kind, type) and issubclass(kind, Form)
            ),
            None,
        )
        method.__action__ = Action(
            verb=name,
            title=title or name.replace("_", " ").capitalize(),
            sentence=sentence,
            past=past or f"{name.replace('_', ' ')}d",
            form=form,
            dangerous=dangerous,
            recent_sign_in=recent_sign_in,
            method=method,
        )
        return method

    return decorate

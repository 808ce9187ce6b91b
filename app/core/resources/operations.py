"""What can be done with records: the usual operations, and those that a noun has besides."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from app.core.errors import ModuleError
from app.core.operations import operation, query
from app.core.resources.forms import Form
from app.core.resources.resource import Meta
from app.core.resources.schemas import validated

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


def on_record(each: Action) -> Callable[..., Awaitable[Any]]:
    """The operation of an action: given an id, it reaches the record and hands it over."""

    async def act(self: Any, record_id: UUID, form: Any = None) -> Any:
        record = await self._reach(record_id, each.verb)
        if each.form is None:
            return await each.method(self, record)
        if not isinstance(form, each.form):
            form = each.form(**validated(each.form.meta.schema, form or {}).filled)
        await self._check_references(each.form.meta.fields, vars(form))
        return await each.method(self, record, form)

    act.__doc__ = each.method.__doc__
    return act


def set_operation(
    cls: type[Any],
    name: str,
    gate: Callable[[Any], Any],
    method: Callable[..., Awaitable[Any]],
) -> None:
    """Make a method of the class that passes the gate."""

    @functools.wraps(method)
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await method(self, *args, **kwargs)

    call.__name__, call.__qualname__ = name, f"{cls.__qualname__}.{name}"
    call.__module__ = cls.__module__
    if name in vars(cls) and not hasattr(vars(cls)[name], "__action__"):
        message = f"{cls.__qualname__} has a method {name} already: override _{name}"
        raise ModuleError(message)
    setattr(cls, name, gate(call))


def dispatch(cls: type[Any], name: str) -> Callable[..., Awaitable[Any]]:
    """Calls the method behind an operation, which a subclass may have overridden."""

    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await getattr(self, f"_{name}")(*args, **kwargs)

    call.__doc__ = getattr(cls, f"_{name}").__doc__
    return call


def _change(verb: str, done: str = "") -> Callable[[Meta], Callable[[Any], Any]]:
    return lambda meta: operation(meta.permission(verb), action=meta.permission(done or verb))


def _read(meta: Meta) -> Callable[[Any], Any]:
    return query(meta.permission("read"))


def _hand_out(meta: Meta) -> Callable[[Any], Any]:
    # What somebody may read they may also take along; the trail tells that they did.
    action = meta.permission("export")
    return operation(meta.permission("read"), action=action, begins_write=False, expensive=True)


def _import(meta: Meta) -> Callable[[Any], Any]:
    # It reads the file before it holds a transaction open.
    action = meta.permission("import")
    return operation(meta.permission("create"), action=action, begins_write=False, expensive=True)


USUAL: Mapping[str, tuple[Callable[[Meta], Callable[[Any], Any]], str, str]] = {
    "page": (_read, "read", "See {plural}"),
    "get": (_read, "read", "See {plural}"),
    "export": (_hand_out, "read", "See {plural}"),
    "create": (_change("create"), "create", "Add {plural}"),
    "update": (_change("update"), "update", "Change {plural}"),
    "delete": (_change("delete"), "delete", "Delete {plural}"),
    "import_csv": (_import, "create", "Add {plural}"),
    "restore": (_change("delete", "restore"), "delete", "Delete {plural}"),
    "purge": (_change("delete", "purge"), "delete", "Delete {plural}"),
}
"""The usual operations: their gate, the last word of their permission, and what it allows."""
BESIDE: Mapping[str, tuple[str, ...]] = {
    "page": ("plan",),
    "get": ("allowed",),
    "import_csv": ("plan_import", "preview_import"),
}
"""What can be asked, by the same permission, wherever there is one of the usual operations."""

"""What the browser is told of a resource: what one person may see and do, by types of fields."""

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.registry import Registry
from app.core.resources.fields import Field, Link, Reference
from app.core.resources.operations import Action
from app.core.resources.resource import Meta
from app.core.rows import Rows, rows_of

FILTERED = ("choice", "boolean", "reference")
"""The types of fields that lists offer a filter for."""
HIDDEN = {"hidden": True}
"""Stands in a row where somebody may not see the value."""
_PLACEHOLDERS = {"colour": "#1a7f37", "url": "https://"}
_YES_NO = (("true", "Yes"), ("false", "No"))
_LONGEST_CELL = 300


@dataclass
class Noun:
    """A resource as one person may see it.

    Attributes:
        name: Its name, e.g. `inventory.item`.
        singular: What people call one.
        plural: What they call several.
        title: The same, as a heading.
        section: Its module, as the sidebar calls it.
        sentence: What it is, from its docstring.
        base: Where its list is.
        searched: The titles of the fields by whose words records are found; empty for none.
        trash: Whether deleted records can be restored for a time.
        exports: Whether its lists can be saved as files.
        imports: Whether the person may make records from files.
        columns: The columns there are, `{"key", "title", "kind", "sorts", "listed", …}` each.
        may: The last words of the permissions that the person has, of those there are.
    """

    name: str = ""
    singular: str = ""
    plural: str = ""
    title: str = ""
    section: str = ""
    sentence: str = ""
    base: str = ""
    searched: str = ""
    trash: bool = False
    exports: bool = False
    imports: bool = False
    columns: list[dict[str, Any]] = field(default_factory=list)
    may: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Button:
    """What can be done with the selected rows of a list.

    Attributes:
        name: The operation.
        title: The verb on it.
        verb: The last word of its permission.
        asks: Whether it takes input.
        dangerous: Whether something may be lost by it.
    """

    name: str
    title: str
    verb: str
    asks: bool = False
    dangerous: bool = False


def describe(service: Any, registry: Registry, actor: Actor, *, trashed: bool = False) -> Noun:
    """A resource as the actor may see it: what is hidden from them is not mentioned.

    Args:
        service: The service of the resource.
        registry: Where it is registered.
        actor: Who looks.
        trashed: Whether they look at the trash.
    """
    meta: Meta = service.resource.meta
    reading = rows_of(registry, actor, meta.permission("read"))
    seen = [name for name in _seen(meta, reading) if trashed or name != "deleted_at"]
    module = next(each for each in registry.modules if service in each.services)
    verbs = [name for name in ("create", "update", "delete") if name in service.operations]
    verbs += [each.verb for each in service.actions.values()]
    searched = [each.title for each in meta.searched if each.name in seen]
    return Noun(
        name=meta.name,
        singular=meta.singular,
        plural=meta.plural,
        title=meta.plural.capitalize(),
        section=module.heading,
        sentence=_sentence(meta),
        base=meta.path,
        searched=_joined(searched) if "page" in service.operations else "",
        trash=meta.trash,
        exports="export" in service.operations,
        imports="import_csv" in service.operations and actor.may(meta.permission("create")),
        columns=[_column(meta, name, registry, actor) for name in seen],
        may={verb: actor.may(meta.permission(verb)) for verb in verbs},
    )


def default_columns(noun: Noun) -> list[str]:
    """The columns that a list shows from the start."""
    listed = [column["key"] for column in noun.columns if column["listed"]]
    return listed or [column["key"] for column in noun.columns[:1]]


def filters_of(noun: Noun) -> list[dict[str, Any]]:
    """What the list can be narrowed by, `{"key", "title", "kind", "options"}` each."""
    return [
        {
            "key": column["key"],
            "title": column["title"],
            "kind": column["kind"],
            "options": [
                {"value": value, "label": label}
                for value, label in (
                    _YES_NO if column["kind"] == "boolean" else column.get("options", ())
                )
            ],
        }
        for column in noun.columns
        if column["kind"] in FILTERED
    ]


def filter_titles(noun: Noun) -> dict[str, str]:
    """What a filter is called on its chip, by its key in the address."""
    titles = {each["key"]: each["title"] for each in filters_of(noun)} | {"filter": "Filter"}
    return titles | ({"trashed": "Trash"} if noun.trash and noun.may.get("delete") else {})


def bulk_buttons(noun: Noun, actions: Mapping[str, Action], *, trashed: bool) -> list[Button]:
    """What can be done with the selected rows of a list."""
    usual = [
        Button("restore", "Restore", "delete"),
        Button("purge", "Delete for good", "delete", dangerous=True),
    ]
    if not trashed:
        own = [
            Button(name, each.title, each.verb, asks=bool(each.form), dangerous=each.dangerous)
            for name, each in actions.items()
        ]
        usual = [*own, Button("delete", "Delete", "delete", dangerous=not noun.trash)]
    return [each for each in usual if noun.may.get(each.verb)]


def cell(meta: Meta, name: str, value: Any) -> Any:
    """A value as a list's cell gets it."""
    written = meta.fields[name].to_json(value)
    if isinstance(written, str) and len(written) > _LONGEST_CELL:
        return f"{written[: _LONGEST_CELL - 1]}…"
    return written


def inputs(
    fields: Mapping[str, Field[Any]], values: Mapping[str, Any], writable: Collection[str]
) -> list[dict[str, Any]]:
    """The fields of a form, `{"name", "title", "kind", "required", "locked", "value", …}` each.

    Args:
        fields: By name.
        values: What they start from; a field that is not among these is left out.
        writable: Those that may be changed; the others are locked.
    """
    return [
        {
            **_facts_of(each),
            "name": name,
            "help": each.help,
            "required": each.required,
            "locked": name not in writable,
            "placeholder": _PLACEHOLDERS.get(each.kind, ""),
            "value": each.to_json(values[name]),
        }
        for name, each in fields.items()
        if name in values
    ]


def facts(fields: Mapping[str, Field[Any]], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Values that are only shown, `{"key", "title", "kind", "value", …}` each."""
    return [
        {**_facts_of(each), "key": name, "value": each.to_json(values[name])}
        for name, each in fields.items()
        if name in values
    ]


def creatable(service: Any, registry: Registry, actor: Actor) -> frozenset[str]:
    """The fields of a new record that the actor may set."""
    meta: Meta = service.resource.meta
    fields = rows_of(registry, actor, meta.permission("create")).writable_somewhere
    return frozenset(meta.writable if fields is None else fields & meta.writable.keys())


def importable(service: Any, registry: Registry, actor: Actor) -> list[dict[str, Any]]:
    """What a file's columns can stand for, `{"key", "title", "required", "unique"}` each."""
    meta: Meta = service.resource.meta
    writable = creatable(service, registry, actor) | changeable(service, registry, actor)
    return [
        {
            "key": name,
            "title": each.title,
            "required": not each.has_default,
            "unique": each.unique,
        }
        for name, each in meta.writable.items()
        if name in writable
    ]


def changeable(service: Any, registry: Registry, actor: Actor) -> frozenset[str]:
    """The fields that the actor may change in some record."""
    meta: Meta = service.resource.meta
    permission = meta.permission("update")
    if "update" not in service.operations or not actor.may(permission):
        return frozenset()
    fields = rows_of(registry, actor, permission).writable_somewhere
    return frozenset(meta.writable if fields is None else fields & meta.writable.keys())


def shows(service: Any, registry: Registry, actor: Actor, field: str) -> bool:
    """Whether the actor sees a list of the records, and this field of some of them."""
    permission = service.resource.meta.permission("read")
    if "page" not in service.operations or not actor.may(permission):
        return False
    return rows_of(registry, actor, permission).shows_somewhere(field)


def is_made_by_name(service: Any, registry: Registry, actor: Actor) -> bool:
    """Whether the actor can make a record by saying no more than what it is called."""
    meta: Meta = service.resource.meta
    if "create" not in service.operations or not actor.may(meta.permission("create")):
        return False
    needed = {name for name, field in meta.writable.items() if not field.has_default}
    return needed <= {meta.label} and meta.label in creatable(service, registry, actor)


def starts(fields: Mapping[str, Field[Any]]) -> dict[str, Any]:
    """What the fields of an empty form start from."""
    return {name: each.start for name, each in fields.items()}


def read_form(fields: Mapping[str, Field[Any]], form: Mapping[str, Any]) -> dict[str, Any]:
    """What a form says of these fields, to be validated next; what it does not say is absent.

    Raises:
        Invalid: A field is empty that must not be.
    """
    values: dict[str, Any] = {}
    for name, each in fields.items():
        if name not in form:
            continue
        given = form[name]
        if each.kind == "money" and isinstance(given, str) and given.strip():
            given = f"{given.strip()} {form.get(f'{name}_currency') or ''}"
        values[name] = each.from_text(given) if isinstance(given, str) else given
    empty = [name for name, value in values.items() if value is None and fields[name].required]
    if empty:
        wrong = dict.fromkeys(empty, "Fill this in.")
        message = "Fill in what is missing."
        raise Invalid("form.invalid", message, fields=wrong)
    return values


def fact(each: Field[Any], value: Any) -> Any:
    """A value by which versions of a record are compared: of a reference only where it leads."""
    if isinstance(each, Reference):
        return None if value is None else str(value.id if isinstance(value, Link) else value)
    return each.to_json(value)


def buttons(actions: Mapping[str, Action], allowed: Collection[str]) -> list[dict[str, Any]]:
    """The buttons of a record's actions, `{"name", "title", "dangerous"}` each."""
    return [
        {
            "name": name,
            "title": f"{each.title}…" if each.form is not None or each.dangerous else each.title,
            "dangerous": each.dangerous,
        }
        for name, each in actions.items()
        if each.verb in allowed
    ]


def _seen(meta: Meta, rows: Rows) -> list[str]:
    """The fields that somebody can see in some row; what records are called comes first."""
    names = [name for name in meta.fields if rows.shows_somewhere(name)]
    return sorted(names, key=lambda name: name != meta.label)


def _column(meta: Meta, name: str, registry: Registry, actor: Actor) -> dict[str, Any]:
    each = meta.fields[name]
    column = {
        **_facts_of(each),
        "key": name,
        "sorts": each.is_sortable,
        "listed": each.listed or name == meta.label,
        "operators": list(each.all_operators),
        "changes": name in meta.writable,
    }
    if isinstance(each, Reference):
        to = each.to.meta
        has_page = registry.service_at(to.path) is registry.service_of(to.name)
        column["leads"] = has_page and actor.may(to.permission("read"))
    return column


def _facts_of(each: Field[Any]) -> dict[str, Any]:
    return {"title": each.title, "kind": each.kind, **each.describe()}


def _sentence(meta: Meta) -> str:
    text = inspect.getdoc(meta.record) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _joined(titles: list[str]) -> str:
    """*Name*, *Name or code*."""
    words = [title if at == 0 else title[:1].lower() + title[1:] for at, title in enumerate(titles)]
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))

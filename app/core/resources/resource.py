"""A resource: a noun, described once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

from sqlalchemy import Table

from app.core.errors import ModuleError
from app.core.module import AccessScope, RowRule
from app.core.record_list import to_bytes
from app.core.record_read import ResourceRecord
from app.core.resources.fields import Field, Moment, Reference, Text, optional
from app.core.resources.fields.links import KNOWN
from app.core.resources.schemas import Schemas
from app.core.resources.table import build_table

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")
_FIELD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PATH = re.compile(r"(/[a-z][a-z0-9-]*)+")
_LONGEST_NAME = 50
_COLUMNS = {"id", "version", "created_at", "updated_at", "deleted_at", "search_text"}
_ENDINGS = ("_order", "_key", "_id", "_currency")
"""What names of columns end with that stand beside those of fields."""
_PARAMETERS = {
    *("q", "sort", "cursor", "limit", "filter", "with_count", "trashed", "all", "any"),
    *("fields", "include"),
    *("separator", "bom"),
}


@dataclass(frozen=True, eq=False)
class Meta:
    """What is known of a resource.

    Attributes:
        name: Its one identity, in permissions, audit entries and explanations: `inventory.item`.
        singular: What people call one: *item*.
        plural: What they call several.
        label: The field by which they tell records apart.
        icon: Of its entry in the sidebar; see `components/icon.py`.
        path: Where its pages and REST routes are, e.g. `/inventory/items`.
        order: The field that lists are sorted by, with `-` in front for the last first.
        rules: The row rules by which grants can be limited.
        fields: All fields by name; the platform's own come last.
        table_name: The name of its table.
        trash: Whether deleted records are kept for a time, and can be restored.
    """

    name: str
    singular: str
    plural: str
    label: str
    icon: str
    path: str
    order: str
    rules: Sequence[RowRule]
    fields: Mapping[str, Field[Any]]
    table_name: str
    trash: bool
    record: "type[Resource]" = field(repr=False)
    selections: dict[Any, Any] = field(default_factory=dict, repr=False)
    """What was selected before; see `selection`."""

    @cached_property
    def table(self) -> Table:
        """Its table."""
        return build_table(self)

    @cached_property
    def schemas(self) -> Schemas:
        """What crosses its border."""
        return Schemas(self)

    @cached_property
    def scope(self) -> AccessScope:
        """What grants on it can be limited to."""
        return AccessScope(
            name=self.name,
            title=self.plural.capitalize(),
            fields={name: field.title for name, field in self.fields.items()},
            rules=self.rules,
            label=self.label,
            sensitive=[name for name, field in self.fields.items() if field.sensitive],
            key=self.table.c.id,
            computed=[name for name, field in self.fields.items() if field.read_only],
        )

    @property
    def writable(self) -> Mapping[str, Field[Any]]:
        """The fields that people set."""
        return {name: field for name, field in self.fields.items() if not field.read_only}

    @property
    def searched(self) -> Sequence[Text]:
        """The fields by whose words records are found."""
        return [each for each in self.fields.values() if isinstance(each, Text) and each.search]

    @property
    def references(self) -> Sequence[Reference]:
        """The fields that refer to other records."""
        return [each for each in self.fields.values() if isinstance(each, Reference)]

    @property
    def space(self) -> str:
        """How its name begins: `inventory`; empty for the platform's own."""
        return self.name.rpartition(".")[0]

    def permission(self, verb: str) -> str:
        """The permission to do something with its records: `inventory.item.create`."""
        return f"{self.name}.{verb}"


class Resource(ResourceRecord):
    """Base of all resources; an instance is one record.

    ```python
    class Item(Resource, name="inventory.item"):
        name = Text(search=True, unique=True)
        quantity = Integer(minimum=0)
        place = optional(Reference(Place))
    ```

    A record holds the fields that were read. To read another one is an `AttributeError`.
    """

    meta: ClassVar[Meta]

    version: int
    created_at = Moment(title="Created", read_only=True, listed=False)
    updated_at = Moment(title="Changed", read_only=True, listed=False)

    def __init_subclass__(
        cls,
        *,
        name: str,
        singular: str = "",
        plural: str = "",
        label: str = "name",
        icon: str = "box",
        path: str = "",
        order: str = "-created_at",
        rules: Sequence[RowRule] = (),
        trash: bool = False,
        table: str = "",
    ) -> None:
        """Describe a noun; what is left out follows from the name. See `Meta`.

        Raises:
            ModuleError: The description contradicts itself; a sentence with file and line.
        """
        super().__init_subclass__()
        noun = name.rpartition(".")[2].replace("_", " ")
        plural = plural or _plural_of(singular or noun)
        space = name.rpartition(".")[0]
        standard: dict[str, Field[Any]] = {
            "created_at": Resource.created_at,
            "updated_at": Resource.updated_at,
        }
        if trash:
            deleted_at = optional(Moment(title="Deleted", read_only=True, listed=False))
            deleted_at.name = "deleted_at"
            standard["deleted_at"] = deleted_at
        own = {key: each for key, each in vars(cls).items() if isinstance(each, Field)}
        cls.resource = name
        cls.meta = Meta(
            name=name,
            singular=singular or noun,
            plural=plural,
            label=label,
            icon=icon,
            path=path
            or "".join(f"/{each}" for each in (space, plural) if each)
            .replace(" ", "-")
            .replace("_", "-"),
            order=order,
            rules=rules,
            fields=own | standard,
            table_name=table or name.replace(".", "_"),
            trash=trash,
            record=cls,
        )
        KNOWN[name] = cls
        problems = _problems(cls.meta, list(own))
        if problems:
            message = f"resource {name!r} ({cls.__module__}.{cls.__name__}): {'; '.join(problems)}"
            raise ModuleError(message)

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__dict__.get(self.meta.label, self.id)}>"

    def has(self, field: str) -> bool:
        """Whether the field was read, and may be seen."""
        return field in self.__dict__

    def showing(self, fields: Any) -> Self:
        """The same record with only these fields."""
        wanted = {*self.always_shown, *fields}
        return type(self)(**{key: each for key, each in self.__dict__.items() if key in wanted})

    def as_json(self) -> dict[str, Any]:
        """The record as answers and audit entries write it."""
        known = self.__dict__
        written: dict[str, Any] = {"id": str(self.id)}
        for name, each in self.meta.fields.items():
            if name in known:
                written[name] = each.to_json(known[name])
        if "version" in known:
            written["version"] = known["version"]
        return written

    def json_bytes(self) -> bytes:
        """The record as REST answers it."""
        return to_bytes(self.as_json())


def label_of(record: Resource) -> str:
    """What people call a record, as far as it may be seen."""
    return str(vars(record).get(record.meta.label) or "")


def _plural_of(noun: str) -> str:
    if re.search("[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search("(s|x|z|ch|sh)$", noun) else f"{noun}s"


def _problems(meta: Meta, own: Sequence[str]) -> list[str]:
    """What contradicts itself, in sentences."""
    found = []
    if not _NAME.fullmatch(meta.name):
        found.append("write its name like inventory.item: lower-case words, at most two")
    if not _PATH.fullmatch(meta.path):
        found.append(f"write its path like /inventory/items, not {meta.path!r}")
    for name in own:
        if name in _COLUMNS | _PARAMETERS | {*dir(Resource), "meta", "resource"} or name.endswith(
            ("_order", "_key", "_id", "_currency")
        ):
            found.append(f"{name} is a name that the platform uses itself")
        elif not _FIELD.fullmatch(name) or len(name) > _LONGEST_NAME:
            found.append(f"{name!r} is no name of a field: write it like unit_price")
        found.extend(f"{name}: {each}" for each in meta.fields[name].problems())
    if not own:
        found.append("it has no fields")
    elif meta.label not in meta.fields:
        found.append(f"its label is {meta.label!r}, which is no field; say label=")
    elif not isinstance(meta.fields[meta.label], Text):
        found.append(f"its label {meta.label!r} is not a text")
    sort = meta.order.removeprefix("-")
    if sort not in meta.fields or not meta.fields[sort].is_sortable:
        found.append(f"its order is {meta.order!r}, which is no field that lists are sorted by")
    names = [rule.name for rule in meta.rules]
    found.extend(f"it has two rules {name!r}" for name in set(names) if names.count(name) > 1)
    return found

"""What is read of the rows of a resource, and the values that are made of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, select

from app.core.resources.fields import Field, Link, Reference

if TYPE_CHECKING:
    from app.core.resources.resource import Meta
    from app.core.rows import Rows


class Selection:
    """Some fields of a resource: how they are selected, and how a row becomes values.

    The labels of references come with the same statement.

    Args:
        meta: The resource.
        fields: Which of its fields.
        labelled: For each field that refers to another resource, the rows of that one which the
            actor may read.
    """

    def __init__(
        self, meta: "Meta", fields: Sequence[Field[Any]], labelled: Mapping[str, "Rows"]
    ) -> None:
        table = meta.table
        source: FromClause = table
        firsts: list[ColumnElement[Any]] = [table.c.id]
        seconds: list[ColumnElement[Any]] = []
        makers: list[tuple[int, int, Callable[..., Any]]] = []
        self.names = ("id", *(field.name for field in fields), "version")
        self._width = len(self.names)
        for field in fields:
            first, *second = field.selected(table)
            make: Callable[..., Any] = field.loaded
            if isinstance(field, Reference):
                make = _link
                label, source = _label(field, first, source, labelled[field.name])
                second = [] if label is None else [label]
            if make is _link or not field.is_plain:
                extra = self._width + len(seconds) if second else -1
                makers.append((len(firsts), extra, make))
            firsts.append(first)
            seconds += second
        self._makers = makers
        self.statement: Select[Any] = select(*firsts, table.c.version, *seconds).select_from(source)

    def values(self, rows: Sequence[Any]) -> list[Any]:
        """The values of rows, in the order of `names`."""
        if not self._makers:
            return [row[: self._width] for row in rows]
        made = []
        for row in rows:
            values = list(row[: self._width])
            for place, extra, make in self._makers:
                second = row[extra] if extra >= 0 else None
                values[place] = make(values[place], second)
            made.append(values)
        return made


def selection(
    meta: "Meta",
    fields: Sequence[Field[Any]],
    rows_of: Callable[[str], "Rows"],
    *,
    is_usual: bool = True,
) -> Selection:
    """The selection of these fields for somebody.

    A usual one is made once for all who see the same of what the references lead to.

    Args:
        meta: The resource.
        fields: Which of its fields.
        rows_of: The rows that a permission reaches for them.
        is_usual: Whether it depends on what may be seen alone; a caller's own choice of fields, of
            which there are very many, is not remembered.
    """
    labelled = {
        field.name: rows_of(field.to.meta.permission("read"))
        for field in fields
        if isinstance(field, Reference)
    }
    sights = [_sight(meta, name, rows) for name, rows in labelled.items()]
    if None in sights or not is_usual:
        return Selection(meta, fields, labelled)
    key = (tuple(field.name for field in fields), tuple(sights))
    known: Selection | None = meta.selections.get(key)
    if known is None:
        known = meta.selections[key] = Selection(meta, fields, labelled)
    return known


def _sight(meta: "Meta", name: str, rows: "Rows") -> bool | None:
    """Whether all labels are seen, or none; None for some."""
    field = meta.fields[name]
    label = field.to.meta.label if isinstance(field, Reference) else ""
    if rows.shows_everywhere([label]):
        return True
    return None if rows.shows_somewhere(label) else False


def _label(
    field: Reference, column: ColumnElement[Any], source: FromClause, rows: "Rows"
) -> tuple[ColumnElement[Any] | None, FromClause]:
    """The label of what a reference leads to, and where it is read from."""
    meta = field.to.meta
    if not rows.shows_somewhere(meta.label):
        return None, source
    if rows.shows_everywhere([meta.label]):
        other: FromClause = meta.table.alias(f"to_{field.name}")
    else:
        seen = and_(rows.condition, rows.showing([meta.label]))
        other = (
            select(meta.table.c.id, meta.table.c[meta.label])
            .where(seen)
            .subquery(f"to_{field.name}")
        )
    label = other.c[meta.label].label(f"{field.name}_label")
    return label, source.outerjoin(other, other.c.id == column)


def _link(record_id: Any, label: Any) -> Link | None:
    return None if record_id is None else Link(record_id, label)

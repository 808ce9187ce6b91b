"""Records of a resource in a list."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from app.core.record_list import HIDDEN, RecordList

if TYPE_CHECKING:
    from app.core.resources.resource import Resource

R = TypeVar("R", bound="Resource")


@dataclass(slots=True, kw_only=True)
class Records(RecordList[R]):
    """Some records of a resource; see `RecordList`.

    Attributes:
        resource: What they are.
        total: How many match in all, when that was asked for.
        total_is_exact: Whether these are all, or only as many as were counted.
    """

    resource: type[R]
    total: int | None = None
    total_is_exact: bool = True

    def _record(self, known: dict[str, Any]) -> R:
        return self.resource(**known)

    def as_json(self) -> Sequence[Mapping[str, Any]]:
        """Each as `to_bytes` writes it; what is hidden is absent."""
        fields = self.resource.meta.fields
        writers = [
            (name, fields[name].to_json)
            for name in self.names
            if name in fields and not fields[name].is_written_natively
        ]
        written = self._known(self.rows)
        for name, write in writers:
            for each in written:
                if name in each:
                    each[name] = write(each[name])
        return written

    def as_cells(self) -> Iterator[list[Any]]:
        """Each as a line of a file, with the columns that `file_columns` names."""
        fields = self.resource.meta.fields
        places = {name: place for place, name in enumerate(self.names)}
        for row in self.rows:
            cells: list[Any] = [str(row[0])]
            for name, field in fields.items():
                value = row[places[name]] if name in places else None
                if value is None or value is HIDDEN:
                    cells.append(None)
                else:
                    cells.append(field.to_cell(value))
            yield cells

    def page_bytes(self, **more: Any) -> bytes:
        """A page as REST answers it."""
        if self.total is not None:
            more |= {"count": self.total, "count_is_exact": self.total_is_exact}
        # Of a class that `slots` made anew.
        return RecordList.page_bytes(self, **more)


def file_columns(resource: "type[Resource]") -> list[str]:
    """The first line of a file of records."""
    return ["id", *resource.meta.fields]

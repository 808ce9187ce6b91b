"""The usual operations of a resource as callers and type checkers see them.

`ResourceService` makes those that a service names.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from app.core.bulk import BulkPreview
from app.core.operations import Service
from app.core.resources.import_schemas import ImportQuery, ImportReport, SheetPreview
from app.core.resources.operations import Allowed
from app.core.resources.records import Records
from app.core.resources.resource import Resource
from app.core.resources.schemas import ExportQuery, ListQuery, RecordInput, RecordQuery
from app.core.resources.shape import RecordShape

R = TypeVar("R", bound=Resource)


class UsualOperations(Service, Generic[R]):
    """What can be done with the records of most resources."""

    if TYPE_CHECKING:

        async def page(self, query: ListQuery) -> Records[R]:
            """A page of records as the actor may see them; with their number when asked for."""
            raise NotImplementedError

        async def get(self, record_id: UUID, shape: RecordShape | None = None) -> R:
            """One record.

            Args:
                record_id: Which.
                shape: The parts that are wanted; all fields, and nothing else, when not given.

            Raises:
                NotFound: There is no such record for the actor to see.
                Invalid: The shape names what there is not.
            """
            raise NotImplementedError

        async def export(
            self, query: ExportQuery, write: Callable[[Records[R]], Awaitable[None]]
        ) -> None:
            """Hand out all records that match, in order, some at a time.

            The audit entry says which and how many, also when it ends early.

            Args:
                query: Which.
                write: Takes some records; called again and again until there are no more.
            """
            raise NotImplementedError

        async def create(self, values: Mapping[str, Any] | RecordInput) -> R:
            """Add a record.

            Raises:
                Invalid: A value is not accepted; with a sentence at its field.
                Conflict: Another record has a value that must be the only one of its kind.
                PermissionDenied: A field may not be set, or the record would be out of reach.
            """
            raise NotImplementedError

        async def update(self, record_id: UUID, change: Mapping[str, Any] | RecordInput) -> R:
            """Change fields of a record; what is not named stays.

            Raises:
                NotFound: There is no such record for the actor to see.
                Conflict: As `create`; or somebody else changed it since the version that is given.
                PermissionDenied: As `create`.
            """
            raise NotImplementedError

        async def delete(self, record_id: UUID) -> None:
            """Remove a record; into the trash, where the resource has one.

            Raises:
                NotFound: There is no such record for the actor to see.
                Conflict: Others refer to it, and do not go with it.
            """
            raise NotImplementedError

        async def import_csv(self, content: bytes, query: ImportQuery) -> ImportReport:
            """Make a record of each row of a CSV file, or change the one that it is about.

            The audit trail has an entry for the import, from which all of it is taken back, and
            one for each record.

            Args:
                content: The file.
                query: How it is read, and what becomes of the others when rows are refused.

            Raises:
                Invalid: The file or its columns cannot be read; or rows are refused, and nothing
                    is to be saved then.
                Conflict: Somebody else saved one of the unique values at the same moment.
            """
            raise NotImplementedError

        async def plan_import(self, content: bytes, query: ImportQuery) -> ImportReport:
            """What `import_csv` would do, row by row; nothing is saved.

            Raises:
                Invalid: The file or its columns cannot be read.
            """
            raise NotImplementedError

        async def preview_import(self, content: bytes, query: ImportQuery) -> SheetPreview:
            """What stands in a CSV file, and which fields its columns seem to stand for.

            Raises:
                Invalid: It cannot be read.
            """
            raise NotImplementedError

        async def restore(self, record_id: UUID) -> R:
            """Take a record out of the trash.

            Raises:
                NotFound: There is no such record in it for the actor to see.
                Conflict: Another record has a value by now that must be the only one of its kind.
            """
            raise NotImplementedError

        async def purge(self, record_id: UUID) -> None:
            """Remove a record from the trash, for good.

            Raises:
                NotFound: There is no such record in it for the actor to see.
            """
            raise NotImplementedError

        async def plan(
            self, verb: str, chosen: RecordQuery | Collection[UUID], fields: Collection[str] = ()
        ) -> BulkPreview:
            """What an operation or action would do with many records, of which it changes none.

            Args:
                verb: Its name: `update`, `delete`, `move`.
                chosen: The records by id, or all that a list of them shows.
                fields: Those that an update would change.

            Raises:
                Invalid: There is no such operation, or more are chosen than one action looks at.
            """
            raise NotImplementedError

        async def allowed(self, record_id: UUID) -> Allowed:
            """What the actor may do with one record.

            Raises:
                NotFound: There is no such record for the actor to see.
            """
            raise NotImplementedError

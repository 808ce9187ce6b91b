"""REST routes of a resource, made of its description."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from dishka import AsyncContainer, FromDishka
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, create_model

from app.core.resources.import_schemas import ImportReport, SheetPreview
from app.core.resources.records import file_columns
from app.core.resources.resource import Meta, Resource
from app.core.resources.service import ResourceService
from app.http.bulk import bulk_answer, bulk_body, bulk_endpoint, verb_of
from app.http.csv import CSV_ANSWER, Write, csv_download
from app.http.imports import import_endpoint, preview_endpoint
from app.http.problems import Responses, problem
from app.http.query import query_of, reads_query
from app.http.routing import ConsoleRoute, OperationRoute, calls, page_answer, versioned

_JSON = "application/json"
_RECORD: Any = object()
"""Stands for the resource's own schema."""
_ONE = "/{record_id}"


def rest(service: type[ResourceService[Any]]) -> APIRouter:
    """The routes of a resource's operations, below its path.

    Args:
        service: The service; a route is made of each of its operations.
    """
    routes = _Routes(service)
    for name, add in _OF_OPERATIONS.items():
        if name in service.operations:
            add(routes)
    for name in service.actions:
        routes.act(name)
    for name in ("create", "update", "delete"):
        if name in service.operations:
            routes.bulk(name)
    return routes.router


def console(service: type[ResourceService[Any]]) -> APIRouter:
    """The routes by which the console saves and sends files, below `/session/resources`.

    Args:
        service: The service of the resource.
    """
    routes = _Routes(service, prefix="/session/resources", route_class=ConsoleRoute)
    if "export" in service.operations:
        routes.export()
    if "import_csv" in service.operations:
        routes.preview_import()
        routes.import_csv()
    return routes.router


class _Routes:
    """Makes the routes of one resource."""

    def __init__(
        self,
        service: type[ResourceService[Any]],
        *,
        prefix: str = "",
        route_class: type[OperationRoute] = OperationRoute,
    ) -> None:
        self.service: Any = service
        self.meta: Meta = service.resource.meta
        self.router = APIRouter(
            prefix=prefix + self.meta.path, tags=[self.meta.plural], route_class=route_class
        )
        space = f"{self.meta.space}_" if self.meta.space else ""
        self.one = self.meta.name.replace(".", "_")
        self.many = space + self.meta.plural.replace(" ", "_").replace("-", "_")

    def page(self) -> None:
        """Reads some of them."""
        meta = self.meta

        schema = meta.schemas.list_query

        @reads_query(schema)
        async def endpoint(request: Request, records: Any) -> Response:
            return page_answer(await records.page(query_of(request, schema)))

        answer: Any = create_model(
            f"{meta.schemas.noun}Page",
            __doc__=f"Some {meta.plural}, and where the next begin.",
            items=(list[meta.schemas.read], ...),  # type: ignore[name-defined]  # made at run time
            next_cursor=(str | None, None),
            count=(int | None, None),
            count_is_exact=(bool | None, None),
        )
        about = f"List {meta.plural}."
        self._add(
            "GET",
            "",
            f"list_{self.many}",
            about,
            endpoint,
            self.service.page,
            answer,
        )

    def export(self) -> None:
        """Writes all of them into a file."""
        meta, service = self.meta, self.service

        schema = meta.schemas.export_query

        @reads_query(schema)
        async def endpoint(request: Request) -> Response:
            query = query_of(request, schema)

            async def write(unit: AsyncContainer, send: Write) -> None:
                records = await unit.get(service)
                await records.export(query, lambda some: send(some.as_cells()))

            return await csv_download(
                request, self.many.replace("_", "-"), file_columns(service.resource), write, query
            )

        about = f"Export {meta.plural} as CSV, in UTF-8, with a line of column names."
        self._add(
            "GET",
            "/export",
            f"export_{self.many}",
            about,
            endpoint,
            service.export,
            None,
            responses=dict(CSV_ANSWER),
            response_class=Response,
        )

    def import_csv(self) -> None:
        """Makes and changes many of them from a file."""
        about = (
            f"Import {self.meta.plural} from a CSV file. With `dry_run` nothing is saved, and the "
            "answer is what it would be. Refused with 422, `problems` says what is wrong with "
            "which line."
        )
        name, operation = f"import_{self.many}", self.service.import_csv
        endpoint = import_endpoint()
        self._add("POST", "/import", name, about, endpoint, operation, ImportReport)

    def preview_import(self) -> None:
        """Tells what stands in a file."""
        name, about = f"preview_import_of_{self.many}", "Read the columns and first rows of a file."
        endpoint, operation = preview_endpoint(), self.service.preview_import
        self._add("POST", "/import/preview", name, about, endpoint, operation, SheetPreview)

    def get(self) -> None:
        """Reads one."""
        schema = self.meta.schemas.get_query

        @reads_query(schema)
        async def endpoint(request: Request, record_id: UUID, records: Any) -> Response:
            if not request.scope["query_string"]:
                return _answer(await records.get(record_id))
            return _answer(await records.get(record_id, query_of(request, schema)))

        about = f"Read one {self.meta.singular}."
        self._add("GET", _ONE, f"get_{self.one}", about, endpoint, self.service.get)

    def create(self) -> None:
        """Adds one."""
        path = f"/api/v1{self.meta.path}"

        async def endpoint(new: Any, records: Any) -> Response:
            record = await records.create(new)
            return _answer(record, 201, {"Location": f"{path}/{record.id}"})

        about, body = f"Add a new {self.meta.singular}.", self.meta.schemas.create
        name = f"create_{self.one}"
        self._add("POST", "", name, about, endpoint, self.service.create, status=201, new=body)

    def update(self) -> None:
        """Changes one, wholly or in part."""
        meta = self.meta
        whole = f"Set all that can be set of one {meta.singular}."
        some = f"Change one {meta.singular}; what is absent stays."
        for method, verb, about, body in (
            ("PUT", "replace", whole, meta.schemas.replace),
            ("PATCH", "update", some, meta.schemas.update),
        ):

            async def endpoint(record_id: UUID, change: Any, records: Any) -> Response:
                return _answer(await records.update(record_id, change))

            name = f"{verb}_{self.one}"
            self._add(method, _ONE, name, about, endpoint, self.service.update, change=body)

    def delete(self) -> None:
        """Removes one."""

        async def endpoint(record_id: UUID, records: Any) -> None:
            await records.delete(record_id)

        name, about = f"delete_{self.one}", f"Delete one {self.meta.singular}."
        self._add("DELETE", _ONE, name, about, endpoint, self.service.delete, None, status=204)

    def restore(self) -> None:
        """Takes one out of the trash."""

        async def endpoint(record_id: UUID, records: Any) -> Response:
            return _answer(await records.restore(record_id))

        name, about = f"restore_{self.one}", f"Take one {self.meta.singular} out of the trash."
        self._add("POST", f"{_ONE}/restore", name, about, endpoint, self.service.restore)

    def purge(self) -> None:
        """Removes one from the trash."""

        async def endpoint(record_id: UUID, records: Any) -> None:
            await records.purge(record_id)

        about = f"Remove one {self.meta.singular} from the trash, for good."
        name, operation = f"purge_{self.one}", self.service.purge
        self._add("POST", f"{_ONE}/purge", name, about, endpoint, operation, None, status=204)

    def act(self, name: str) -> None:
        """Does something else with one."""
        action = self.service.actions[name]
        endpoint: Callable[..., Any]
        body: dict[str, Any] = {}
        if action.form is None:

            async def without_form(record_id: UUID, records: Any) -> Response:
                return _answer(await getattr(records, name)(record_id))

            endpoint = without_form
        else:
            body["form"] = action.form.meta.schema

            async def with_form(record_id: UUID, form: Any, records: Any) -> Response:
                return _answer(await getattr(records, name)(record_id, form))

            endpoint = with_form
        path, about = f"{_ONE}/{name.replace('_', '-')}", f"{action.sentence}: one of them."
        self._add(
            "POST", path, f"{name}_{self.one}", about, endpoint, getattr(self.service, name), **body
        )

    def bulk(self, operation: str) -> None:
        """Adds, changes or deletes many."""
        verb = verb_of(self.meta, operation)
        about = f"{operation.capitalize()} many {self.meta.plural}, with a result for each."
        self._add(
            "POST",
            f"/bulk/{operation}",
            f"bulk_{operation}_{self.many}",
            about,
            bulk_endpoint(self.service, verb),
            getattr(self.service, operation),
            bulk_answer(self.meta),
            bulk=bulk_body(self.meta, verb),
        )

    def _add(  # noqa: PLR0917 - private, called by the methods above
        self,
        method: str,
        path: str,
        name: str,
        about: str,
        endpoint: Callable[..., Any],
        operation: Callable[..., Any],
        answer: type[BaseModel] | None = _RECORD,
        *,
        status: int = 200,
        responses: Responses | None = None,
        response_class: type[Response] = JSONResponse,
        **parameters: Any,
    ) -> None:
        # FastAPI reads what it parses from annotations, which are made here.
        if "records" in endpoint.__annotations__:
            parameters["records"] = _from_container(self.service)
        endpoint.__annotations__ |= parameters
        endpoint.__name__, endpoint.__doc__ = name, about
        endpoint = calls(operation)(endpoint)
        is_change, is_one = method != "GET", path.startswith(_ONE)
        if is_change and is_one:
            endpoint = versioned(endpoint)
        responses = responses or {}
        responses |= _gone(self.meta) if is_one else {}
        responses |= _taken(self.meta) if is_change else {}
        self.router.add_api_route(
            path,
            endpoint,
            methods=[method],
            response_model=self.meta.schemas.read if answer is _RECORD else answer,
            status_code=status,
            responses=responses,
            response_class=response_class,
            name=name,
        )


_OF_OPERATIONS: dict[str, Callable[[_Routes], None]] = {
    "page": _Routes.page,
    "create": _Routes.create,
    # Before what takes any word for an id.
    "export": _Routes.export,
    "import_csv": _Routes.import_csv,
    "get": _Routes.get,
    "update": _Routes.update,
    "delete": _Routes.delete,
    "restore": _Routes.restore,
    "purge": _Routes.purge,
}


def _answer(record: Resource, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(record.json_bytes(), status, headers, media_type=_JSON)


def _from_container(service: Any) -> Any:
    return FromDishka[service]  # type: ignore[misc]  # made at run time


def _gone(meta: Meta) -> Responses:
    return problem(404, f"{meta.name}.not_found", f"There is no such {meta.singular}.")


def _taken(meta: Meta) -> Responses:
    """What a change can meet: the version, or a value that another record has."""
    unique = next((field for field in meta.fields.values() if field.unique), None)
    if unique is None:
        message = f"Somebody else changed this {meta.singular} in the meantime."
        return problem(409, f"{meta.name}.version.conflict", message, current_version=3)
    message = f"Another {meta.singular} has this {unique.title.lower()} already."
    code = f"{meta.name}.{unique.name}.taken"
    return problem(409, code, message, fields={unique.name: message})

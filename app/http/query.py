"""Queries of requests: which parameters a route takes, and what a schema makes of them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
M = TypeVar("M", bound=BaseModel)


def reads_query(schema: type[BaseModel]) -> Callable[[Endpoint], Endpoint]:
    """Say that an endpoint reads its query with `query_of` and this schema.

    FastAPI looks at each of its parameters whether it is given or not, which takes longer than the
    query that follows when there are many.
    """

    def decorate(endpoint: Endpoint) -> Endpoint:
        endpoint.__query__ = schema  # type: ignore[attr-defined]  # read by OperationRoute
        return endpoint

    return decorate


def query_of(request: Request, schema: type[M]) -> M:
    """The query of a request, of which `OperationRoute` knows that it has no unknown parameters.

    Raises:
        RequestValidationError: A value is not accepted.
    """
    given: dict[str, Any] = {}
    names = {field.alias or name: field for name, field in schema.model_fields.items()}
    for name, value in request.query_params.multi_items():
        if is_list(names[name].annotation):
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        found = error.errors()
        raise RequestValidationError(
            [{**each, "loc": ("query", *each["loc"])} for each in found]
        ) from error


def documented(schema: type[BaseModel]) -> list[dict[str, Any]]:
    """The parameters of a schema, for OpenAPI."""
    parameters = []
    written = schema.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, described in written["properties"].items():
        about = described.pop("description", "")
        parameter = {"name": name, "in": "query", "required": False, "schema": described}
        parameters.append(parameter | ({"description": about} if about else {}))
    return parameters


def parameters_in(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    """The names of a route's query parameters, and what they are."""
    for parameter in dependant.query_params:
        annotation = parameter.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from parameters_of(annotation).items()
        else:
            yield parameter.alias, annotation
    for dependency in dependant.dependencies:
        yield from parameters_in(dependency)


def parameters_of(schema: type[BaseModel]) -> dict[str, Any]:
    """What the parameters of a schema are, by name."""
    return {field.alias or name: field.annotation for name, field in schema.model_fields.items()}


def is_list(annotation: Any) -> bool:
    """Whether a parameter can be given several times."""
    return get_origin(annotation) in (list, set, tuple) or any(map(is_list, get_args(annotation)))


def is_number(annotation: Any) -> bool:
    """Whether a parameter is a whole number."""
    return annotation is int or any(map(is_number, get_args(annotation)))

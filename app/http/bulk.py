"""Endpoints that create, change or delete many records of a resource at once.

Each item is the service's own operation, with an audit entry of its own: in one transaction each,
or all in that of the request (`atomic`).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import orjson
from dishka import AsyncContainer
from fastapi import Request, Response
from pydantic import BaseModel, Field, ValidationError, WrapValidator, create_model

from app.core.error_bus import ErrorPublisher
from app.core.errors import Invalid, PlatformError, RateLimited, Unavailable
from app.core.record_list import to_bytes
from app.core.resources.resource import Meta
from app.core.resources.schemas import Input
from app.core.unit_of_work import UnitOfWork, open_unit
from app.core.validation import findings, messages, summary
from app.http.problems import Problem, on_platform_error, on_unexpected
from app.http.routing import limited

Endpoint = Callable[..., Any]
Result = dict[str, Any]

MOST_ITEMS = 500
_MOST_BYTES = 2 * 1024 * 1024
_MOST_VALUES = 50_000
_PER_USER = "60/minute"


@dataclass(frozen=True, slots=True)
class Verb:
    """What is done with each item.

    Attributes:
        name: The operation.
        status: Of an item that was done.
        item: What is said of one.
        call: Calls the operation of a service.
    """

    name: str
    status: int
    item: type[BaseModel]
    call: Callable[[Any, Any], Awaitable[Any]]


def verb_of(meta: Meta, name: str) -> Verb:
    """How `create`, `update` or `delete` is done with many records."""
    noun, schemas = meta.schemas.noun, meta.schemas
    which: dict[str, Any] = {"id": (UUID, ...)}
    if name == "create":
        return Verb(name, 201, schemas.create, lambda records, item: records.create(item))
    if name == "delete":
        about = f"Which {meta.singular} is deleted."
        item = create_model(f"{noun}BulkDelete", __base__=Input, __doc__=about, **which)
        return Verb(name, 204, item, lambda records, item: records.delete(item.id))

    def update(records: Any, item: Any) -> Awaitable[Any]:
        said = {each: getattr(item, each) for each in schemas.update.model_fields}
        change = schemas.update.model_construct(item.model_fields_set - {"id"}, **said)
        done: Awaitable[Any] = records.update(item.id, change)
        return done

    about = f"Which {meta.singular} is changed, and what; what is absent stays."
    base: Any = schemas.update
    changed = create_model(f"{noun}BulkUpdate", __base__=base, __doc__=about, **which)
    return Verb(name, 200, changed, update)


def bulk_body(meta: Meta, verb: Verb) -> type[BaseModel]:
    """What is sent: the items, of which one that is not accepted does not keep the others away."""
    item: Any = verb.item
    kind: Any = Annotated[item, WrapValidator(_kept_apart)]
    about = "Whether all is done or nothing; else each item is done or refused by itself."
    return create_model(
        f"{meta.schemas.noun}Bulk{verb.name.capitalize()}s",
        __base__=Input,
        __doc__=f"Many {meta.plural}.",
        items=(list[kind], Field(min_length=1, max_length=MOST_ITEMS)),
        atomic=(bool, Field(default=False, description=about)),
    )


def bulk_answer(meta: Meta) -> type[BaseModel]:
    """What is answered: a result for each item, in order."""
    noun = meta.schemas.noun
    read: Any = meta.schemas.read
    result: Any = create_model(
        f"{noun}BulkResult",
        __doc__="What became of one item.",
        status=(int, Field(description="As if the item had been sent alone.")),
        record=(read | None, Field(default=None, description="If it was done.")),
        problem=(Problem | None, Field(default=None, description="If it was refused.")),
    )
    return create_model(
        f"{noun}BulkAnswer",
        __doc__="What became of each item, in order.",
        items=(list[result], ...),
        succeeded=(int, ...),
        failed=(int, ...),
    )


def bulk_endpoint(service: Any, verb: Verb) -> Endpoint:
    """Does it with all items."""

    async def endpoint(request: Request, bulk: Any, records: Any) -> Response:
        uow: UnitOfWork = records.uow
        async with uow.slots.one(uow.actor.user_id):
            if bulk.atomic:
                results = await _together(verb, records, bulk.items)
            else:
                results = await _OneByOne(request, service, verb).answer(bulk.items)
        failed = sum("problem" in each for each in results)
        counted = {"succeeded": len(results) - failed, "failed": failed}
        return Response(to_bytes({"items": results, **counted}), media_type="application/json")

    limits = limited(max_body_bytes=_MOST_BYTES, max_values=_MOST_VALUES, per_user=_PER_USER)
    return limits(endpoint)


async def _together(verb: Verb, records: Any, items: Sequence[Any]) -> list[Result]:
    """Do all in one transaction.

    Raises:
        PlatformError: An item is refused; `item` tells which, counted from 0.
    """
    results = []
    for place, item in enumerate(items):
        try:
            if isinstance(item, Invalid):
                raise item
            results.append(_done(verb, await verb.call(records, item)))
        except PlatformError as error:
            error.details = {**error.details, "item": place}
            raise
    return results


class _OneByOne:
    """Does each item in a unit of work of its own, and goes on after one that is refused."""

    def __init__(self, request: Request, service: Any, verb: Verb) -> None:
        self._request = request
        self._service = service
        self._verb = verb
        self._container: AsyncContainer = request.app.state.container
        self._stop: PlatformError | None = None
        """Why nothing more is tried."""

    async def answer(self, items: Sequence[Any]) -> list[Result]:
        """A result for each."""
        results = [await self._result(item) for item in items]
        # The request itself went well.
        self._request.scope.pop("atrium.error_code", None)
        return results

    async def _result(self, item: Any) -> Result:
        refusal = self._stop or (item if isinstance(item, Invalid) else None)
        if refusal is not None:
            return await self._refused(refusal)
        try:
            return _done(self._verb, await self._do(item))
        except PlatformError as error:
            if isinstance(error, Unavailable | RateLimited):
                self._stop = error
            return await self._refused(error)
        except Exception as error:  # noqa: BLE001 - published; the others were done and are told
            errors = await self._container.get(ErrorPublisher)
            request_id = self._request.scope["atrium.context"].request_id
            errors.publish(error, event="http.bulk_item_failed", request_id=request_id)
            return _problem(await on_unexpected(self._request, error))

    async def _do(self, item: Any) -> Any:
        scope = self._request.scope
        actor, context = scope["atrium.actor"], scope["atrium.context"]
        async with open_unit(self._container, actor, context) as unit:
            done = await self._verb.call(await unit.get(self._service), item)
            await (await unit.get(UnitOfWork)).commit()
        return done

    async def _refused(self, error: PlatformError) -> Result:
        return _problem(await on_platform_error(self._request, error))


def _done(verb: Verb, record: Any) -> Result:
    return {"status": verb.status} | ({} if record is None else {"record": record.as_json()})


def _problem(answer: Response) -> Result:
    problem: Mapping[str, Any] = orjson.loads(answer.body)
    return {"status": answer.status_code, "problem": problem}


def _kept_apart(value: object, validate: Callable[[object], Any]) -> Any:
    """An item, or why it is none."""
    try:
        return validate(value)
    except ValidationError as error:
        found = findings(error.errors())
        return Invalid("request.invalid", summary(found), fields=messages(found))

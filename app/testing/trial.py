"""One service of a module, tried on a platform of its own."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from app.core.access import Access, Grant
from app.core.actor import SYSTEM, Actor
from app.core.errors import NotFound
from app.core.resources.fields import Reference
from app.core.resources.import_schemas import ImportQuery
from app.testing.factories import PASSWORD, UserFactory
from app.testing.imports import file_of
from app.testing.platform import Platform


class Trial:
    """One service on a platform of its own: makes records, and collects what is wrong."""

    def __init__(self, platform: Platform, service: Any) -> None:
        self.platform = platform
        self.service = service
        self.meta = service.resource.meta
        self.problems: list[str] = []
        self._numbers = count(1)

    def call(self, *grants: str | Grant) -> Any:
        """Calls operations for somebody with these grants."""
        access = Access(Grant(each) if isinstance(each, str) else each for each in grants)
        who = Actor(kind="user", name="Ada", access=access, user_id=uuid4())
        return self.platform.caller(who)

    @property
    def system(self) -> Any:
        """Calls operations for somebody who may do everything."""
        return self.platform.caller(SYSTEM)

    @property
    def seeing_others(self) -> set[str]:
        """The permissions to see what the records refer to."""
        read = {field.to.meta.permission("read") for field in self.meta.references}
        return read - {self.meta.permission("read")}

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Note what goes wrong, and go on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - all of it is told at the end
            self.problems.append(f"{what}: {type(error).__name__} {error}")
        except pytest.fail.Exception as error:
            self.problems.append(f"{what}: {error}")

    async def make(self, service: Any = None, **values: Any) -> Any:
        """A record of example values, with all that it refers to."""
        service = service or self.service
        return await self.system(service.create, await self.body(service) | values)

    async def body(self, service: Any = None) -> dict[str, Any]:
        """Example values of all that can be set, with ids of records that exist."""
        resource = (service or self.service).resource
        return await self._values(resource.meta.writable, resource)

    async def form(self, name: str) -> dict[str, Any]:
        """The same for what an action asks for."""
        form = self.service.actions[name].form
        return await self._values(form.meta.fields if form else {}, None)

    async def _values(self, fields: Any, resource: Any) -> dict[str, Any]:
        number = next(self._numbers)
        values = {name: field.example(number) for name, field in fields.items()}
        for name, field in fields.items():
            if isinstance(field, Reference):
                values[name] = None
                if field.to is not resource:
                    values[name] = str((await self.make(self.service_of(field.to))).id)
        return values

    def service_of(self, resource: Any) -> Any:
        """The service of another resource."""
        [found] = [each for each in self.platform.registry.services if each.resource is resource]
        return found

    async def run(self, call: Any, name: str, record: Any) -> Any:
        """Call an operation with what it takes."""
        if name == "page":
            return await call(self.service.page, self.meta.schemas.list_query())
        if name == "create":
            return await call(self.service.create, await self.body())
        if name == "update":
            return await call(self.service.update, record.id, {self.meta.label: f"New {uuid4()}"})
        if name in ("restore", "purge"):
            with suppress(NotFound):
                await self.system(self.service.delete, record.id)
        if name == "export":
            lines: list[Any] = []
            await call(self.service.export, self.meta.schemas.export_query(), _taking(lines))
            return lines
        given = [record.id]
        if name == "import_csv":
            given = [file_of(self.meta, await self.body()), ImportQuery()]
        elif name in self.service.actions:
            given.append(await self.form(name))
        return await call(getattr(self.service, name), *given)

    @property
    def operations(self) -> list[str]:
        """The names of the service's operations."""
        return [*self.service.operations, *self.service.actions]

    @property
    def in_bulk(self) -> list[str]:
        """Those that can be done with many records at once."""
        alone = ("page", "get", "export", "create", "import_csv")
        return [name for name in self.operations if name not in alone]

    async def administrator(self) -> str:
        """The token of somebody who may do everything."""
        user = await UserFactory(self.platform)(roles=["admin"])
        return (await self.platform.sign_in(user, PASSWORD)).tokens.access_token

    def needed(self, name: str) -> str:
        """The permission of an operation."""
        return str(getattr(self.service, name).__operation__.permission)

    def action(self, name: str) -> str:
        """What the trail calls an operation."""
        return str(getattr(self.service, name).__operation__.action)


def _taking(lines: list[Any]) -> Any:
    async def write(records: Any) -> None:
        lines.extend(records.as_cells())

    return write

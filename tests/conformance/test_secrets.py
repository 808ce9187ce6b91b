"""No secret that the platform is given is found again where people and programs look.

The secrets are found in settings and schemas, so a new one enters by itself. They go in by REST, by
the console, by the command line and by the environment: rightly, wrongly, without permission, and
while the database is broken. Afterwards nothing that was written or sent may hold any of them.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4
from zipfile import ZipFile

import httpx
import pytest
from aiohttp import web
from pydantic import BaseModel, SecretStr
from redis.asyncio import Redis

from app.bootstrap import build_registry
from app.features.users.schemas import UserRead
from app.http.api import PREFIX
from app.settings import Settings, load_settings, variable_name
from app.testing.factories import PASSWORD
from app.testing.platform import Platform
from scripts.programs import find_redis_server
from scripts.servers import free_port, running_server
from tests.conformance.test_session_attacks import everything
from tests.fixtures.console import console
from tests.fixtures.handlers import handlers, is_let_through, parameters_of, plausible
from tests.fixtures.postgres import PostgresServer
from tests.fixtures.server import Server, platformctl

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.redis]

SENSITIVE = re.compile(r"password|token|secret|cookie|(^|_)key$")
BROKEN = ("core_users", "core_audit_entries")
"""Tables without which something goes wrong before, and after, an operation has begun."""


def is_secret(name: str, annotation: Any) -> bool:
    """Whether a field holds a secret, by its type or, if it is text, by its name."""
    kinds = {annotation}
    for _ in range(2):
        kinds |= {inner for kind in kinds for inner in get_args(kind)}
    return SecretStr in kinds or (str in kinds and SENSITIVE.search(name) is not None)


def secret_settings(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """The settings that are secrets, or addresses that hold one."""
    for name, each in model.model_fields.items():
        if isinstance(each.annotation, type) and issubclass(each.annotation, BaseModel):
            yield from secret_settings(each.annotation, f"{prefix}{name}.")
        elif is_secret(name, each.annotation) or not each.repr:
            yield prefix + name


def bodies() -> Iterator[tuple[str, str, type[BaseModel]]]:
    """Every route whose body may hold a secret: method, path, schema."""
    for module in build_registry().modules:
        for prefix, router in ((PREFIX, module.router), ("", module.console_router)):
            for route in router.routes if router is not None else ():
                for parameter in route.dependant.body_params:  # type: ignore[attr-defined]  # an OperationRoute
                    schema = parameter.field_info.annotation
                    is_model = isinstance(schema, type) and issubclass(schema, BaseModel)
                    if is_model and secret_fields(schema):
                        [method] = route.methods  # type: ignore[attr-defined]  # likewise
                        yield method, prefix + route.path, schema  # type: ignore[attr-defined]  # likewise


def secret_fields(schema: type[BaseModel]) -> list[str]:
    """The fields of an input that are secrets."""
    return [name for name, each in schema.model_fields.items() if is_secret(name, each.annotation)]


@dataclass
class Planted:
    """What was given to the platform, and what came back.

    Attributes:
        secrets: Each secret with where it was given.
        answers: All that the server said, with where.
    """

    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[str, str]] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def new(self, where: str) -> str:
        """A secret that there is only once, and that the password policy accepts."""
        secret = f"Zq{uuid4().hex}"
        self.secrets[secret] = where
        return secret

    def found_in(self, place: str, text: str) -> list[str]:
        """Which of them a text holds."""
        return [f"{place}: {where}" for secret, where in self.secrets.items() if secret in text]

    async def send(self, client: httpx.AsyncClient, method: str, path: str, **sent: Any) -> None:
        """Send a request and remember the answer."""
        # A body that is refused unread ends its connection: the next request has one of its own.
        headers = {**sent.pop("headers", {}), "Connection": "close"}
        response = await client.request(method, path, headers=headers, **sent)
        # Who signs in is given secrets of their own.
        said = response.text if response.status_code >= 400 else ""
        self.statuses.add(response.status_code)
        where = f"{method} {path} {response.status_code}"
        self.answers.append((where, f"{response.headers}{said}"))


@dataclass
class Scene:
    """A running server that was given secrets, and those who will give it more."""

    server: Server
    platform: Platform
    planted: Planted
    victim: UserRead
    people: dict[str, UserRead]
    reports: list[bytes]

    async def headers_of(self, person: str) -> dict[str, str]:
        """The credentials of a new session; they are secrets, too."""
        user = self.people.get(person)
        if user is None:
            token = self.planted.new("a bearer token that is none")
            cookie = self.planted.new("a cookie that is none")
        else:
            signed_in = await self.platform.sign_in(user, PASSWORD)
            token = signed_in.tokens.access_token
            cookie = await self.server.sign_in(user.email, PASSWORD)
            self.planted.secrets[token] = f"the access token of {person}"
            self.planted.secrets[signed_in.tokens.refresh_token] = f"the refresh token of {person}"
            self.planted.secrets[cookie] = f"the cookie of {person}"
        return {"Authorization": f"Bearer {token}", "Cookie": f"atrium_session={cookie}"}


@asynccontextmanager
async def reports_to(port: int) -> AsyncIterator[list[bytes]]:
    """A service that collects error reports; gives those that have come."""
    received: list[bytes] = []

    async def receive(request: web.Request) -> web.Response:
        received.append(await request.read())
        return web.json_response({})

    application = web.Application()
    application.router.add_post("/api/1/envelope/", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield received
    finally:
        await runner.cleanup()


@asynccontextmanager
async def scene(
    directory: Path, postgres: PostgresServer, redis_address: str, planted: Planted
) -> AsyncIterator[Scene]:
    """A server in whose every secret setting there is a secret."""
    port = free_port()
    database = postgres.url(postgres.create_database())
    made = {
        # The database trusts everybody here, so any password will do.
        "database.url": database.replace("postgres@", f"postgres:{planted.new('database.url')}@"),
        "redis.url": redis_address,
        "sentry.dsn": f"http://{uuid4().hex}@127.0.0.1:{port}/1",
    }
    values = {
        name: made.get(name) or planted.new(name) + planted.new(name) for name in secret_settings()
    }
    settings = load_settings(
        data_dir=directory,
        database={"url": values["database.url"]},
        auth={"jwt_secret": values["auth.jwt_secret"]},
        audit={"signing_key": values["audit.signing_key"]},
    )
    variables = {variable_name(name): value for name, value in values.items()}
    server = Server(settings, directory, ATRIUM_LOGGING__FORMAT="json", **variables)
    async with reports_to(port) as reports:
        await asyncio.to_thread(server.start)
        try:
            async with server.platform() as platform:
                people = {
                    "admin": await server.add_user(platform, "admin"),
                    "plain": await server.add_user(platform, "user"),
                }
                victim = await server.add_user(platform, "user")
                yield Scene(server, platform, planted, victim, people, reports)
        finally:
            await asyncio.to_thread(server.stop)


def plausible_body(schema: type[BaseModel]) -> dict[str, Any]:
    """Fields beside the secrets with which some inputs are right."""
    values = {"email": f"{uuid4().hex}@example.com", "display_name": "Somebody"}
    return {name: value for name, value in values.items() if name in schema.model_fields}


async def by_rest(scene: Scene, person: str) -> None:
    """Give secrets to every route that takes some: as it should be, and in every wrong way."""
    planted, ids = scene.planted, {"user_id": str(scene.victim.id)}
    async with scene.server.client() as client:
        client.headers.update(await scene.headers_of(person))
        for method, route, schema in bodies():
            path, kind = route.format_map(ids), "json" if route.startswith(PREFIX) else "data"
            for name in secret_fields(schema):
                where = f"{name} of {method} {route} by {person}"
                others = plausible_body(schema)
                fitting = {other: planted.new(where) for other in secret_fields(schema)}
                await planted.send(client, method, path, **{kind: others | fitting})
                for value in (
                    [planted.new(where)],
                    {"value": planted.new(where)},
                    planted.new(where) * 20,
                    f"{planted.new(where)}\x00",
                ):
                    wrong = value if kind == "json" else str(value)
                    await planted.send(client, method, path, **{kind: others | {name: wrong}})
                await planted.send(
                    client, method, path, **{kind: others | {f"{name}_too": planted.new(where)}}
                )
                await planted.send(client, method, f"{path}?{name}={planted.new(where)}")
                for media_type in ("application/json", "text/plain", "multipart/form-data"):
                    broken = f'{{"{name}": "{planted.new(where)}'
                    headers = {"Content-Type": media_type}
                    await planted.send(client, method, path, content=broken, headers=headers)
        for header in ("Bearer", "Basic", "Token"):
            value = f"{header} {planted.new(f'{header} header')}"
            await planted.send(client, "POST", "/api/v1/users", headers={"Authorization": value})
            await planted.send(client, "GET", "/api/v1/auth/me", headers={"Authorization": value})


async def by_console(scene: Scene, person: str) -> None:
    """Give secrets to every handler that takes a form, and to some that do not exist."""
    planted = scene.planted
    fields = {name for _, _, schema in bodies() for name in secret_fields(schema)}
    cookie = (await scene.headers_of(person))["Cookie"].partition("=")[2]
    path = f"/users/{scene.victim.id}"
    async with console(scene.server, cookie, path=path) as tab:
        for name in sorted(handlers()):
            arguments = plausible(name, scene.victim)
            if is_let_through(name) or "form" not in parameters_of(name):
                continue
            where = f"{name} by {person}"
            typed = {each: planted.new(where) for each in fields}
            for form in (arguments["form"] | typed, typed, [typed], str(typed)):
                await tab.send(name, arguments | {"form": form}, path=path)
            await tab.send(name, {"password": planted.new(where)}, path=path)
            await tab.send(f"{name}_too", {"form": typed}, path=path)
            await tab.emit("no_such_message", typed)
            await tab.emit("event", typed)
        await tab.settle()
        planted.answers.append((f"console of {person}", tab.text))


async def by_command_line(scene: Scene) -> None:
    """Give passwords to the command line, which logs for people; and let it tell what it knows."""
    known, unknown = scene.people["plain"].email, f"{uuid4().hex}@example.com"
    there = os.environ | scene.server.variables
    there |= {variable_name("logging.format"): "console", variable_name("logging.level"): "debug"}
    url = variable_name("database.url")
    nowhere = there | {url: re.sub(r":\d+/", f":{free_port()}/", there[url])}

    async def call(*arguments: str, succeeds: bool, variables: dict[str, str] = there) -> None:
        where = f"platformctl {' '.join(arguments)}"
        process = await asyncio.create_subprocess_exec(
            platformctl(),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=variables,
        )
        said, _ = await process.communicate(f"{scene.planted.new(where)}\n".encode())
        assert (process.returncode == 0) == succeeds, said.decode()
        scene.planted.answers.append((where, said.decode()))

    create, change = ("users", "create-admin"), ("users", "set-password")
    await asyncio.gather(
        call(*create, unknown, "--password-stdin", succeeds=True),
        call(*create, known, "--password-stdin", succeeds=False),
        call(*change, known, "--password-stdin", succeeds=True),
        call(*change, f"un{unknown}", "--password-stdin", succeeds=False),
        call(*change, known, "--password-stdin", succeeds=False, variables=nowhere),
        call("config", "show", "--json", succeeds=True),
        call("db", "current", succeeds=True),
    )


async def while_broken(scene: Scene) -> None:
    """Give secrets while a table is missing."""
    database = await scene.platform.database()
    headers = await scene.headers_of("admin")
    for table in BROKEN:
        async with database.writing.begin() as connection:
            await connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO away")
        async with scene.server.client() as client:
            for method, route, schema in bodies():
                where = f"{method} {route} without {table}"
                typed = {name: scene.planted.new(where) for name in secret_fields(schema)}
                kind = "json" if route.startswith(PREFIX) else "data"
                path = re.sub(r"\{\w+\}", str(scene.victim.id), route)
                body = {kind: plausible_body(schema) | typed}
                await scene.planted.send(client, method, path, headers=headers, **body)
        async with database.writing.begin() as connection:
            await connection.exec_driver_sql(f"ALTER TABLE away RENAME TO {table}")


async def places(scene: Scene, redis_address: str) -> dict[str, str]:
    """All that was written or sent, by where."""
    reader = await scene.platform.sign_in(scene.people["admin"], PASSWORD)
    async with scene.platform.client(reader.tokens.access_token) as client:
        export = await client.get("/api/v1/audit/export")
    with ZipFile(BytesIO(export.content)) as archive:
        packed = "".join(archive.read(name).decode() for name in archive.namelist())
    async with Redis.from_url(redis_address) as redis:
        kept = [key + await everything(redis, key) for key in await redis.keys("*")]
    return {
        "log": scene.server.log(),
        "database": str(await scene.platform.contents()),
        "export": packed,
        "state": b"".join(kept).decode("utf-8", "replace"),
        "error reports": b"".join(scene.reports).decode("utf-8", "replace"),
        **{
            f"answer {number} to {where}": said
            for number, (where, said) in enumerate(scene.planted.answers)
        },
    }


class TestFound:
    """What counts as a secret."""

    def test_settings(self) -> None:
        """All secrets and all addresses that may hold one."""
        assert set(secret_settings()) == {
            "audit.signing_key",
            "auth.jwt_secret",
            "bootstrap.admin_password",
            "database.url",
            "redis.url",
            "sentry.dsn",
        }

    def test_fields(self) -> None:
        """Passwords and tokens of every input."""
        found = {name for _, _, schema in bodies() for name in secret_fields(schema)}

        assert found == {"current_password", "new_password", "password", "refresh_token", "token"}


async def test_found_nowhere(
    frontend: None, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    """Neither in the log nor in the database, answers, states of tabs, error reports or exports."""
    planted = Planted()
    password = planted.new("redis.url")
    program = str(find_redis_server())

    def command(port: int) -> list[str]:
        return [program, "--port", str(port), "--save", "", "--requirepass", password]

    with running_server(command, tmp_path) as port:
        address = f"redis://:{password}@127.0.0.1:{port}/0"
        async with scene(tmp_path, postgres_server, address, planted) as made:
            for person in ("nobody", "plain", "admin"):
                await by_rest(made, person)
            for person in ("nobody", "plain", "admin"):
                await by_console(made, person)
            await by_command_line(made)
            await while_broken(made)
            await asyncio.sleep(1)
            written = await places(made, address)

    assert {400, 401, 403, 415, 422, 500} <= planted.statuses
    assert "http.panic" in written["log"]
    assert "event_id" in written["error reports"]
    assert made.victim.email in written["database"]
    assert [place for place in ("export", "state") if not written[place]] == []
    hashes = [place for place in written if place != "database" and "$2b$" in written[place]]
    assert hashes == []
    found = [each for place, text in written.items() for each in planted.found_in(place, text)]
    assert found == []

"""Whatever is sent to the console, the server goes on and tells nothing of its inside."""

import json
import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import pytest

from app.entry_points import short_name
from app.testing.factories import PASSWORD
from tests.conformance.test_console_pages import address_of
from tests.fixtures.console import HYDRATE, NAVIGATE, ROOT_STATE, Console, console, router_data
from tests.fixtures.entry_points import PAGES
from tests.fixtures.handlers import (
    RESUME,
    handlers,
    is_ours,
    parameters_of,
)
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server
from tests.fixtures.watch import ONES_OWN, add_victim, watched

INTERNALS = re.compile(
    # The page of settings shows the database's address.
    r"Traceback|File \\\"|site-packages|\.py\b|sqlalchemy|sqlite(?!:///)|asyncpg|pydantic|"
    # The page of all guards names routes: `DELETE /api/v1/users/{user_id}`.
    r"\b(?:SELECT|INSERT|UPDATE|DELETE)\b(?! /(?:api|session)/)|Error\b\(|NoneType|self\._|"
    r"object at 0x"
)


STATES: Mapping[str, tuple[str, ...]] = {
    state: tuple(names)
    for state, names in groupby(
        sorted(filter(is_ours, handlers())), key=lambda name: short_name(name).partition(".")[0]
    )
}
"""Our handlers by their state."""


@pytest.mark.slow
class TestGarbage:
    """Whatever is sent, the server goes on and tells nothing of its inside."""

    @pytest.mark.parametrize("state", STATES)
    async def test_from_an_administrator(self, one_worker: Server, state: str) -> None:
        """Arguments that are missing, too many, of the wrong type or much too large."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with watched(one_worker), console(one_worker, cookie) as tab:
            for name in STATES[state]:
                seen = len(tab.raw)
                await call_with_garbage(tab, [name], GARBAGE)

                assert INTERNALS.findall(answers_of(tab, seen)) == [], short_name(name)
        assert await is_well(one_worker)

    @pytest.mark.parametrize("role", ["", "guest"], ids=["anonymous", "guest"])
    async def test_without_rights(self, one_worker: Server, role: str) -> None:
        """Without rights such arguments change nothing either."""
        cookie = ""
        victim = await add_victim(one_worker)
        if role:
            async with one_worker.platform() as platform:
                user = await one_worker.add_user(platform, role)
            cookie = await one_worker.sign_in(user.email, PASSWORD)
        async with watched(one_worker), console(one_worker, cookie) as tab:
            await call_with_garbage(tab, sorted(handlers()), [None, WORDS[0], [[[]]], {"": ""}])

            assert victim.display_name not in tab.text
            assert ADMIN_EMAIL not in tab.text
            assert INTERNALS.findall(answers_of(tab)) == []
        assert await is_well(one_worker)

    @pytest.mark.parametrize("page", PAGES)
    async def test_in_addresses(self, one_worker: Server, page: str) -> None:
        """Queries of a page: of the wrong type, much too long, or meant for a database."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(one_worker, cookie) as tab:
            for words in WORDS:
                # As much as an address may hold: a little in each, and much in one.
                query = "&".join(f"{name}={quote(words[:6])}" for name in QUERY)
                await tab.open(f"{address_of(page)}?{query}")
                await tab.open(f"{address_of(page)}?q={quote(words[:150])}")
            twice = "&".join(f"{name}=a&{name}=&{name}" for name in QUERY)
            await tab.open(f"{address_of(page)}?{twice}")

            assert INTERNALS.findall(answers_of(tab)) == []
            assert "on our side" not in answers_of(tab)
        assert await is_well(one_worker)

    async def test_events_that_are_none(self, one_worker: Server) -> None:
        """Messages without a name, with one of another type, or that are no event at all."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        data: list[Any] = [
            *GARBAGE,
            {"name": None},
            {"name": ["a"]},
            {"name": {"a": 1}},
            {"name": "a" * 20_000},
            {"name": f"{ROOT_STATE}.hydrate", "payload": None},
            {"name": f"{ROOT_STATE}.hydrate", "payload": [1]},
            {"name": f"{ROOT_STATE}.hydrate", "router_data": None},
            {"name": f"{ROOT_STATE}.hydrate", "router_data": [1]},
            {"name": HYDRATE, "payload": {"vars": [1], "hashes": 7}},
            {"name": HYDRATE, "payload": {"vars": {"no.such": 1}}},
            {"name": HYDRATE, "payload": {"hashes": ["a"] * 1000}},
            {"name": HYDRATE, "payload": {"vars": {"a": {"b": ["c"]}}}},
            {"name": NAVIGATE, "router_data": {"pathname": ["a"], "asPath": {"a": 1}}},
            {"name": NAVIGATE, "router_data": {"pathname": 7, "query": 7}},
        ]
        async with watched(one_worker), console(one_worker, cookie) as tab:
            for each in data:
                await tab.emit("event", each)
                await tab.emit("client_error", each)
            await tab.emit("event")
            await tab.emit("event", 1, 2, 3)
            for message in ("", "message", "link_token_to_sid", "emit", "disconnect", "update"):
                await tab.emit(message, {"token": "a"})

            assert INTERNALS.findall(answers_of(tab)) == []
        assert await is_well(one_worker)

    @pytest.mark.parametrize(
        "frame",
        [
            "42/_event,",
            "42/_event,{}",
            "42/_event,[]",
            "42/_event,[[]]",
            "42/_event,[1]",
            "42/_event,[null,{}]",
            '42/_event,["event"',
            '42/_event,["event",NaN]',
            '451-/_event,["event",{"_placeholder":true,"num":0}]',
            '451-/_event,["event",{"_placeholder":true,"num":99}]',
            '4599999999-/_event,["event"]',
            "42/_event," + "[" * 30_000,
            "42/_event,9" * 2_000,
            "42/_event," + "[" * 50_000,
            "42/_event,9" * 20_000,
            "40/_event,{bad",
            "41/_event,",
            "43/_event,9[]",
            "44/_event,{}",
            "40/other,",
            "4",
            "9",
            "",
            b"\x04\xff\xfe",
            b"",
        ],
        ids=lambda frame: str(frame)[:40],
    )
    async def test_frames(self, one_worker: Server, frame: str | bytes) -> None:
        """Below events: frames that are no message. The next visitor notices nothing."""
        address = f"{one_worker.address}/_event/?EIO=4&transport=websocket&token={uuid4()}"
        async with aiohttp.ClientSession() as client:
            headers = {"Origin": one_worker.address}
            async with client.ws_connect(address, headers=headers, max_msg_size=0) as socket:
                await socket.receive(timeout=10)
                event = {"name": HYDRATE, "payload": {}, "router_data": router_data("/")}
                await socket.send_str(f"40/_event,{json.dumps({'event': event})}")
                await socket.receive(timeout=10)
                await (
                    socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame)
                )

        assert await is_well(one_worker)


WORDS = (
    # As long as the largest frame allows for a handler with three arguments.
    "x" * 8_000,
    "\x00",
    "'; DROP TABLE core_users; --",
    "%",
    "_",
    "\\",
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "-1",
    "9" * 400,
    "1e309",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "０१",
    "\u202e",
)

QUERY = (
    "a",
    "action",
    "actor_id",
    "b",
    "columns",
    "cursor",
    "entry",
    "from",
    "limit",
    "next",
    "object",
    "outcome",
    "permission",
    "q",
    "request_id",
    "role",
    "since",
    "sort",
    "status",
    "target_id",
    "target_type",
    "user",
    "view",
    "widths",
)

GARBAGE: tuple[Any, ...] = (
    None,
    True,
    7,
    -1.5,
    10**400,
    *WORDS,
    [],
    [None],
    [[[[]]]],
    ["x"] * 2_000,
    {},
    {"": ""},
    {"form": None},
    {"email": ["a"], "roles": 7, "password": {"a": 1}},
    {str(number): number for number in range(600)},
)


def answers_of(tab: Console, since: int = 0) -> str:
    """What the server has said of its own since a message, without the request it repeats."""
    echoes = re.compile(r'"(?:rx_router_\w+|search|filters|chips|sort)_rx_state_"')
    parts = []
    for message in tab.raw[since:]:
        update = json.loads(message)
        for state, values in (update.get("delta") or {}).items():
            said = {k: v for k, v in values.items() if not echoes.fullmatch(f'"{k}"')}
            parts.append(json.dumps({state: said}))
        parts += [
            json.dumps(event)
            for event in update.get("events") or []
            if not event["name"].endswith("_redirect")
        ]
    return "\n".join(parts)


async def call_with_garbage(tab: Console, names: Iterable[str], garbage: Iterable[Any]) -> None:
    """Call handlers with all kinds of arguments that they do not expect."""
    garbage = list(garbage)
    for name in names:
        if short_name(name) in (RESUME, ONES_OWN[0]):
            continue
        parameters = list(parameters_of(name))
        await tab.send(name, {"no_such_argument": 1})
        await tab.send(name, dict.fromkeys([*parameters, "no_such_argument"], ""))
        for each in garbage:
            if parameters:
                await tab.send(name, dict.fromkeys(parameters, each))
            await tab.emit("event", {"name": name, "payload": each})
    await tab.settle()


async def is_well(server: Server) -> bool:
    """Whether the server runs, is ready, and serves the next visitor."""
    cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
    async with server.client() as client, console(server, cookie, path="/users") as tab:
        ready = await client.get("/ready")
    return server.is_running and ready.status_code == 200 and bool(tab.of("user_list")["rows"])

"""The console's sockets against whoever floods them, and against a Redis that others can write."""

import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import psutil
import pytest
from redis.asyncio import Redis

from app.core.permissions import PUBLIC
from app.entry_points import short_name
from app.settings import variable_name
from app.testing.fixtures import settings_for
from app.ui.event_guard import _FRAMEWORK
from app.ui.handlers import permission_of
from tests.fixtures.attacks import USER_LIST, has_users
from tests.fixtures.console import (
    HYDRATE,
    NAVIGATE,
    ROOT_STATE,
    Console,
    console,
    raw_socket,
    router_data,
)
from tests.fixtures.handlers import RESUME, handlers, is_ours, parameters_of, plausible
from tests.fixtures.redis import MortalRedis
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, bootstrap
from tests.fixtures.watch import ONES_OWN, add_victim

pytestmark = pytest.mark.slow

LARGEST = 32 * 1024
WRONG: tuple[Any, ...] = (None, True, 7, -1.5, "text", ["text"], [7], {"a": "b"})
"""A value of every type that JSON has."""


def handshake(path: str = "/sign-in", **changes: Any) -> str:
    """The frame that begins a conversation, as a page sends it."""
    event = {"name": HYDRATE, "payload": {}, "router_data": router_data(path) | changes}
    return f"40/_event,{json.dumps({'event': event})}"


async def closed_with(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """The code that the server closes the socket with."""
    async for _ in socket:
        pass
    return socket.close_code


def lines_since(server: Server, before: int, event: str) -> list[str]:
    """The lines of the log that tell of an event."""
    return [line for line in server.log()[before:].splitlines() if event in line]


# The names of tests are the same in every process.
A_TOKEN = "17a9a811-1af9-4e71-a75b-b1e5d2c3f4a6"


class TestSize:
    """Nothing large gets as far as Reflex."""

    @pytest.mark.parametrize("first", [True, False], ids=["handshake", "event"])
    async def test_frame(self, one_worker: Server, *, first: bool) -> None:
        """A frame above 32 KiB closes the socket, with the code for that."""
        async with raw_socket(one_worker) as socket:
            if not first:
                await socket.send_str(handshake())
            await socket.send_str(handshake() + " " * LARGEST)

            assert await closed_with(socket) == 1009

    async def test_largest(self, one_worker: Server) -> None:
        """A frame of 32 KiB is answered."""
        frame = handshake()
        async with raw_socket(one_worker) as socket:
            await socket.send_str(frame[:-1] + " " * (LARGEST - len(frame)) + "}")
            told = [str((await socket.receive(timeout=10)).data) for _ in range(3)]

        assert any("is_hydrated" in text for text in told)

    @pytest.mark.parametrize("part", ["asPath", "pathname", "query"])
    async def test_address(self, one_worker: Server, part: str) -> None:
        """An address above 2 KiB is dropped with a sentence; nothing of it is kept."""
        long = "/" + "a" * 2048
        changes = {part: {"q": long} if part == "query" else long}
        before = len(one_worker.log())
        async with console(one_worker, path="/sign-in") as tab:
            await tab.call(NAVIGATE, router_data=changes)

            assert "a" * 100 not in tab.text
            assert "could not be understood" in tab.of("console")["notice"]["text"]
        assert len(lines_since(one_worker, before, "console.malformed_message")) == 1

    @pytest.mark.parametrize(
        "query",
        [
            "EIO=4&transport=websocket",
            "EIO=4&transport=websocket&token=",
            "EIO=4&transport=websocket&token=t",
            "EIO=4&transport=websocket&token=" + "a" * 36,
            f"EIO=4&transport=websocket&token={A_TOKEN}a",
            f"EIO=4&transport=websocket&token={A_TOKEN}_{ROOT_STATE}",
            f"EIO=4&transport=websocket&token={A_TOKEN}&x=" + "a" * 300,
            f"EIO=4&transport=polling&token={A_TOKEN}",
            f"EIO=3&transport=websocket&token={A_TOKEN}",
        ],
        ids=lambda query: query[:60],
    )
    async def test_handshake(self, one_worker: Server, query: str) -> None:
        """A socket whose address is not that of our page is not even opened."""
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with raw_socket(one_worker, query=query):
                pass

    async def test_headers(self, one_worker: Server) -> None:
        """Of the browser's headers the state keeps the few that are needed."""
        headers = {"Origin": one_worker.address, "X-Anything": "b" * 400, "Accept-Language": "de"}
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(one_worker, cookie, headers=headers) as tab:
            kept = tab.state[ROOT_STATE]["rx_router_headers"]["raw_headers"]

        assert "b" * 100 not in tab.text
        assert {name for name in kept if not name.startswith("x-atrium-")} <= {
            "asgi-scope-client",
            "connection",
            "host",
            "origin",
            "upgrade",
            "user-agent",
        }


class TestStrangers:
    """Who is not signed in leaves nothing behind."""

    async def test_many_tokens(self, one_worker: Server) -> None:
        """Hundreds of tokens with the largest addresses leave the memory where it was."""
        path = "/users?q=" + "a" * 1900
        for _ in range(30):
            await navigate_once(one_worker, path)
        before = memory_of(one_worker)
        for _ in range(400):
            await navigate_once(one_worker, path)

        assert memory_of(one_worker) - before < 20 * 1024 * 1024
        assert await signs_in(one_worker)

    async def test_nothing_in_redis(self, with_redis: Server, mortal_redis: MortalRedis) -> None:
        """In Redis there is never a state of theirs, and of a tab that is gone nothing at all."""
        async with Redis.from_url(mortal_redis.url) as redis:
            async with console(with_redis, path="/sign-in") as tab:
                await tab.open("/users")
                kept = [key.decode() for key in await redis.keys("*")]
                assert tab.commands[-1]["payload"]["path"].startswith("/sign-in")
            assert [key for key in kept if ROOT_STATE in key] == []
            assert [key for key in kept if tab.token in key] == [
                f"token_manager_socket_record_{tab.token}"
            ]

    async def test_goes_on_after_a_pause(self, one_worker: Server) -> None:
        """Whose state had to go meanwhile is answered all the same."""
        async with console(one_worker, path="/sign-in") as tab:
            for _ in range(70):
                await navigate_once(one_worker, "/sign-in")
            await tab.open("/users")

            assert tab.commands[-1]["payload"]["path"].startswith("/sign-in")


class TestQuotas:
    """Who does too much is refused, and with a sentence."""

    async def test_events(self, limited: Server) -> None:
        """Beyond the budget an event does nothing; far beyond it the socket is closed."""
        cookie = await limited.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        before = len(limited.log())
        async with console(limited, cookie, path="/users") as tab:
            for _ in range(40):
                await tab.send(f"{USER_LIST}.search_for", {"text": "first"})
            await tab.send(f"{USER_LIST}.search_for", {"text": "one-too-many"})
            # What comes right before the end of a connection may be lost with it.
            await tab.hears("Too much in a short time")
            for _ in range(60):
                await tab.send(f"{USER_LIST}.load")
            await tab.closed()

        assert "one-too-many" not in tab.text
        assert "Traceback" not in limited.log()[before:]
        assert len(lines_since(limited, before, "console.socket_closed")) == 1
        async with limited.client(cookie) as client:
            assert (await client.get("/users")).status_code == 200

    async def test_sockets_of_a_session(self, limited: Server) -> None:
        """A session has so many sockets and no more; when one is closed there is room again."""
        cookie = await limited.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with aiohttp.ClientSession() as client:
            address = f"{limited.address}/_event/?EIO=4&transport=websocket&token="
            headers = {"Origin": limited.address, "Cookie": f"atrium_session={cookie}"}
            sockets = [
                await client.ws_connect(f"{address}{uuid4()}", headers=headers) for _ in range(3)
            ]
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect(f"{address}{uuid4()}", headers=headers)
            await sockets[0].close()
            again = await retried(lambda: client.ws_connect(f"{address}{uuid4()}", headers=headers))
            for each in [*sockets[1:], again]:
                await each.close()

    async def test_malformed(self, limited: Server) -> None:
        """Who sends nothing but malformed messages is soon cut off, and has cost few lines."""
        before = len(limited.log())
        async with raw_socket(limited) as socket:
            # No more than are read: the code would be lost with a connection that ends before.
            for _ in range(20):
                await socket.send_str('42/_event,["event",{"name":"' + "x" * 30_000 + '"}]')

            assert await closed_with(socket) == 4400
        log = limited.log()[before:]
        assert len(lines_since(limited, before, "console.malformed_message")) == 20
        assert len(log) < 20_000


class TestMalformed:
    """What no page sends costs one line."""

    async def test_one_line_each(self, one_worker: Server) -> None:
        """No traceback, no headers, nothing of what was sent beyond a few words."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        bad: list[Any] = [
            {"name": "no_such_state.save", "payload": {"a": "typed by somebody"}},
            {"name": ["?"], "payload": {"a": "typed by somebody"}},
            {"name": HYDRATE, "payload": ["typed by somebody"]},
            {"name": HYDRATE, "router_data": ["typed by somebody"]},
            "typed by somebody",
            7,
            {"name": "y" * 20_000},
        ]
        async with console(one_worker, cookie) as tab:
            before = len(one_worker.log())
            for each in bad:
                await tab.emit("event", each)
            await tab.emit("connect", {}, {})
            await tab.settle()

            assert "could not be understood" in tab.of("console")["notice"]["text"]
        log = one_worker.log()[before:]
        lines = lines_since(one_worker, before, "console.malformed_message")
        assert len(lines) == len(bad) + 1
        assert max(map(len, lines)) < 600
        assert "typed by somebody" not in log
        assert "Traceback" not in log
        assert "user-agent" not in log.lower()


class TestWrongArguments:
    """A handler that is called with other types than it declares does not run."""

    async def test_every_handler(self, one_worker: Server) -> None:
        """Each wrong type of each argument gets the same sentence; nothing runs or panics."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        before = len(one_worker.log())
        async with console(one_worker, cookie) as tab:
            for name, payload in wrong_calls(handlers()):
                refused = await answers_to(tab, name, payload)

                assert "This cannot be called with that." in refused, (short_name(name), payload)
        log = one_worker.log()[before:]
        assert re.findall("Traceback|console.panic|console.event_failed", log) == []


class TestEnded:
    """A session that has ended gets nothing more."""

    async def test_public_handlers(self, server: Server) -> None:
        """Whatever is called, handlers for everybody too, the answer is that the session ended."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        victim = await add_victim(server)
        public = [
            name
            for name, registered in handlers().items()
            if name in _FRAMEWORK
            or (permission_of(registered.handler.fn) == PUBLIC and short_name(name) != RESUME)
        ]
        async with console(server, cookie, path="/users") as tab:
            await tab.call(f"{USER_LIST}.plan_bulk", {"action": "no such action"})
            await tab.call(f"{USER_LIST}.select", {"ids": ["secret-selection"], "chosen": True})
            assert has_users(tab)
            async with server.client(cookie) as client:
                await client.post("/session/sign-out")
            since = len(tab.raw)
            for name in [*public, f"{USER_LIST}.load"]:
                answers = await tab.call(name, plausible(name, victim))

                assert tab.of("console")["session_ended"] is True, short_name(name)
                assert states_in(answers) <= {"", "console"}, short_name(name)
            said = "\n".join(tab.raw[since:])
        assert ADMIN_EMAIL not in said
        assert "secret-selection" not in said

    async def test_leads_to_the_sign_in(self, server: Server) -> None:
        """Navigation leads to the sign-in, and *Go on* closes the socket to come back anew."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        resume = next(name for name in handlers() if short_name(name) == RESUME)
        async with console(server, cookie, path="/users") as tab:
            async with server.client(cookie) as client:
                await client.post("/session/sign-out")
            await tab.open("/users")
            assert tab.commands[-1]["payload"]["path"].startswith("/sign-in")
            await tab.send(resume)
            await tab.closed()

    async def test_next_session_starts_anew(self, one_worker: Server) -> None:
        """Even the same person's next session finds nothing of the state in the tab's token."""
        first, second = [await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD) for _ in range(2)]
        async with console(one_worker, first, path="/users") as tab:
            await tab.call(f"{USER_LIST}.select", {"ids": ["secret-selection"], "chosen": True})
            token = tab.token
        again = await retried(lambda: present(one_worker, second, token))

        assert "secret-selection" not in again.text
        assert again.of("console")["email"] == ADMIN_EMAIL


class TestForeignState:
    """Somebody who can write into Redis runs nothing here."""

    async def test_pickle(
        self, with_redis: Server, mortal_redis: MortalRedis, tmp_path: Path
    ) -> None:
        """A pickle in the place of a state, a socket's record or a message is never read."""
        cookie = await with_redis.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        mark = tmp_path / "mark"
        attack = pickle.dumps(Attack(mark))
        async with (
            Redis.from_url(mortal_redis.url) as redis,
            console(with_redis, cookie, path="/users") as tab,
        ):
            assert has_users(tab)
            keys = [key for key in await kept(redis) if tab.token.encode() in key]
            assert len([key for key in keys if ROOT_STATE.encode() in key]) > 1
            for key in keys:
                await redis.set(key, attack)
            for channel in await redis.pubsub_channels("*"):
                await redis.publish(channel, attack)
            await redis.publish(f"channel:token_manager_lost_and_found_{uuid4()}", attack)
            await tab.call(f"{USER_LIST}.load", path="/users")
            await tab.call(HYDRATE, path="/users")

            assert has_users(tab)
        assert not mark.exists()
        assert with_redis.log().count("console.foreign_state") == 1

    @pytest.mark.parametrize("change", ["signature", "content", "truncated"])
    async def test_changed(
        self, with_redis: Server, mortal_redis: MortalRedis, change: str
    ) -> None:
        """A state that was changed there counts as none; the page loads anew."""
        cookie = await with_redis.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with (
            Redis.from_url(mortal_redis.url) as redis,
            console(with_redis, cookie, path="/users") as tab,
        ):
            await tab.call(f"{USER_LIST}.select", {"ids": ["chosen-before"], "chosen": True})
            for key in await kept(redis, f"{tab.token}_*"):
                await redis.set(key, changed(await redis.get(key), change))
            answers = await tab.call(HYDRATE, path="/users")

            assert has_users(tab)
            assert "chosen-before" not in "".join(answers)


@pytest.fixture(scope="module")
def limited(frontend: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with small quotas."""
    yield from running(
        tmp_path_factory.mktemp("limited"),
        **{
            variable_name("rate_limiting.enabled"): "true",
            variable_name("rate_limiting.events_per_session"): "40/hour",
            variable_name("rate_limiting.sockets_per_session"): "3",
        },
    )


@pytest.fixture
def with_redis(frontend: None, tmp_path: Path, mortal_redis: MortalRedis) -> Iterator[Server]:
    """A server whose console's state is in a Redis of its own."""
    yield from running(tmp_path, **{variable_name("redis.url"): mortal_redis.url})


def running(directory: Path, **variables: str) -> Iterator[Server]:
    """A server on SQLite until the test is over."""
    settings = settings_for(f"sqlite:///{directory / 'atrium.db'}", directory)
    server = Server(settings, directory, **bootstrap(), **variables)
    server.start()
    yield server
    server.stop()


class Attack:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.mark,)


async def kept(redis: Redis, pattern: str = "*") -> list[bytes]:
    """The keys of what is kept; a lock lasts for one event and would last for ever if written."""
    return [key for key in await redis.keys(pattern) if not key.endswith(b"_lock")]


def changed(value: bytes, change: str) -> bytes:
    """A signed state with something else in it."""
    if change == "signature":
        return bytes([value[0] ^ 1]) + value[1:]
    return value[:-1] + bytes([value[-1] ^ 1]) if change == "content" else value[:-1]


async def navigate_once(server: Server, path: str) -> None:
    """Come with a new token, navigate once, and go."""
    async with raw_socket(server) as socket:
        await socket.send_str(handshake())
        event = {"name": NAVIGATE, "payload": {}, "router_data": router_data(path)}
        await socket.send_str(f"42/_event,{json.dumps(['event', event])}")
        while "/sign-in?next=" not in (text := str((await socket.receive(timeout=20)).data)):
            if path == "/sign-in" and "is_hydrated" in text:
                break


def memory_of(server: Server) -> int:
    """How many bytes the server's processes hold."""
    assert server._process is not None
    parent = psutil.Process(server._process.pid)
    return sum(each.memory_info().rss for each in [parent, *parent.children(recursive=True)])


async def signs_in(server: Server) -> bool:
    """Whether the sign-in page still works, and what is behind it."""
    async with console(server, path="/sign-in") as tab:
        is_hydrated = tab.state[ROOT_STATE]["is_hydrated"]
    cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
    async with console(server, cookie, path="/users") as tab:
        return bool(is_hydrated) and has_users(tab)


def wrong_calls(names: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each of our handlers, with a value of a wrong type for each argument in turn."""
    right = {str: "text", int: 7, bool: True, list[str]: ["text"], dict[str, Any]: {"a": "b"}}
    for name in sorted(filter(is_ours, names)):
        if short_name(name) in (RESUME, ONES_OWN[0]):
            continue
        declared = parameters_of(name)
        good = {each: right[kind] for each, kind in declared.items()}
        yield name, good | {"no_such_argument": 1}
        for each, kind in declared.items():
            yield name, {other: value for other, value in good.items() if other != each}
            for value in WRONG:
                if type(value) is not type(right[kind]) or value == [7]:
                    yield name, good | {each: value}
            if kind is int:
                yield name, good | {each: 2**63}


async def answers_to(tab: Console, name: str, payload: dict[str, Any]) -> str:
    """What the server says to a call, once it has been told to forget what it said before."""
    toasts = tab.of("console").get("toasts", [])
    dismiss = next(each for each in handlers() if short_name(each) == "console.dismiss")
    for toast in toasts:
        await tab.send(dismiss, {"toast_id": toast["id"]})
    return "".join(await tab.call(name, payload))


def states_in(answers: list[str]) -> set[str]:
    """Which states the server has told something of, but for where the tab is."""
    found = set()
    for answer in answers:
        for state, values in (json.loads(answer).get("delta") or {}).items():
            if any(not name.startswith("rx_router_") for name in values):
                found.add(state.removeprefix(ROOT_STATE).rpartition("____")[2])
    return found


async def present(server: Server, cookie: str, token: str) -> Console:
    """Present a tab's token whose socket is gone; fails until the server knows that it is."""
    async with console(server, cookie, token=token, path="/users") as tab:
        assert not tab.new_tokens
        return tab


async def retried(attempt: Any) -> Any:
    """Try until the server knows that a socket was closed."""
    for _ in range(50):
        try:
            return await attempt()
        except (AssertionError, aiohttp.WSServerHandshakeError):
            continue
    return await attempt()

"""Known ways of breaking into such a console, replayed against real servers.

Everything runs twice: with one worker, which keeps the console's state in its memory, and with two
workers, which share it through Redis.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from yarl import URL

from tests.fixtures.attacks import (
    CONSOLE,
    ELSEWHERE,
    USER_LIST,
    USER_RECORD,
    guest_cookie,
    has_users,
    is_anonymous,
    session_of,
)
from tests.fixtures.console import HYDRATE, ROOT_STATE, Console, console, router_data
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, CONFIGURED_ORIGIN, Server

pytestmark = pytest.mark.slow

ATTEMPTS = 4
"""Enough that every worker is likely to meet one of them."""


class TestOrigin:
    """Another site's page cannot open the socket with its visitor's cookie."""

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": ELSEWHERE},
            {"Origin": "null"},
            {"Origin": ""},
            {"Origin": "http://localhost"},
            {"Origin": "{address}.evil.example"},
            {"Origin": "http://evil@{host}"},
            {"Origin": "ftp://{host}"},
            {"Origin": f"{CONFIGURED_ORIGIN}.evil.example"},
            {"Origin": CONFIGURED_ORIGIN.replace("https", "http")},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
        ids=lambda headers: next(iter(headers.values())) or "empty",
    )
    async def test_foreign_is_refused(self, server: Server, headers: Mapping[str, str]) -> None:
        """The handshake itself fails, before any event."""
        host = server.address.removeprefix("http://")
        given = {k: v.format(address=server.address, host=host) for k, v in headers.items()}

        assert await handshake(server, given) == 403

    @pytest.mark.parametrize(
        "headers",
        [{"Origin": "{address}"}, {"Origin": CONFIGURED_ORIGIN}, {"Sec-Fetch-Site": "same-origin"}],
        ids=["own", "configured", "same-origin"],
    )
    async def test_own_is_accepted(self, server: Server, headers: Mapping[str, str]) -> None:
        """Our own pages and the configured origins connect with the rights of their cookie."""
        given = {k: v.format(address=server.address) for k, v in headers.items()}
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)

        async with console(server, cookie, path="/users", headers=given) as tab:
            assert has_users(tab)

    async def test_no_origin_has_the_rights_of_its_cookie(self, server: Server) -> None:
        """A program that is no browser sends what it has; without a cookie it is nobody."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)

        async with console(server, cookie, path="/users", headers={}) as tab:
            assert has_users(tab)
        async with console(server, path="/users", headers={}) as tab:
            assert await is_anonymous(tab)

    async def test_no_polling(self, server: Server) -> None:
        """There is no second way in besides the websocket."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.client(cookie, origin=ELSEWHERE) as client:
            answer = await client.get("/_event/", params={"EIO": "4", "transport": "polling"})

        assert answer.status_code == 400
        assert "sid" not in answer.text


class TestStolenClientToken:
    """The client token stands in addresses and access logs; it opens nothing."""

    @pytest.mark.parametrize("thief", ["anonymous", "guest"])
    @pytest.mark.parametrize("victim_is", ["connected", "disconnected"])
    @pytest.mark.parametrize("first", ["hydrates", "listens"])
    async def test_gives_nothing(
        self, server: Server, thief: str, victim_is: str, first: str
    ) -> None:
        """Whoever presents it without the session starts with an empty state."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        other = "" if thief == "anonymous" else await guest_cookie(server)
        boots = first == "hydrates"
        async with console(server, cookie, path="/users") as victim:
            assert has_users(victim)
            token = victim.token
            if victim_is == "connected":
                for _ in range(ATTEMPTS):
                    async with console(server, other, token=token, boot=boots) as tab:
                        assert tab.new_tokens
                        await refuse_everything(tab)
                await victim.call(f"{USER_LIST}.select_all")
                # Only a list that still has rows can be selected.
                assert victim.of("user_list")["all_selected"]
        if victim_is == "disconnected":
            for _ in range(ATTEMPTS):
                async with presenting(server, other, token=token, boot=boots) as tab:
                    await refuse_everything(tab)

    async def test_owner_comes_back(self, server: Server) -> None:
        """After somebody else has presented the token, its owner simply loads anew."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(server, cookie, path="/users") as victim:
            token = victim.token
        async with presenting(server, "", token=token) as tab:
            await refuse_everything(tab)

        async with presenting(server, cookie, token=token) as victim:
            assert has_users(victim)

    async def test_belongs_to_one_person(self, server: Server) -> None:
        """Somebody else who signs in at the same browser finds nothing; its owner keeps it."""
        first, second = [await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD) for _ in range(2)]
        async with console(server, first, path="/users") as tab:
            token = tab.token

        async with presenting(server, second, token=token, path="/") as tab:
            assert tab.of("console")["email"] == ADMIN_EMAIL
        async with presenting(server, await guest_cookie(server), token=token, path="/") as tab:
            await refuse_everything(tab)


class TestForgedIdentity:
    """Who somebody is comes from the cookie of the handshake, and from nothing a client can say."""

    @pytest.mark.parametrize("name", ["x-atrium-session", "X-Atrium-Session", "X-ATRIUM-SESSION"])
    async def test_header_of_the_handshake(self, server: Server, name: str) -> None:
        """The header that carries the session inside is dropped when it comes from outside."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(server, cookie) as victim:
            headers = {"Origin": server.address, name: session_of(victim)}
            async with console(server, headers=headers) as tab:
                assert await is_anonymous(tab)
                assert session_of(victim) not in tab.text

    @pytest.mark.parametrize(
        "forged",
        [
            {"headers": {"x-atrium-session": "{session}"}},
            {"headers": {"cookie": "atrium_session={cookie}"}},
            {"HEADERS": {"x-atrium-session": "{session}"}},
            {"session_id": "{session}"},
            {"token": "{token}"},
        ],
        ids=lambda forged: next(iter(forged)),
    )
    async def test_data_of_the_event(self, server: Server, forged: dict[str, Any]) -> None:
        """What the event says of its own circumstances counts for nothing."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(server, cookie, path="/users") as victim, console(server) as tab:
            facts = {"session": session_of(victim), "cookie": cookie, "token": victim.token}
            data = {
                key: {k: v.format(**facts) for k, v in value.items()}
                if isinstance(value, dict)
                else value.format(**facts)
                for key, value in forged.items()
            }
            await tab.call(HYDRATE, path="/users", router_data=data)
            await tab.call(f"{USER_LIST}.load", path="/users", router_data=data, **data)

            assert tab.of("console")["email"] == ""
            assert not has_users(tab)
            assert not has_users_of(tab, victim)

    async def test_message_named_connect(self, server: Server) -> None:
        """A client cannot play the server's own handshake with headers of its choice."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(server, cookie, path="/users") as victim, console(server) as tab:
            header = [b"x-atrium-session", session_of(victim).encode()]
            environ = {
                "QUERY_STRING": f"token={tab.token}",
                "asgi.scope": {"headers": [header], "client": ["203.0.113.9", 1]},
            }
            boot = {"name": HYDRATE, "payload": {}, "router_data": router_data("/users")}
            for messages in (["connect"], ["disconnect", "connect"]):
                for message in messages:
                    arguments = (environ, {"event": boot}) if message == "connect" else ("bye",)
                    await tab.emit(message, *arguments)
                await tab.call(HYDRATE, path="/users")

                assert await is_anonymous(tab)
        async with server.platform() as platform:
            assert await platform.audit(address="203.0.113.9") == []

    async def test_address_in_the_trail(self, one_worker: Server) -> None:
        """The audit trail names the address of the connection, whatever a client says."""
        names = ("X-Forwarded-For", "X-Real-IP", "X-Atrium-Address", "Asgi-Scope-Client")
        claimed = dict.fromkeys(names, "203.0.113.7")
        forged = {"ip": "203.0.113.7", "headers": {name.lower(): claimed[name] for name in names}}
        headers = {"Origin": one_worker.address, **claimed}
        async with console(one_worker, headers=headers) as tab:
            await tab.call(f"{USER_LIST}.load", router_data=forged)

        async with one_worker.platform() as platform:
            [*_, last] = await platform.audit(action="user.read", outcome="denied")
        assert last.address == "127.0.0.1"


class TestHandlers:
    """Only what was opened can be called; see test_console_handlers for all of them."""

    @pytest.mark.parametrize(
        ("handler", "payload"),
        [
            (f"{CONSOLE}.setvar", {"var_name": "name", "value": "Mallory"}),
            (f"{CONSOLE}.setvar", {"var_name": "may", "value": {"user.read": True}}),
            (f"{CONSOLE}.set_name", {"value": "Mallory"}),
            (f"{CONSOLE}.set_may", {"value": {"user.read": True}}),
            (f"{USER_LIST}.setvar", {"var_name": "rows", "value": []}),
            (f"{ROOT_STATE}.setvar", {"var_name": "is_hydrated", "value": "Mallory"}),
            (f"{CONSOLE}._say", {"message": "Mallory"}),
            (f"{CONSOLE}._receive", {"actor": {"name": "Mallory"}}),
            (f"{CONSOLE}.reset", {}),
            (f"{CONSOLE}.get_state", {"state_cls": "Session"}),
            (f"{CONSOLE}.dict", {}),
            (f"{CONSOLE}.__class__", {}),
            (f"{USER_LIST}._read_address", {}),
            (f"{USER_LIST}.load.fn", {}),
            (f"{USER_RECORD}._save", {"form": {}, "version": None}),
            (f"{ROOT_STATE}.app___ui___page_state____session.setvar", {"var_name": "_session_id"}),
            (
                f"{ROOT_STATE}.reflex___state____update_vars_internal_state.update_vars_internal",
                {"vars": {f"{CONSOLE}.name": "Mallory"}},
            ),
            (HYDRATE, {"vars": {f"{CONSOLE}.name": "Mallory"}}),
            (HYDRATE, {"vars": {f"{CONSOLE}.may": {"user.read": "Mallory"}}}),
        ],
        ids=lambda value: value.rsplit("____", 1)[-1] if isinstance(value, str) else "",
    )
    async def test_not_opened(self, server: Server, handler: str, payload: dict[str, Any]) -> None:
        """Setters, helpers and framework handlers change nothing, even for an administrator."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(server, cookie, path="/users") as tab:
            await tab.call(handler, payload)
            await tab.call(HYDRATE, path="/users")

            assert tab.of("console")["name"] == "Administrator"
            assert has_users(tab)
            assert "Mallory" not in tab.text


class TestUpload:
    """Reflex's upload endpoint asks for a client token only; it is not there at all."""

    @pytest.mark.parametrize("path", ["/_upload", "/_upload/", "//_upload", "/_event/../_upload"])
    @pytest.mark.parametrize("sent", ["with cookie", "without cookie"])
    @pytest.mark.parametrize("origin", ["own", ELSEWHERE])
    async def test_is_refused(self, server: Server, path: str, sent: str, origin: str) -> None:
        """With and without cookie, token and origin, no handler runs."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(server, cookie, path="/users") as victim:
            seen = len(victim.raw)
            headers = {
                "Content-Type": "multipart/form-data; boundary=x",
                "Origin": server.address if origin == "own" else origin,
                "reflex-client-token": victim.token,
                "reflex-event-handler": f"{USER_LIST}.load",
                "x-atrium-session": session_of(victim),
            }
            if sent == "with cookie":
                headers["Cookie"] = f"atrium_session={cookie}"
            address = URL(f"{server.address}{path}", encoded=True)
            async with (
                aiohttp.ClientSession() as client,
                client.post(address, data=UPLOAD, headers=headers) as answer,
            ):
                assert answer.status in (400, 404, 405)
                assert ADMIN_EMAIL not in await answer.text()
            assert len(victim.raw) == seen

    @pytest.mark.parametrize(
        "path",
        ["/ping", "/_health", "/auth-codespace", "/_all_routes", "/_reflex", "/_reflex/retrieve"],
    )
    async def test_other_endpoints_of_the_framework(self, server: Server, path: str) -> None:
        """Nothing of Reflex's is served besides the socket."""
        async with server.client() as client:
            assert (await client.get(path)).status_code == 404


UPLOAD = (
    b"--x\r\n"
    b'Content-Disposition: form-data; name="files"; filename="a.txt"\r\n'
    b"\r\nhello\r\n--x--\r\n"
)


async def handshake(server: Server, headers: Mapping[str, str]) -> int:
    """The status of a websocket handshake; 101 when it was accepted."""
    address = f"{server.address}/_event/?EIO=4&transport=websocket&token={uuid4()}"
    async with aiohttp.ClientSession() as client:
        try:
            async with client.ws_connect(address, headers=headers):
                return HTTPStatus.SWITCHING_PROTOCOLS
        except aiohttp.WSServerHandshakeError as error:
            return error.status


@asynccontextmanager
async def presenting(
    server: Server, cookie: str, *, token: str, path: str = "/users", boot: bool = True
) -> AsyncIterator[Console]:
    """Connect with a client token whose tab is gone, as soon as the server knows that it is."""
    for pause in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 0):
        async with console(server, cookie, token=token, path=path, boot=boot) as tab:
            await tab.settle()
            if not tab.new_tokens:
                yield tab
                return
        await asyncio.sleep(pause)
    pytest.fail("the server still takes the token for connected")


async def refuse_everything(tab: Console) -> None:
    """Ask for the state in every way that is open to anybody; nothing of the victim's comes."""
    for handler in (f"{USER_LIST}.cancel_bulk", f"{ROOT_STATE}.hydrate", HYDRATE):
        await tab.call(handler, path="/users")

    assert not has_users(tab)
    assert tab.of("console").get("email", "") != ADMIN_EMAIL
    assert ADMIN_EMAIL not in tab.text


def has_users_of(tab: Console, other: Console) -> bool:
    """Whether anything in a tab comes from another one's list."""
    return any(row["id"] in tab.text for row in other.of("user_list")["rows"])

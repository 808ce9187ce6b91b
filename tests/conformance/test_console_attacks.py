"""Known ways of breaking into such a console, replayed against real servers.

Everything runs twice: with one worker, which keeps the console's state in its memory, and with two
workers, which share it through Redis.
"""

import asyncio
import pickle
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit
from uuid import UUID

import aiohttp
import pytest
from redis.asyncio import Redis
from sqlalchemy import select, update
from sqlmodel import col
from yarl import URL

from app.bootstrap import build_registry
from app.core import clock, crypto
from app.core.actor import SYSTEM
from app.features.auth.models import UserSession
from app.features.users.schemas import UserUpdate
from app.features.users.service import UserService
from app.testing.factories import PASSWORD
from app.testing.platform import Platform
from tests.fixtures.console import HYDRATE, ROOT_STATE, Console, console, router_data
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, CONFIGURED_ORIGIN, Server

pytestmark = pytest.mark.slow

CONSOLE = f"{ROOT_STATE}.app___ui___page_state____console"
USER_LIST = f"{ROOT_STATE}.app___features___users___state____user_list"
USER_RECORD = f"{ROOT_STATE}.app___features___users___state____user_record"

ELSEWHERE = "https://evil.example"
ATTEMPTS = 4
"""Enough that every worker is likely to meet one of them."""


async def is_anonymous(tab: Console) -> bool:
    """Whether the server takes the tab for nobody's: the list of users stays out of its reach."""
    await tab.open("/users")
    answers = await tab.call(f"{USER_LIST}.load", path="/users")
    return tab.of("console")["email"] == "" and ADMIN_EMAIL not in "".join(answers)


def has_users(tab: Console) -> bool:
    """Whether the tab shows rows of the list of users."""
    return bool(tab.of("user_list").get("rows"))


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
                assert ADMIN_EMAIL in "".join(await victim.call(f"{USER_LIST}.load"))
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
        forged = {"ip": "203.0.113.7", "headers": {"x-forwarded-for": "203.0.113.7"}}
        headers = {"Origin": one_worker.address, "X-Forwarded-For": "203.0.113.7"}
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


class TestRevocation:
    """What is taken from somebody is gone at their next click, also on a socket already open."""

    @staticmethod
    async def suspend(platform: Platform, user_id: UUID) -> None:
        """Suspend the user."""
        await platform.caller(SYSTEM)(UserService.suspend, user_id)

    @staticmethod
    async def set_password(platform: Platform, user_id: UUID) -> None:
        """Give the user a new password."""
        change = UserUpdate.model_validate({"password": "another good password"})
        await platform.caller(SYSTEM)(UserService.update, user_id, change)

    @staticmethod
    async def delete(platform: Platform, user_id: UUID) -> None:
        """Delete the user."""
        await platform.caller(SYSTEM)(UserService.delete, user_id)

    @staticmethod
    async def end_sessions(platform: Platform, user_id: UUID) -> None:
        """End the user's sessions."""
        await edit_sessions(platform, user_id, ended_at=clock.now())

    @staticmethod
    async def leave_idle(platform: Platform, user_id: UUID) -> None:
        """Let two hours pass without a click."""
        await edit_sessions(platform, user_id, last_seen_at=clock.now() - timedelta(minutes=121))

    @staticmethod
    async def outlive(platform: Platform, user_id: UUID) -> None:
        """Let the session reach its end, busy or not."""
        await edit_sessions(platform, user_id, expires_at=clock.now() - timedelta(seconds=1))

    @pytest.mark.parametrize(
        "change", [suspend, set_password, delete, end_sessions, leave_idle, outlive]
    )
    async def test_ended(self, server: Server, change: "staticmethod[..., Any]") -> None:
        """The socket says that the session has ended, and pages lead to the sign-in."""
        async with server.platform() as platform:
            user = await server.add_user(platform, grants=["user.read"])
            cookie = await server.sign_in(user.email, PASSWORD)
            async with console(server, cookie, path="/users") as tab:
                assert has_users(tab)
                await change(platform, user.id)
                answers = await tab.call(f"{USER_LIST}.load", path="/users")

                assert tab.of("console")["session_ended"] is True
                assert ADMIN_EMAIL not in "".join(answers)
            async with server.client(cookie) as client:
                page = await client.get("/users")
            assert page.status_code == 303
            assert page.headers["location"].startswith("/sign-in")
            async with console(server, cookie, path="/users") as tab:
                assert await is_anonymous(tab)

    async def test_role_taken_away(self, server: Server) -> None:
        """The permission is missing at the next event; the session goes on."""
        async with server.platform() as platform:
            user = await server.add_user(platform, grants=["user.read"])
            cookie = await server.sign_in(user.email, PASSWORD)
            async with console(server, cookie, path="/users") as tab:
                assert has_users(tab)
                await platform.caller(SYSTEM)(UserService.assign_roles, user.id, ["guest"])
                answers = await tab.call(f"{USER_LIST}.load", path="/users")
                await tab.open("/users")

                assert "user.read" in "".join(answers)
                assert ADMIN_EMAIL not in "".join(answers)
                assert tab.of("console")["refused"] == "user.read"
                assert tab.of("console")["session_ended"] is False

    async def test_role_given(self, server: Server) -> None:
        """A new permission holds at once, too."""
        async with server.platform() as platform:
            user = await server.add_user(platform, "guest")
            cookie = await server.sign_in(user.email, PASSWORD)
            async with console(server, cookie) as tab:
                await tab.open("/users")
                assert not has_users(tab)
                await platform.caller(SYSTEM)(UserService.assign_roles, user.id, ["admin"])
                await tab.open("/users")

                assert has_users(tab)

    async def test_password_that_must_be_changed(self, server: Server) -> None:
        """Until then nothing else can be done, whatever the roles grant."""
        async with server.platform() as platform:
            user = await server.add_user(platform, "admin", must_change_password=True)
            cookie = await server.sign_in(user.email, PASSWORD)
            async with console(server, cookie, path="/change-password") as tab:
                answers = await tab.call(f"{USER_LIST}.load", path="/users")
                await tab.open("/users")

                assert ADMIN_EMAIL not in "".join(answers)
                assert not has_users(tab)
            async with server.client(cookie) as client:
                page = await client.get("/users")
            assert page.headers["location"] == "/change-password"


class TestCookieLeaks:
    """The cookie's value is known to the browser and to nobody else."""

    async def test_not_in_what_the_page_gets(self, server: Server) -> None:
        """Scripts of the page cannot read it from the state."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(server, cookie, path="/users") as tab:
            await tab.call(HYDRATE)

            assert cookie not in tab.text
            assert crypto.hash_token(cookie) not in tab.text

    async def test_not_in_the_database(self, server: Server) -> None:
        """Only its hash is stored."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.platform() as platform:
            assert cookie not in str(await platform.contents())

    async def test_not_in_the_log(self, server: Server) -> None:
        """Nor passwords: not after unknown names, broken events, exceptions or refused forms."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        secret = "a-Secret-somebody-typed"
        payloads: list[Any] = [
            {"form": {"password": secret}},
            {"form": [secret]},
            {"password": secret},
            [secret],
            secret,
        ]
        async with console(server, cookie, path="/users") as tab:
            for payload in payloads:
                await tab.send(f"{USER_RECORD}.no_such_handler", payload)
                await tab.send(f"{USER_RECORD}.save_password", payload)
                await tab.send(f"{USER_RECORD}.delete", payload)
                await tab.send("no_such_state.save", payload)
                await tab.emit("event", {"payload": payload})
                await tab.emit("event", {"name": ["?"], "payload": payload})
                await tab.emit("no_such_message", payload)
            await tab.emit("event", secret)
            await tab.settle()
        async with server.client(cookie) as client:
            form = {"email": ADMIN_EMAIL, "password": secret}
            await client.post("/session/sign-in", data=form)
            await client.post("/session/sign-in", data=form | {"next": f"/{secret}" * 500})
            await client.post("/session/password", data={"current_password": secret})
            await client.get("/users", headers={"x-request-id": "a" * 65})
        log = server.log()

        assert "no_such_handler" in log
        assert secret not in log
        assert ADMIN_PASSWORD not in log
        assert [made for made in server.cookies if made in log] == []

    @pytest.mark.redis
    @pytest.mark.postgres
    async def test_not_in_redis(self, two_workers: Server, redis_port: int) -> None:
        """Not in any key, however the state is packed; the session's id is."""
        cookie = await two_workers.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with (
            console(two_workers, cookie, path="/users") as tab,
            Redis(host="127.0.0.1", port=redis_port) as redis,
        ):
            stored = {key: await everything(redis, key) for key in await redis.keys("*")}
            session_id = session_of(tab)

        assert any(session_id.encode() in value for value in stored.values())
        assert any(tab.token.encode() in key for key in stored)
        for made in (*two_workers.cookies, ADMIN_PASSWORD, PASSWORD):
            assert [key for key, value in stored.items() if made.encode() in key + value] == []


class TestCrossSiteForms:
    """A form on another site's page changes nothing."""

    @pytest.mark.parametrize("path", ["sign-in", "sign-out", "password"])
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": ELSEWHERE},
            {"Origin": "null"},
            {"Origin": ""},
            {"Origin": ELSEWHERE, "Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
        ids=lambda headers: " ".join(headers.values()) or "empty",
    )
    async def test_refused(self, server: Server, path: str, headers: Mapping[str, str]) -> None:
        """The answer is 403, no cookie is set or taken, and the session goes on."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        form = {
            "email": ADMIN_EMAIL,
            "password": ADMIN_PASSWORD,
            "current_password": ADMIN_PASSWORD,
            "new_password": "chosen by somebody else",
        }
        async with aiohttp.ClientSession(cookies={"atrium_session": cookie}) as client:
            address = f"{server.address}/session/{path}"
            async with client.post(address, data=form, headers=headers) as answer:
                assert answer.status == 403
                assert "Set-Cookie" not in answer.headers
        async with server.client(cookie) as browser:
            assert (await browser.get("/users")).status_code == 200

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def test_pages_are_read_only(self, server: Server, method: str) -> None:
        """A page is looked at; it answers to nothing else."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.client(cookie) as client:
            answer = await client.request(method, "/users")

        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"

    @pytest.mark.parametrize("path", ["sign-in", "sign-out", "password"])
    async def test_not_by_a_link(self, server: Server, path: str) -> None:
        """Opening an address does nothing either."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.client(cookie) as client:
            assert (await client.get(f"/session/{path}")).status_code == 405
            assert (await client.get("/users")).status_code == 200

    async def test_cookie_opens_no_api(self, server: Server) -> None:
        """The REST API takes bearer tokens only, so a foreign page cannot use it."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.client(cookie) as client:
            assert (await client.get("/api/v1/users")).status_code == 401
            assert (await client.get("/api/v1/auth/me")).status_code == 401


UPLOAD = (
    b"--x\r\n"
    b'Content-Disposition: form-data; name="files"; filename="a.txt"\r\n'
    b"\r\nhello\r\n--x--\r\n"
)

OTHER_SITES = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\u00a0//evil.example",
    "/\u2028/evil.example",
    "/\x00/evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTPS:/evil.example",
    "http://127.0.0.1@evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "/\r\nSet-Cookie: atrium_session=planted",
    "/\\\\evil.example/..",
    "",
]
SAME_SITE = [
    "/users?q=a%20b&sort=-email",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/.//evil.example",
    "/users/../users",
    "/?next=//evil.example",
]


class TestOpenRedirect:
    """Whatever stands in `next`, signing in leads to a page of ours."""

    @pytest.mark.parametrize("wanted", [*OTHER_SITES, *SAME_SITE])
    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    async def test_sign_in(self, server: Server, wanted: str, accept: str) -> None:
        """Both a plain form and the page's own script stay on this site."""
        form = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "next": wanted}
        async with server.client() as client:
            answer = await client.post("/session/sign-in", data=form, headers={"Accept": accept})

        assert answer.status_code in (200, 303)
        location = answer.headers.get("location") or answer.json()["location"]
        assert as_browser(server.address, location).startswith(f"{server.address}/")
        assert location == ("/" if wanted in OTHER_SITES else wanted)
        assert "planted" not in str(answer.headers)

    @pytest.mark.parametrize("wanted", [*OTHER_SITES, *SAME_SITE])
    async def test_page(self, server: Server, wanted: str) -> None:
        """The sign-in page puts nothing else into its form."""
        async with console(server, boot=False, path="/sign-in") as tab:
            data = {"query": {"next": wanted}, "asPath": f"/sign-in?next={quoted(wanted)}"}
            await tab.call(HYDRATE, path="/sign-in", router_data=data)
            target = tab.of("sign_in")["next"]

        assert as_browser(server.address, target).startswith(f"{server.address}/")
        assert target == ("/" if wanted in OTHER_SITES else wanted)

    @pytest.mark.parametrize(
        "path",
        [
            "//evil.example",
            "/users//evil.example",
            "/users/%5c%5cevil.example",
            "/users/%0d%0aX: y",
        ],
    )
    async def test_way_to_the_sign_in(self, server: Server, path: str) -> None:
        """An address that needs a sign-in cannot smuggle another site into the way back."""
        async with aiohttp.ClientSession() as client:
            address = f"{server.address}{path}"
            async with client.get(address, allow_redirects=False) as answer:
                location = answer.headers.get("Location", "/")
        back = parse_qs(urlsplit(location).query).get("next", ["/"])[0]

        assert as_browser(server.address, location).startswith(f"{server.address}/")
        assert as_browser(server.address, back).startswith(f"{server.address}/")


class TestSessionCookie:
    """The cookie cannot be read, planted or kept."""

    async def test_flags(self, server: Server) -> None:
        """No script reads it, no other site sends it, no other host gets it."""
        assert cookie_flags(await sign_in_header(server)) == {"httponly", "path=/", "samesite=lax"}

    @pytest.mark.redis
    @pytest.mark.postgres
    async def test_flags_behind_https(self, two_workers: Server) -> None:
        """Where the trusted proxy speaks https, the cookie does not travel in the clear."""
        flags = cookie_flags(await sign_in_header(two_workers, {"X-Forwarded-Proto": "https"}))

        assert flags == {"httponly", "path=/", "samesite=lax", "secure"}

    async def test_new_at_sign_in(self, server: Server) -> None:
        """Whatever cookie was planted before, it is not the session that begins."""
        planted = "planted-by-somebody-who-wants-in"
        earlier = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        for known in (planted, earlier):
            header = await sign_in_header(server, {"Cookie": f"atrium_session={known}"})
            assert known not in header
        async with server.client(planted) as client:
            assert (await client.get("/users")).status_code == 303

    async def test_worthless_after_sign_out(self, server: Server) -> None:
        """Signing out ends the session itself, not only the browser's copy."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(server, cookie, path="/users") as tab:
            async with server.client(cookie) as client:
                answer = await client.post("/session/sign-out")
                assert 'atrium_session=""' in answer.headers["set-cookie"]
                assert (await client.get("/users")).status_code == 303
            await tab.call(f"{USER_LIST}.load", path="/users")

            assert tab.of("console")["session_ended"] is True

    async def test_new_after_a_change_of_roles(self, server: Server) -> None:
        """The old one is good for requests already under way, for a minute."""
        async with server.platform() as platform:
            user = await server.add_user(platform, "guest")
            old = await server.sign_in(user.email, PASSWORD)
            await platform.caller(SYSTEM)(UserService.assign_roles, user.id, ["admin"])
            async with server.client(old) as client:
                fresh = (await client.get("/users")).cookies["atrium_session"]
                again = await client.get("/users")
            await edit_sessions(platform, user.id, rotated_at=clock.now() - timedelta(minutes=2))
            async with server.client(old) as client:
                late = await client.get("/users")
            async with server.client(fresh) as client:
                current = await client.get("/users")

        assert fresh != old
        assert "set-cookie" not in again.headers
        assert [again.status_code, late.status_code, current.status_code] == [200, 303, 200]

    async def test_new_after_a_change_of_password(self, server: Server) -> None:
        """All other sessions end; the browser that changed it goes on with a new cookie."""
        async with server.platform() as platform:
            user = await server.add_user(platform, "user")
        thief, own = [await server.sign_in(user.email, PASSWORD) for _ in range(2)]
        form = {"current_password": PASSWORD, "new_password": "another good password"}
        async with server.client(own) as client:
            fresh = (await client.post("/session/password", data=form)).cookies["atrium_session"]
        answers = []
        for cookie in (thief, own, fresh):
            async with server.client(cookie) as client:
                answers.append((await client.get("/profile")).status_code)

        assert answers == [303, 303, 200]

    @pytest.mark.parametrize("lifetime", ["idle", "absolute"])
    async def test_ends_in_time(self, server: Server, lifetime: str) -> None:
        """After two hours without a click, and after twelve hours in any case."""
        now = clock.now()
        almost, over = {
            "idle": (
                {"last_seen_at": now - timedelta(minutes=119)},
                {"last_seen_at": now - timedelta(minutes=120, seconds=1)},
            ),
            "absolute": (
                {"expires_at": now + timedelta(minutes=1)},
                {"expires_at": now - timedelta(seconds=1)},
            ),
        }[lifetime]
        async with server.platform() as platform:
            user = await server.add_user(platform, "user")
            cookie = await server.sign_in(user.email, PASSWORD)
            async with server.client(cookie) as client:
                await edit_sessions(platform, user.id, **almost)
                before = await client.get("/")
                await edit_sessions(platform, user.id, **over)
                after = await client.get("/")

        assert [before.status_code, after.status_code] == [200, 303]

    async def test_lives_twelve_hours(self, server: Server) -> None:
        """The end is fixed when the session begins, however busy it is."""
        async with server.platform() as platform:
            user = await server.add_user(platform, "user")
            cookie = await server.sign_in(user.email, PASSWORD)
            [begun] = await sessions_of(platform, user.id)
            await edit_sessions(
                platform, user.id, last_seen_at=clock.now() - timedelta(minutes=100)
            )
            async with server.client(cookie) as client:
                await client.get("/")
            [touched] = await sessions_of(platform, user.id)

        assert begun.expires_at - begun.created_at == timedelta(hours=12)
        assert touched.expires_at == begun.expires_at
        assert touched.last_seen_at > clock.now() - timedelta(minutes=1)


class TestContentSecurityPolicy:
    """No page runs a script that is not part of the build."""

    PATHS = (*(page.route for page in build_registry().pages), "/no-such-page")

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("role", ["admin", "guest", ""], ids=["admin", "guest", "anonymous"])
    async def test_is_strict(self, server: Server, path: str, role: str) -> None:
        """Scripts: ours and hashes of those in the page; nothing evaluated, nothing foreign."""
        cookie = await guest_cookie(server) if role == "guest" else ""
        if role == "admin":
            cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.client(cookie) as client:
            answer = await client.get(re.sub(r"\[\w+\]", str(UUID(int=0)), path))
        policy = directives(answer.headers["content-security-policy"])

        assert not re.search(r"unsafe|\*|https?:|data:|blob:", policy.get("script-src", ""))
        assert policy["default-src"] in ("'self'", "'none'")
        assert policy["frame-ancestors"] == "'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        if "text/html" in answer.headers.get("content-type", ""):
            assert policy["object-src"] == policy["base-uri"] == "'none'"
            assert policy["form-action"] == policy["connect-src"] == "'self'"
            assert not re.search(r"\son\w+=|javascript:", answer.text)
            sources = re.findall(r"<script[^>]+src=\"([^\"]+)", answer.text)
            assert all(source.startswith("/") and source[1] != "/" for source in sources)

    @pytest.mark.parametrize("path", ["/healthz", "/api/v1/users", "/api/no", "/openapi.json"])
    async def test_answers_for_programs(self, server: Server, path: str) -> None:
        """What is no page may load nothing at all."""
        async with server.client() as client:
            answer = await client.get(path)

        assert directives(answer.headers["content-security-policy"])["default-src"] == "'none'"


# What the attacks above are made of.


async def handshake(server: Server, headers: Mapping[str, str]) -> int:
    """The status of a websocket handshake; 101 when it was accepted."""
    address = f"{server.address}/_event/?EIO=4&transport=websocket&token=t"
    async with aiohttp.ClientSession() as client:
        try:
            async with client.ws_connect(address, headers=headers):
                return HTTPStatus.SWITCHING_PROTOCOLS
        except aiohttp.WSServerHandshakeError as error:
            return error.status


async def guest_cookie(server: Server) -> str:
    """The cookie of somebody who may sign in and nothing else."""
    async with server.platform() as platform:
        user = await server.add_user(platform, "guest")
    return await server.sign_in(user.email, PASSWORD)


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


def session_of(tab: Console) -> str:
    """The id of the session a tab belongs to, as its own page can see it."""
    headers = tab.state[ROOT_STATE]["rx_router_headers"]["raw_headers"]
    session_id: str = headers["x-atrium-session"]
    return session_id


def has_users_of(tab: Console, other: Console) -> bool:
    """Whether anything in a tab comes from another one's list."""
    return any(row["id"] in tab.text for row in other.of("user_list")["rows"])


async def edit_sessions(platform: Platform, user_id: UUID, **values: datetime) -> None:
    """Change the rows of a user's sessions: the nearest thing to waiting for hours."""
    async with (await platform.database()).writing.begin() as connection:
        await connection.execute(
            update(UserSession).where(col(UserSession.user_id) == user_id).values(**values)
        )


async def sessions_of(platform: Platform, user_id: UUID) -> list[Any]:
    """The rows of a user's sessions."""
    statement = select(UserSession.__table__).where(col(UserSession.user_id) == user_id)  # type: ignore[attr-defined]  # a table class has one
    async with (await platform.database()).reading.connect() as connection:
        return list((await connection.execute(statement)).all())


async def everything(redis: Any, key: bytes) -> bytes:
    """A Redis key's whole value, of whatever kind."""
    readers = {b"string": redis.get, b"hash": redis.hgetall, b"set": redis.smembers}
    value = await readers[await redis.type(key)](key)
    return value if isinstance(value, bytes) else pickle.dumps(value)


async def sign_in_header(server: Server, headers: Mapping[str, str] | None = None) -> str:
    """The Set-Cookie header of a sign-in."""
    form = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    async with server.client() as client:
        answer = await client.post("/session/sign-in", data=form, headers=headers)
    header: str = answer.headers["set-cookie"]
    return header


def cookie_flags(header: str) -> set[str]:
    """The attributes of a cookie without its lifetime, in lower case."""
    parts = {part.strip().lower() for part in header.split(";")[1:]}
    return {part for part in parts if not part.startswith(("max-age", "expires"))}


def directives(policy: str) -> dict[str, str]:
    """A content security policy by directive."""
    parts = (part.strip().partition(" ") for part in policy.split(";"))
    return {name: value for name, _, value in parts if name}


def as_browser(base: str, location: str) -> str:
    r"""Where a browser would go: it drops tabs and newlines and takes `\` for `/`."""
    return urljoin(
        f"{base}/", re.sub(r"[\t\r\n]", "", location).strip("\x00\x1f ").replace("\\", "/")
    )


def quoted(text: str) -> str:
    """Text as it stands in an address."""
    return "".join(f"%{byte:02X}" for byte in text.encode())

"""Known ways of getting at somebody's session, replayed against real servers."""

import pickle
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import select, update
from sqlmodel import col

from app.core import clock, crypto
from app.core.actor import SYSTEM
from app.features.auth.models import UserSession
from app.features.users.credential_service import CredentialService
from app.features.users.service import UserService
from app.testing.factories import PASSWORD
from app.testing.platform import Platform
from tests.fixtures.attacks import USER_LIST, USER_RECORD, has_users, is_anonymous, session_of
from tests.fixtures.console import HYDRATE, console
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

pytestmark = pytest.mark.slow


class TestRevocation:
    """What is taken from somebody is gone at their next click, also on a socket already open."""

    @staticmethod
    async def suspend(platform: Platform, user_id: UUID) -> None:
        """Suspend the user."""
        await platform.caller(SYSTEM)(UserService.suspend, user_id)

    @staticmethod
    async def set_password(platform: Platform, user_id: UUID) -> None:
        """Give the user a new password."""
        await platform.caller(SYSTEM)(
            CredentialService.set_password,
            user_id,
            SecretStr("another good password"),
            must_change=False,
        )

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

    async def test_form_of_the_page_before(self, server: Server) -> None:
        """A form that waited for a lost connection changes nothing on the page that is open now."""
        async with server.platform() as platform:
            user = await server.add_user(platform, "admin")
            before = await server.add_user(platform, display_name="Before")
            now = await server.add_user(platform, display_name="Now")
            cookie = await server.sign_in(user.email, PASSWORD)
            async with console(server, cookie, path=f"/users/{now.id}") as tab:
                form = {"form": {"display_name": "Changed", "version": "1"}}
                answers = await tab.call(f"{USER_RECORD}.save", form, path=f"/users/{before.id}")

                assert "What you sent from the page before is not saved" in "".join(answers)
                await tab.open(f"/users/{before.id}")
                await tab.call(f"{USER_RECORD}.save", form)

                assert tab.of("user_record")["user"]["name"] == "Changed"
            read = platform.caller(SYSTEM)
            names = [(await read(UserService.get, each.id)).display_name for each in (before, now)]
        assert names == ["Changed", "Now"]

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


class TestSessionCookie:
    """The cookie cannot be read, planted or kept."""

    async def test_flags(self, server: Server) -> None:
        """No script reads it, no other site sends it, no other host gets it."""
        assert cookie_flags(await sign_in_header(server)) == {"httponly", "path=/", "samesite=lax"}

    async def test_new_at_sign_in(self, server: Server) -> None:
        """Whatever cookie was planted before, it is not the session that begins."""
        planted = "planted-by-somebody-who-wants-in"
        earlier = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        for known in (planted, earlier):
            header = await sign_in_header(server, {"Cookie": f"atrium_session={known}"})
            assert known not in header
        async with server.client(planted) as client:
            assert (await client.get("/users")).status_code == 303

    async def test_new_after_the_password(self, server: Server) -> None:
        """Giving the password again replaces it; the old one is good for a minute."""
        async with server.platform() as platform:
            user = await server.add_user(platform, "admin")
            old = await server.sign_in(user.email, PASSWORD)
            async with server.client(old) as client:
                wrong = {"password": "not the password"}
                refused = await client.post("/session/reauthenticate", data=wrong)
                answer = await client.post("/session/reauthenticate", data={"password": PASSWORD})
                again = await client.get("/users")
            fresh = answer.cookies["atrium_session"]
            server.cookies.append(fresh)
            await edit_sessions(platform, user.id, rotated_at=clock.now() - timedelta(minutes=2))
            answers = [again.status_code]
            for cookie in (old, fresh):
                async with server.client(cookie) as client:
                    answers.append((await client.get("/users")).status_code)

        assert "set-cookie" not in refused.headers
        assert answers == [200, 303, 200]

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
    kind = await redis.type(key)
    # A lock may be gone again by now.
    value = b"" if kind == b"none" else await readers[kind](key)
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

"""Every event handler and every page of the console: who may, and what others get."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import aiohttp
import pytest

from app.bootstrap import build_registry
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.permissions import PUBLIC, SIGNED_IN
from app.features.users.schemas import UserRead
from app.features.users.service import UserService
from app.server import WEB
from app.testing.factories import PASSWORD
from app.testing.platform import Platform
from app.ui import event_guard
from app.ui.handlers import permission_of
from app.ui.page_policy import PagePolicy
from tests.fixtures.console import HYDRATE, NAVIGATE, ROOT_STATE, Console, console, router_data
from tests.fixtures.handlers import (
    RESUME,
    handlers,
    is_navigation,
    is_ours,
    parameters_of,
    plausible,
    short,
)
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

LISTS = (
    "clear_filter",
    "clear_filters",
    "clear_selection",
    "filter_by",
    "go_next",
    "go_previous",
    "move_column",
    "reset_columns",
    "resize_column",
    "search_for",
    "select",
    "select_all",
    "set_page_size",
    "sort_by",
    "toggle_column",
    "toggle_compact",
)
"""They change how one's own list is shown; its rows come from `load`."""

VIEWS = (
    "ask_view",
    "close_view_dialog",
    "delete_view",
    "open_view",
    "rename_view",
    "save_view",
    "unshare_view",
    "update_view",
)
"""They change one's own views of a list."""

OPENED: Mapping[str, str] = {
    "access_matrix.load": "role.read",
    "audit_list.load": "audit.read",
    "trail_check.start": "audit.verify",
    "trail_check.go_on": "audit.verify",
    "trail_check.close": SIGNED_IN,
    "audit_list.undo": "audit.undo",
    "audit_list.ask_days": SIGNED_IN,
    "audit_list.choose_bar": SIGNED_IN,
    "audit_list.choose_days": SIGNED_IN,
    "audit_list.choose_period": SIGNED_IN,
    "audit_list.close_days": SIGNED_IN,
    "audit_list.close_entry": SIGNED_IN,
    "audit_list.find_people": "audit.read",
    "audit_list.load_activity": "audit.read",
    "audit_list.look_for_news": "audit.read",
    "audit_list.share_view": "view.share",
    "audit_list.show_news": "audit.read",
    **{f"audit_list.{name}": SIGNED_IN for name in (*LISTS, *VIEWS)},
    "compare_roles.choose": "role.read",
    "compare_roles.load": "role.read",
    "console.dismiss": PUBLIC,
    "console.enter": PUBLIC,
    "console.find": SIGNED_IN,
    "console.resume": PUBLIC,
    "console.run": SIGNED_IN,
    "new_role.load": "role.create",
    "new_role.save": "role.create",
    "coverage.load": "role.read",
    "coverage.search_for": "role.read",
    "explain.ask": "role.read",
    "explain.find": "role.read",
    "explain.load": "role.read",
    "holders.ask": "role.read",
    "holders.load": "role.read",
    "new_user.load": "user.create",
    "new_user.save": "user.create",
    "overview.check_health": "system.health.check",
    "overview.load": SIGNED_IN,
    "overview.refresh": SIGNED_IN,
    "own_sessions.end": SIGNED_IN,
    "own_sessions.end_others": SIGNED_IN,
    "own_sessions.load": SIGNED_IN,
    "previewing.ask": "role.read",
    "previewing.close": SIGNED_IN,
    "previewing.start_role": "role.update",
    "previewing.start_this_role": "role.update",
    "previewing.start_user": "role.update",
    "previewing.stop": SIGNED_IN,
    "profile.load": SIGNED_IN,
    "profile.save": SIGNED_IN,
    "role_list.ask_delete": "role.read",
    "role_list.delete": "role.delete",
    "role_list.keep": SIGNED_IN,
    "role_list.load": "role.read",
    **{f"role_list.{name}": SIGNED_IN for name in LISTS},
    "role_members.add": "role.update",
    "role_members.ask_remove": "role.update",
    "role_members.choose": "role.update",
    "role_members.clear_selection": SIGNED_IN,
    "role_members.close_dialogs": SIGNED_IN,
    "role_members.find": "user.read",
    "role_members.load": "role.read",
    "role_members.load_more": "role.read",
    "role_members.open_adding": "role.update",
    "role_members.remove": "role.update",
    "role_members.select": SIGNED_IN,
    "role_members.unchoose": "role.update",
    "role_record.ask_delete": "role.read",
    "role_record.close_dialogs": SIGNED_IN,
    "role_record.delete": "role.delete",
    "role_record.keep": SIGNED_IN,
    "role_record.load": "role.read",
    "role_record.load_activity": "audit.read",
    "role_record.overwrite": "role.update",
    "role_record.review": "role.update",
    "role_record.save": "role.update",
    "role_record.take_theirs": "role.read",
    "sign_in.load": PUBLIC,
    "undoing.undo": "audit.undo",
    "user_access.ask_grant": "role.update",
    "user_access.choose_permission": "role.update",
    "user_access.close_dialogs": "role.read",
    "user_access.grant": "role.update",
    "user_access.load": "role.read",
    "user_access.overwrite": "role.update",
    "user_access.revoke": "role.update",
    "user_access.take_theirs": "role.read",
    "user_list.load": "user.read",
    "user_list.apply_bulk": "user.suspend",
    "user_list.cancel_bulk": SIGNED_IN,
    "user_list.plan_bulk": "user.suspend",
    **{f"user_list.{name}": SIGNED_IN for name in (*LISTS, *VIEWS)},
    "user_list.share_view": "view.share",
    "user_record.ask_delete": "user.delete",
    "user_record.close_dialogs": SIGNED_IN,
    "user_record.delete": "user.delete",
    "user_record.load": "user.read",
    "user_record.load_activity": "audit.read",
    "user_record.open_password": "user.update",
    "user_record.overwrite": "user.update",
    "user_record.reactivate": "user.suspend",
    "user_record.save": "user.update",
    "user_record.save_password": "user.update",
    "user_record.save_roles": "user.assign_roles",
    "user_record.suspend": "user.suspend",
    "user_record.take_theirs": "user.read",
    "user_sessions.load": "session.read",
    "user_sessions.revoke": "session.revoke",
    "user_sessions.revoke_all": "session.revoke",
}
"""Our own handlers by state and name, with the permission each needs."""

LET_THROUGH: Mapping[str, str] = {
    "state.hydrate": "sends the tab its own state, after it was bound to its user",
    "state.hydrate_and_load": "the same, and then opens the page, which the guard decides on",
    "state.set_is_hydrated": "the end of every page's loading; sets nothing but that flag",
    "on_load_internal_state.set_is_hydrated": "the same on another state",
    "on_load_internal_state.on_load_internal": "opens a page: answered by the guard's page policy",
}
"""Reflex's handlers that anybody may call, and why that is harmless."""

ONES_OWN = ("own_sessions.end_others", "session.end_others")
"""A handler that needs no argument to end one's own other sessions, and its action."""

PAGES: Mapping[str, str] = {
    "/": SIGNED_IN,
    "/access": "role.read",
    "/access/compare": "role.read",
    "/access/coverage": "role.read",
    "/access/explain": "role.read",
    "/access/holders": "role.read",
    "/audit": "audit.read",
    "/change-password": SIGNED_IN,
    "/profile": SIGNED_IN,
    "/profile/sessions": SIGNED_IN,
    "/roles": "role.read",
    "/roles/[role_id]": "role.read",
    "/roles/[role_id]/activity": "audit.read",
    "/roles/[role_id]/members": "role.read",
    "/roles/new": "role.create",
    "/sign-in": PUBLIC,
    "/users": "user.read",
    "/users/[user_id]": "user.read",
    "/users/[user_id]/access": "role.read",
    "/users/[user_id]/activity": "audit.read",
    "/users/[user_id]/sessions": "session.read",
    "/users/new": "user.create",
    # In development only.
    "/gallery": SIGNED_IN,
    "/gallery/sign-in": SIGNED_IN,
}
"""All pages by route, with the permission each needs."""

INTERNALS = re.compile(
    r"Traceback|File \\\"|site-packages|\.py\b|sqlalchemy|sqlite|asyncpg|pydantic|"
    # The page of all guards names routes: `DELETE /api/v1/users/{user_id}`.
    r"\b(?:SELECT|INSERT|UPDATE|DELETE)\b(?! /(?:api|session)/)|Error\b\(|NoneType|self\._|"
    r"object at 0x"
)

USERS = "app___features___users___state"


def needs_permission(permission: str) -> bool:
    """Whether being signed in is not enough."""
    return permission not in (PUBLIC, SIGNED_IN)


class TestTable:
    """What can be called is written down here, so that a change is seen."""

    def test_opened_handlers(self) -> None:
        """Each of our handlers needs exactly the permission in the table."""
        opened = {
            short(name): str(permission)
            for name, registered in handlers().items()
            if (permission := permission_of(registered.handler.fn)) is not None
        }

        assert opened == dict(OPENED)

    def test_names_are_unique(self) -> None:
        """No two handlers look the same in the table."""
        names = [short(name) for name in handlers()]

        assert len(names) == len(set(names))

    def test_let_through(self) -> None:
        """Each of Reflex's handlers that the guard lets through exists and has a reason here."""
        names = {*event_guard._FRAMEWORK, *filter(is_navigation, handlers())}

        assert names <= set(handlers())
        assert {short(name) for name in names} == set(LET_THROUGH)

    def test_permissions_exist(self) -> None:
        """A misspelt permission would lock everybody out."""
        known = {PUBLIC, SIGNED_IN, *map(str, build_registry().permissions)}

        assert {*OPENED.values(), *PAGES.values()} <= known

    def test_pages(self) -> None:
        """Each page needs exactly the permission in the table."""
        assert {page.route: str(page.permission) for page in build_registry().pages} == dict(PAGES)

    def test_production_pages(self) -> None:
        """The gallery is not part of a production installation."""
        policy = PagePolicy(build_registry(), development=False)

        assert policy.by_path("/users") is not None
        assert policy.by_path("/gallery") is None
        assert policy.by_route("/gallery/sign-in") is None


@pytest.mark.slow
class TestWithoutRights:
    """Calling everything without rights changes nothing and is written down."""

    async def test_anonymous(self, one_worker: Server) -> None:
        """Nobody signed in."""
        victim = await add_victim(one_worker)
        async with watched(one_worker) as watch, console(one_worker) as tab:
            await call_everything(tab, victim)

            assert tab.of("console")["email"] == ""
            assert victim.display_name not in tab.text
            assert ADMIN_EMAIL not in tab.text
            assert await watch.denials() == denials_of(lambda permission: permission != PUBLIC)

    async def test_guest(self, one_worker: Server) -> None:
        """Signed in, without any permission."""
        victim = await add_victim(one_worker)
        async with one_worker.platform() as platform:
            guest = await one_worker.add_user(platform, "guest")
        cookie = await one_worker.sign_in(guest.email, PASSWORD)
        async with watched(one_worker) as watch, console(one_worker, cookie) as tab:
            await call_everything(tab, victim)

            assert victim.display_name not in tab.text
            assert ADMIN_EMAIL not in tab.text
            assert await watch.denials() == denials_of(needs_permission)

    async def test_just_downgraded(self, one_worker: Server) -> None:
        """Their tab still holds a selection, a record and open dialogs, ready to be confirmed."""
        victim = await add_victim(one_worker)
        async with one_worker.platform() as platform:
            user = await one_worker.add_user(platform, "admin")
        cookie = await one_worker.sign_in(user.email, PASSWORD)
        async with console(one_worker, cookie) as tab:
            await prepare_everything(tab, victim)
            async with one_worker.platform() as platform:
                await platform.caller(SYSTEM)(UserService.assign_roles, user.id, ["guest"])
            async with watched(one_worker) as watch:
                await call_everything(tab, victim)

                assert await watch.denials() == denials_of(needs_permission)

    @pytest.mark.parametrize("role", ["", "guest"], ids=["anonymous", "guest"])
    async def test_garbage(self, one_worker: Server, role: str) -> None:
        """Neither do arguments that nobody expects."""
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


@pytest.mark.slow
class TestResume:
    """The one handler that ends a connection ends its own only."""

    @pytest.mark.parametrize("arguments", [{}, {"token": "{token}"}, {"tab": ["{token}"]}])
    async def test_closes_own_socket(self, one_worker: Server, arguments: dict[str, Any]) -> None:
        """Another tab's token, in the arguments or in the address, changes nothing."""
        async with console(one_worker) as other:
            given = json.loads(json.dumps(arguments).replace("{token}", other.token))
            for token in ("", other.token):
                async with console(one_worker, token=token) as tab:
                    await tab.send(resume(), given)
                    if given:
                        await tab.settle()
                    else:
                        await tab.closed()
            await other.settle()


@pytest.mark.slow
class TestGarbage:
    """Whatever is sent, the server goes on and tells nothing of its inside."""

    @pytest.mark.parametrize("name", sorted(filter(is_ours, handlers())), ids=short)
    async def test_from_an_administrator(self, one_worker: Server, name: str) -> None:
        """Arguments that are missing, too many, of the wrong type or much too large."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with watched(one_worker), console(one_worker, cookie) as tab:
            await call_with_garbage(tab, [name], GARBAGE)

            assert INTERNALS.findall(answers_of(tab)) == []
        assert await is_well(one_worker)

    @pytest.mark.parametrize("page", PAGES)
    async def test_in_addresses(self, one_worker: Server, page: str) -> None:
        """Queries of a page: of the wrong type, much too long, or meant for a database."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with console(one_worker, cookie) as tab:
            for words in WORDS:
                query = "&".join(f"{name}={quote(words[:5_000])}" for name in QUERY)
                await tab.open(f"{address_of(page)}?{query}")
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
            {"name": "a" * 100_000},
            {"name": f"{ROOT_STATE}.hydrate", "payload": None},
            {"name": f"{ROOT_STATE}.hydrate", "payload": [1]},
            {"name": f"{ROOT_STATE}.hydrate", "router_data": None},
            {"name": f"{ROOT_STATE}.hydrate", "router_data": [1]},
            {"name": HYDRATE, "payload": {"vars": [1], "hashes": 7}},
            {"name": HYDRATE, "payload": {"vars": {"no.such": 1}}},
            {"name": HYDRATE, "payload": {"hashes": ["a"] * 1000}},
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


@pytest.mark.slow
class TestPages:
    """Pages by full load and by navigation in the browser: the same answer."""

    @pytest.mark.parametrize("route", PAGES)
    async def test_anonymous(self, one_worker: Server, route: str) -> None:
        """Nobody signed in is led to the sign-in, and back afterwards."""
        path = address_of(route)
        expected = f"/sign-in?next={quote(path)}" if path != "/" else "/sign-in"
        async with one_worker.client() as client, console(one_worker, path="/sign-in") as tab:
            answer = await client.get(path)
            await tab.open(path)

        if PAGES[route] == PUBLIC:
            assert answer.status_code == 200
            assert redirects(tab) == []
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, expected)
            assert answer.text == ""
            assert redirects(tab) == [expected]

    @pytest.mark.parametrize("query", ["?q=a&sort=-email", "?next=//evil.example", ""])
    async def test_way_back_keeps_the_query(self, one_worker: Server, query: str) -> None:
        """Search, filters and page are there again after signing in."""
        async with one_worker.client() as client:
            answer = await client.get(f"/users{query}")

        assert answer.headers["location"] == f"/sign-in?next={quote('/users' + query)}"

    @pytest.mark.parametrize("route", PAGES)
    async def test_guest(self, one_worker: Server, route: str) -> None:
        """Without the permission the page says which one; nothing of it is loaded."""
        path = address_of(route)
        async with one_worker.platform() as platform:
            guest = await one_worker.add_user(platform, "guest")
            cookie = await one_worker.sign_in(guest.email, PASSWORD)
            async with one_worker.client(cookie) as client, console(one_worker, cookie) as tab:
                answer = await client.get(path)
                await tab.open(path)
            entries = await platform.audit(actor_id=guest.id, outcome="denied")
        permission = PAGES[route]

        if route == "/sign-in":
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            assert redirects(tab) == ["/"]
        elif permission == SIGNED_IN:
            assert answer.status_code == 200
            assert tab.of("console")["refused"] == ""
            assert entries == []
        else:
            assert answer.status_code == 403
            assert tab.of("console")["refused"] == permission
            assert tab.state[ROOT_STATE]["is_hydrated"] is True
            assert [entry.action for entry in entries] == [permission, permission]
            assert ADMIN_EMAIL not in tab.text

    @pytest.mark.parametrize("route", sorted(set(PAGES) - {"/sign-in"}))
    async def test_administrator(self, one_worker: Server, route: str) -> None:
        """With all permissions every page opens; who is signed in needs no sign-in."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with one_worker.client(cookie) as client, console(one_worker, cookie) as tab:
            answer = await client.get(address_of(route))
            await tab.open(address_of(route))

        assert answer.status_code == 200
        assert answer.headers["cache-control"] in ("no-cache", "no-store")
        assert tab.of("console")["refused"] == ""
        assert redirects(tab) == []

    @pytest.mark.parametrize(
        "path",
        [
            "/no-such-page",
            "/users/a/b/c",
            "/Users",
            "/users.html",
            "/index.html",
            "/404.html",
            "/__spa-fallback.html",
            "/users/index.html",
            "/users/new.html/",
            "/assets/../users.html",
            "/%2e%2e/pyproject.toml",
            "/..%2fpyproject.toml",
            "/.env",
            "/api",
            "/api/v2/users",
            "/session/other",
            "/_event2",
            "/[user_id]",
            "/users/[user_id]/activity/",
        ],
    )
    async def test_unknown(self, one_worker: Server, path: str) -> None:
        """What leads nowhere says so, to everybody alike, and shows nothing of a page."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        for sent in ("", cookie):
            async with one_worker.client(sent) as client:
                answer = await client.get(path)

            assert answer.status_code in (303, 400, 404) if not sent else (400, 404)
            assert "New user" not in answer.text

    @pytest.mark.parametrize("suffix", ["", "/", "//", "/index.html", ".html", "?", "%20", "#"])
    async def test_no_file_of_a_page_is_public(self, one_worker: Server, suffix: str) -> None:
        """The build's documents are reachable under no name but their page's."""
        public = {route for route, permission in PAGES.items() if permission == PUBLIC}
        files = {path.relative_to(WEB / "build" / "client") for path in documents()}
        async with one_worker.client() as client:
            for file in files:
                stem = f"/{file.with_suffix('').as_posix()}"
                if stem.rstrip("/") in public:
                    continue
                answer = await client.get(f"{stem}{suffix}")
                assert answer.status_code in (303, 404), answer.url


# What the tests above are made of.

WORDS = (
    "x" * 100_000,
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
    ["x"] * 10_000,
    {},
    {"": ""},
    {"form": None},
    {"email": ["a"], "roles": 7, "password": {"a": 1}},
    {str(number): number for number in range(5_000)},
)


def address_of(route: str) -> str:
    """An address of the page; the record it is about does not exist."""
    return re.sub(r"\[\w+\]", str(UUID(int=7)), route)


def documents() -> Iterator[Any]:
    """The HTML files of the build."""
    return (WEB / "build" / "client").rglob("*.html")


def redirects(tab: Console) -> list[str]:
    """Where the browser was told to go."""
    return [
        str(command["payload"]["path"])
        for command in tab.commands
        if command["name"].endswith("_redirect")
    ]


def answers_of(tab: Console) -> str:
    """All that the server has said of its own, without the request that it repeats."""
    echoes = re.compile(r'"(?:rx_router_\w+|search|filters|chips|sort)_rx_state_"')
    parts = []
    for message in tab.raw:
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


def denials_of(counts: Callable[[str], bool]) -> Counter[str]:
    """How many denials of which permission there are to be after calling everything once."""
    permissions = (
        OPENED.get(short(name), event_guard._UNOPENED)
        for name in handlers()
        if short(name) not in LET_THROUGH
    )
    return Counter(permission for permission in permissions if counts(permission))


class Watch:
    """What happens in a server's database from now on."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._before: dict[str, list[tuple[Any, ...]]] = {}
        self._last = UUID(int=0)

    async def begin(self) -> None:
        """Remember what there is."""
        self._before = await self._contents()
        self._last = max((entry.id for entry in await self.platform.audit()), default=self._last)

    async def denials(self) -> Counter[str]:
        """How many denied calls of handlers by which permission."""
        denied = [entry for entry in await self.entries() if entry.target_id in handlers()]
        assert {entry.outcome for entry in denied} <= {"denied"}
        return Counter(entry.action for entry in denied)

    async def entries(self) -> list[AuditEntry]:
        """The new entries of the audit trail."""
        return [entry for entry in await self.platform.audit() if entry.id > self._last]

    async def end(self) -> None:
        """Check that nothing was done."""
        assert await self._contents() == self._before
        done = [entry for entry in await self.entries() if entry.outcome == "succeeded"]
        assert [entry for entry in done if entry.action != ONES_OWN[1]] == []

    async def _contents(self) -> dict[str, list[tuple[Any, ...]]]:
        return await self.platform.contents(without=["core_audit_entries"])


@asynccontextmanager
async def watched(server: Server) -> AsyncIterator[Watch]:
    """Fail when the block changes anything in the database but the audit trail."""
    async with server.platform() as platform:
        watch = Watch(platform)
        await watch.begin()
        yield watch
        await watch.end()


async def add_victim(server: Server) -> UserRead:
    """Somebody whom nobody without rights gets to see."""
    async with server.platform() as platform:
        return await server.add_user(platform, "user", display_name=f"Victim {uuid4().hex}")


async def prepare_everything(tab: Console, victim: UserRead) -> None:
    """Bring an administrator's tab to where one more click would do something."""
    await tab.open(f"/users?q={victim.email}")
    await tab.call(
        f"{ROOT_STATE}.{USERS}____user_list.select", {"ids": [str(victim.id)], "chosen": True}
    )
    await tab.call(f"{ROOT_STATE}.{USERS}____user_list.plan_bulk", {"action": "suspend"})
    await tab.open(f"/users/{victim.id}")
    await tab.call(f"{ROOT_STATE}.{USERS}____user_record.ask_delete")
    await tab.call(f"{ROOT_STATE}.{USERS}____user_record.open_password")

    assert tab.of("user_list")["bulk_names"] == [victim.display_name]
    assert tab.of("user_record")["user"]["email"] == victim.email
    assert tab.of("user_record")["deleting"] is True


async def call_everything(tab: Console, victim: UserRead) -> None:
    """Call every handler once with arguments as the page would send them."""
    for name in handlers():
        if not is_navigation(name) and short(name) != RESUME:
            await tab.send(name, plausible(name, victim), path=f"/users/{victim.id}")
    await tab.settle()


async def call_with_garbage(tab: Console, names: Iterable[str], garbage: Iterable[Any]) -> None:
    """Call handlers with all kinds of arguments that they do not expect."""
    garbage = list(garbage)
    for name in names:
        if short(name) in (RESUME, ONES_OWN[0]):
            continue
        parameters = list(parameters_of(name))
        await tab.send(name, {"no_such_argument": 1})
        await tab.send(name, dict.fromkeys([*parameters, "no_such_argument"], ""))
        for each in garbage:
            await tab.send(name, dict.fromkeys(parameters, each))
            await tab.emit("event", {"name": name, "payload": each})
    await tab.settle()


def resume() -> str:
    """The name of the handler on the wire."""
    return next(name for name in handlers() if short(name) == RESUME)


async def is_well(server: Server) -> bool:
    """Whether the server runs, is ready, and serves the next visitor."""
    cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
    async with server.client() as client, console(server, cookie, path="/users") as tab:
        ready = await client.get("/ready")
    return server.is_running and ready.status_code == 200 and bool(tab.of("user_list")["rows"])

"""Whatever is sent, the answer is a problem with a stable code: never a defect, never a trace."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app.core.audit import AuditEntry
from app.features.users.schemas import UserRead
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform

pytestmark = pytest.mark.slow

USERS = "/api/v1/users"
JSON = {"Content-Type": "application/json"}
AUDIT = str(AuditEntry.__tablename__)


@dataclass(frozen=True)
class Case:
    """A wrong request and the right answer; `{id}` stands for an existing user."""

    name: str
    method: str
    path: str
    status: int
    code: str
    fields: frozenset[str] = frozenset()
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def body(name: str, content: str | bytes, status: int, code: str, *fields: str) -> Case:
    """A wrong body of a new user."""
    raw = content.encode() if isinstance(content, str) else content
    return Case(name, "POST", USERS, status, code, frozenset(fields), raw, JSON)


def user(name: str, details: str, *fields: str) -> Case:
    """A new user with some wrong details, all others being right."""
    right = {"email": "ada@example.com", "display_name": "Ada", "password": PASSWORD}
    others = [f'"{key}": "{value}"' for key, value in right.items() if f'"{key}":' not in details]
    return body(name, f"{{{', '.join([*others, details])}}}", 422, "request.invalid", *fields)


def query(name: str, text: str, *fields: str, path: str = USERS, code: str = "") -> Case:
    """A wrong query of a list."""
    return Case(name, "GET", f"{path}?{text}", 422, code or "request.invalid", frozenset(fields))


def form(name: str, media_type: str, content: bytes = b"a=b") -> Case:
    """A body of another type."""
    headers = {"Content-Type": media_type} if media_type else {}
    return Case(name, "POST", USERS, 415, "request.media_type", frozenset(), content, headers)


MALFORMED, NOT_JSON = "request.malformed", "request.body.not_json"
NOT_FOUND, METHOD = "route.not_found", "route.method_not_allowed"
MANY_FIELDS = "{" + ", ".join(f'"{number}": 1' for number in range(1001)) + "}"
CURSOR, SORT = "page.cursor.invalid", "page.sort.unknown"

CASES = [
    # Not JSON at all.
    body("cut off", "{", 400, NOT_JSON),
    body("two values", "{} {}", 400, NOT_JSON),
    body("single quotes", "{'email': 1}", 400, NOT_JSON),
    body("text", "hello", 400, NOT_JSON),
    body("NUL", b"\0", 400, NOT_JSON),
    body("not UTF-8", b'{"email": "\xff"}', 400, MALFORMED),
    body("deep list", "[" * 30_000 + "]" * 30_000, 400, MALFORMED),
    body("rather deep list", "[" * 33 + "]" * 33, 400, MALFORMED),
    body("deep object", '{"a":' * 10_000 + "1" + "}" * 10_000, 400, MALFORMED),
    body("number of 5,000 digits", '{"email": ' + "9" * 5000 + "}", 400, MALFORMED),
    # JSON of another shape.
    body("nothing", "", 422, "request.invalid", "body"),
    body("null", "null", 422, "request.invalid", "body"),
    body("list", "[]", 422, "request.invalid", "body"),
    body("string", '"x"', 422, "request.invalid", "body"),
    body("number", "1e400", 422, "request.invalid", "body"),
    body("empty", "{}", 422, "request.invalid", "email", "display_name"),
    user("number as address", '"email": 1', "email"),
    user("object as address", '"email": {"$ne": null}', "email"),
    user("no address", '"email": "ada"', "email"),
    user("long address", f'"email": "{"x" * 300}@example.com"', "email"),
    user("list as name", '"display_name": ["Ada"]', "display_name"),
    user("empty name", '"display_name": "  "', "display_name"),
    user("long name", f'"display_name": "{"x" * 101}"', "display_name"),
    user("name that composes longer", f'"display_name": "{"क़" * 100}"', "display_name"),
    user("name that turns the text around", r'"display_name": "a\u202eb"', "display_name"),
    user("NUL in the name", r'"display_name": "a\u0000b"', "display_name"),
    user("half a character", r'"display_name": "\ud800"', "display_name"),
    user("half an address", r'"email": "\ud800@example.com"', "email"),
    user("NUL in the password", r'"password": "abcdefgh\u0000"', "password"),
    user("half a password", r'"password": "abcdefgh\ud800"', "password"),
    user("long password", f'"password": "{"x" * 1025}"', "password"),
    user("word as flag", '"verified": "maybe"', "verified"),
    user("string as roles", '"roles": "user"', "roles"),
    user("NUL in a role", r'"roles": ["\u0000"]', "roles.0"),
    user("half a role", r'"roles": ["user", "\ud800"]', "roles.1"),
    user("too many roles", f'"roles": {["x"] * 51}'.replace("'", '"'), "roles"),
    user("unknown field", '"is_admin": true', "is_admin"),
    user("stored field", '"password_hash": "x"', "password_hash"),
    user("NUL as field", r'"\u0000": 1', "\0"),
    body("half a field", r'{"\ud800": 1}', 422, "request.invalid", "body"),
    *[
        Case(f"null as {name}", "PATCH", f"{USERS}/{{id}}", 422, "request.invalid",
             frozenset({name}), f'{{"{name}": null}}'.encode(), JSON)
        for name in ("display_name", "must_change_password")
    ],
    Case("wrong details of a change", "PATCH", f"{USERS}/{{id}}", 422, "request.invalid",
         frozenset({"display_name", "must_change_password"}),
         b'{"display_name": "", "must_change_password": "maybe"}', JSON),
    Case("wrong address", "POST", f"{USERS}/{{id}}/email", 422, "request.invalid",
         frozenset({"email", "verified"}), b'{"email": "x", "verified": "maybe"}', JSON),
    Case("wrong start of a reset", "POST", f"{USERS}/{{id}}/reset-credentials", 422,
         "request.invalid", frozenset({"end_sessions"}), b'{"end_sessions": "maybe"}', JSON),
    body("address twice", '{"email": "a@example.com", "email": "b@example.com"}', 400, MALFORMED),
    body("name twice deep inside", '{"roles": [{"a": 1, "a": 1}]}', 400, MALFORMED),
    Case("version zero", "PATCH", f"{USERS}/{{id}}", 422, "request.invalid",
         frozenset({"version"}), b'{"version": 0}', JSON),
    Case("version NaN", "PATCH", f"{USERS}/{{id}}", 422, "request.invalid",
         frozenset({"version"}), b'{"version": NaN}', JSON),
    Case("huge version", "PATCH", f"{USERS}/{{id}}", 409, "user.version.conflict",
         frozenset(), b'{"version": ' + b"9" * 4000 + b"}", JSON),
    Case("half a replacement", "PUT", f"{USERS}/{{id}}", 422, "request.invalid",
         frozenset({"display_name"}), b'{"must_change_password": true}', JSON),
    Case("unknown role", "POST", f"{USERS}/{{id}}/roles", 422, "user.role.unknown",
         frozenset({"roles"}), b'{"roles": ["emperor"]}', JSON),
    # Too large, or too much of it.
    body("too large", b'{"display_name": "' + b"x" * 64 * 1024 + b'"}', 413,
         "request.body.too_large"),
    body("too many fields", MANY_FIELDS, 422,
         "request.body.too_many_values"),
    body("too many items", f'{{"roles": [{", ".join(["{}"] * 1001)}]}}', 422,
         "request.body.too_many_values"),
    Case("too large for a stranger", "POST", "/api/v1/auth/login", 413, "request.body.too_large",
         content=b" " * 4097, headers=JSON),
    Case("two lengths", "POST", USERS, 400, "request.length.ambiguous", content=b"{}",
         headers={**JSON, "Content-Length": "2", "Transfer-Encoding": "chunked"}),
    # Another media type.
    form("form", "application/x-www-form-urlencoded"),
    form("text", "text/plain", b'{"email": "ada@example.com"}'),
    form("no type", "", b'{"email": "ada@example.com"}'),
    form("multipart", "multipart/form-data; boundary=x", b"--x--"),
    form("damaged multipart", "multipart/form-data"),
    form("damaged type", "/;;=", b"{}"),
    # Addresses.
    Case("unknown path", "GET", "/api/v1/nothing", 404, NOT_FOUND),
    Case("unknown version", "GET", "/api/v9/users", 404, NOT_FOUND),
    Case("no path", "GET", "/api", 404, NOT_FOUND),
    Case("slash at the end", "GET", f"{USERS}/", 404, NOT_FOUND),
    Case("up", "GET", "/api/v1/users/../../etc/passwd", 404, NOT_FOUND),
    Case("encoded up", "GET", "/api/v1/users/%2e%2e%2fx", 404, NOT_FOUND),
    Case("wrong method", "PUT", USERS, 405, METHOD),
    Case("invented method", "BREW", USERS, 405, METHOD),
    Case("no id", "GET", f"{USERS}/1", 422, "request.invalid", frozenset({"user_id"})),
    Case("long id", "GET", f"{USERS}/{'x' * 2000}", 422, "request.invalid", frozenset({"user_id"})),
    Case("long address", "GET", f"{USERS}/{'x' * 2048}", 414, "request.address.too_long"),
    Case("long query", "GET", f"{USERS}?q={'x' * 2048}", 414, "request.address.too_long"),
    Case("many parameters", "GET", f"{USERS}?{'&'.join(['q=x'] * 51)}", 400,
         "request.parameters.too_many"),
    Case("NUL id", "DELETE", f"{USERS}/%00", 422, "request.invalid", frozenset({"user_id"})),
    Case("half an id", "GET", f"{USERS}/%ed%a0%80", 422, "request.invalid", frozenset({"user_id"})),
    Case("missing id", "GET", f"{USERS}/01890000-0000-7000-8000-000000000000", 404,
         "user.not_found"),
    Case("missing entry", "GET", "/api/v1/audit/01890000-0000-7000-8000-000000000000", 404,
         "audit.not_found"),
    # Queries.
    query("unknown parameter", "page=2", "page"),
    query("no limit", "limit=0", "limit"),
    query("large limit", "limit=201", "limit"),
    query("word as limit", "limit=many", "limit"),
    query("huge limit", "limit=" + "9" * 2000, "limit"),
    query("unknown sort", "sort=password_hash", "sort", code=SORT),
    query("empty sort", "sort=", "sort", code=SORT),
    query("odd sort", "sort=%00", "sort", code=SORT),
    query("long sort", "sort=" + "x" * 101, "sort"),
    query("damaged cursor", "cursor=zz", "cursor", code=CURSOR),
    query("odd cursor", "cursor=%00%ff", "cursor", code=CURSOR),
    query("long cursor", "cursor=" + "x" * 2001, "cursor"),
    query("long search", "q=" + "x" * 201, "q"),
    query("unknown status", "status=gone", "status"),
    query("limit twice", "limit=5&limit=6", "limit"),
    query("same limit twice", "limit=5&limit=5", "limit"),
    query("unknown parameter twice", "page=2&page=3", "page"),
    query("no name", "=1", "body"),
    query("parameter of an operation without any", "limit=1", "limit", path="/api/v1/permissions"),
    query("parameter of one user", "fields=email", "fields", path="/api/v1/auth/me"),
    query("NUL as role", "role=%00", "role"),
    query("NUL as action", "action=%00", "action", path="/api/v1/audit"),
    query("no actor", "actor_id=me", "actor_id", path="/api/v1/audit"),
    query("unknown outcome", "outcome=maybe", "outcome", path="/api/v1/audit"),
    query("naive time", "since=2026-01-01T00:00:00", "since", path="/api/v1/audit"),
    query("sort of another list", "sort=email", "sort", path="/api/v1/audit", code=SORT),
    # Who calls.
    Case("another scheme", "GET", USERS, 401, "auth.scheme", headers={"Authorization": "Basic x"}),
    Case("no scheme", "GET", USERS, 401, "auth.scheme", headers={"Authorization": "x"}),
    Case("no token", "GET", USERS, 401, "auth.scheme", headers={"Authorization": "Bearer "}),
    Case("odd token", "GET", USERS, 401, "auth.token.invalid",
         headers={"Authorization": "Bearer a.b.c"}),
]  # fmt: skip


@pytest.fixture
async def ada(make_user: UserFactory) -> UserRead:
    """An existing user."""
    return await make_user(email="existing@example.com")


def check_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Whether the answer is this problem, complete and free of internals."""
    problem: dict[str, Any] = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]
    for word in ("Traceback", "sqlalchemy", "SELECT", "INSERT", "core_users", 'File "'):
        assert word not in response.text
    return problem


@pytest.mark.actor("admin")
class TestBadInput:
    """An administrator sends nonsense."""

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    async def test_is_refused(
        self, client: httpx.AsyncClient, platform: Platform, ada: UserRead, case: Case
    ) -> None:
        """The right status and code, the fields at fault, and nothing stored."""
        before = await platform.contents(without=[AUDIT])

        response = await client.request(
            case.method,
            case.path.replace("{id}", str(ada.id)),
            content=case.content,
            headers=case.headers,
        )

        problem = check_problem(response, case.status, case.code)
        assert set(problem.get("fields") or {}) == case.fields
        assert await platform.contents(without=[AUDIT]) == before

    async def test_chunks_of_no_declared_length(self, client: httpx.AsyncClient) -> None:
        """A body that grows beyond the limit is refused when it does."""

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(11):
                yield b" " * 10_000

        response = await client.post(USERS, content=endless(), headers=JSON)

        check_problem(response, 413, "request.body.too_large")

    async def test_secrets_are_not_repeated(self, client: httpx.AsyncClient) -> None:
        """What is wrong with a password is said without the password."""
        details = {"email": "a", "display_name": 1, "password": ["hidden"], "x": "hidden"}

        response = await client.post(USERS, json=details)

        check_problem(response, 422, "request.invalid")
        assert "hidden" not in response.text

    @pytest.mark.parametrize(
        "name",
        ["👩‍💻 Ada", "محمد الأمين", "שלום", "山田 太郎", "<script>", "';--", "ﷺ" * 100],
    )
    async def test_odd_but_right(self, client: httpx.AsyncClient, name: str) -> None:
        """Names from everywhere are stored and given back as they were sent."""
        details = {"email": "ada@example.com", "display_name": name, "password": PASSWORD}

        response = await client.post(USERS, json=details)

        assert response.status_code == 201
        created = response.json()
        assert created["display_name"] == name
        assert (await client.get(f"{USERS}/{created['id']}")).json() == created

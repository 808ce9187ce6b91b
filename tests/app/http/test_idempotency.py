"""A request with an `Idempotency-Key` is carried out once."""

import asyncio
import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dishka import make_async_container
from pydantic import BaseModel, SecretStr
from sqlalchemy import update
from sqlmodel import select

from app.bootstrap import build_registry
from app.core import clock
from app.core.actor import SYSTEM
from app.core.permissions import PUBLIC
from app.core.unit_of_work import UnitOfWork
from app.features.request_keys import service as keys
from app.features.request_keys.models import RequestKey
from app.features.request_keys.service import KEPT_FOR, LONGEST
from app.http.api import build_api
from app.http.routing import ConsoleRoute, OperationRoute
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Platform, SignedIn
from examples.inventory.module import module as inventory

ROLES, USERS = "/api/v1/roles", "/api/v1/users"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
NAMED = {"Idempotency-Key": KEY}
SECRET = re.compile(r"password|token|secret|cookie|link|^url$")


async def change_kept(platform: Platform, **values: Any) -> None:
    """Change what is remembered of requests."""
    async with (await platform.database()).writing.begin() as connection:
        await connection.execute(update(RequestKey).values(**values))


async def kept(platform: Platform) -> list[RequestKey]:
    """All that is remembered."""
    async with platform.caller(SYSTEM).unit() as unit:
        session = (await unit.get(UnitOfWork)).session
        found = list((await session.execute(select(RequestKey))).scalars())
        session.expunge_all()
    return found


def role(name: str = "Buyers") -> dict[str, Any]:
    """A new role."""
    return {"name": name}


@pytest.mark.actor("admin")
class TestOnce:
    """The same request again."""

    async def test_again(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """It is answered as before, and nothing is done or recorded again."""
        first = await client.post(ROLES, json=role(), headers=NAMED)
        again = await client.post(ROLES, json=role(), headers=NAMED)

        assert first.status_code == again.status_code == 201
        assert again.content == first.content
        for name in ("etag", "location", "content-type"):
            assert again.headers.get(name) == first.headers.get(name)
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
        assert len(await platform.audit(action="role.create", target_label="Buyers")) == 1

    async def test_without_body(
        self, client: httpx.AsyncClient, platform: Platform, make_user: UserFactory
    ) -> None:
        """Requests and answers may be empty."""
        user = await make_user()
        path = f"{USERS}/{user.id}/suspend"
        first, again = [await client.post(path, headers=NAMED) for _ in range(2)]

        assert (first.status_code, again.status_code) == (200, 200)
        assert again.content == first.content
        assert len(await platform.audit(action="user.suspend")) == 1

    async def test_refused(self, client: httpx.AsyncClient, make_role: RoleFactory) -> None:
        """What an operation refused it refuses again, also when it could be done by now."""
        taken = await make_role(name="Buyers")
        first = await client.post(ROLES, json=role(), headers=NAMED)
        await client.delete(f"{ROLES}/{taken.id}")
        again = await client.post(ROLES, json=role(), headers=NAMED)

        assert first.status_code == again.status_code == 409
        assert again.json() == first.json()
        assert again.headers["content-type"] == "application/problem+json"
        assert (await client.post(ROLES, json=role())).status_code == 201

    async def test_not_readable(self, client: httpx.AsyncClient) -> None:
        """A key is not used up by input that no operation has seen."""
        for sent in ({"json": {"no": 1}}, {"content": "{", "headers": {}}):
            headers = NAMED | {"Content-Type": "application/json"}
            refused = await client.post(ROLES, **sent | {"headers": headers})  # type: ignore[arg-type]  # keywords
            assert refused.status_code in {400, 422}
        assert (await client.post(ROLES, json=role(), headers=NAMED)).status_code == 201

    async def test_failed(
        self, client: httpx.AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What came to nothing by our fault is tried again."""

        async def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patched:
            patched.setattr("app.core.audit.AuditTrail.record_success", fail)
            failed = await client.post(ROLES, json=role(), headers=NAMED)
        assert failed.status_code == 500
        platform.reports.clear()
        assert await kept(platform) == []

        done = await client.post(ROLES, json=role(), headers=NAMED)
        assert done.status_code == 201
        assert "idempotency-replayed" not in done.headers

    async def test_another(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """A key names one request: another body, query or path is refused."""
        await client.post(ROLES, json=role(), headers=NAMED)
        for path, body in ((ROLES, role("Sellers")), (USERS, role()), (f"{ROLES}/what-if", {})):
            refused = await client.post(path, json=body, headers=NAMED)
            assert refused.status_code == 422, path
            assert refused.json()["code"] == "request.idempotency_key.reused"
        assert await platform.audit(action="role.create", target_label="Sellers") == []

    @pytest.mark.parametrize(
        "key", ["", '""', '"', "a b", "a,b", '"a', 'a"', "ä", '"a";x=1', "x" * 256, '"a\\"b"']
    )
    async def test_malformed(self, client: httpx.AsyncClient, key: str) -> None:
        """What is no key is refused before anything is done."""
        headers = {"Idempotency-Key": key.encode()}
        refused = await client.post(ROLES, json=role(), headers=headers)  # type: ignore[arg-type]  # bytes are taken
        assert refused.status_code == 400
        assert refused.json()["code"] == "request.idempotency_key.invalid"
        assert (await client.post(ROLES, json=role())).status_code == 201

    async def test_twice(self, client: httpx.AsyncClient) -> None:
        """Two keys are none."""
        headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        assert (await client.post(ROLES, json=role(), headers=headers)).status_code == 400

    async def test_quoted(self, client: httpx.AsyncClient) -> None:
        """With and without quotation marks it is the same key."""
        await client.post(ROLES, json=role(), headers=NAMED)
        again = await client.post(ROLES, json=role(), headers={"Idempotency-Key": f'"{KEY}"'})
        assert again.headers["idempotency-replayed"] == "true"

    async def test_at_once(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """Of many at once one is carried out; the others are refused or answered as it was."""
        answers = await asyncio.gather(
            *(client.post(ROLES, json=role(), headers=NAMED) for _ in range(8))
        )
        assert {each.status_code for each in answers} <= {201, 409}
        codes = {each.json()["code"] for each in answers if each.status_code == 409}
        assert codes <= {"request.idempotency_key.in_use"}
        done = [each for each in answers if each.status_code == 201]
        assert len({each.content for each in done}) == 1
        assert sum("idempotency-replayed" not in each.headers for each in done) == 1
        assert len(await platform.audit(action="role.create", target_label="Buyers")) == 1

    async def test_others(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """Each caller has keys of their own."""
        await client.post(ROLES, json=role(), headers=NAMED)
        other = await platform.sign_in(await UserFactory(platform)(roles=["admin"]), PASSWORD)
        async with platform.client(other.tokens.access_token) as second:
            done = await second.post(ROLES, json=role("Sellers"), headers=NAMED)
        assert done.status_code == 201

    async def test_next_day(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """After a day a key can be used anew, whether it has been forgotten or not."""
        await client.post(ROLES, json=role(), headers=NAMED)
        old = clock.now() - KEPT_FOR - timedelta(seconds=1)
        await change_kept(platform, started_at=old)
        done = await client.post(ROLES, json=role("Sellers"), headers=NAMED)
        assert done.status_code == 201

    async def test_only_posts(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """Other methods are what they are, and whoever is not signed in is not known again."""
        assert (await client.get(ROLES, headers=NAMED)).status_code == 200
        credentials = {"email": "nobody@example.com", "password": "no such password"}
        for _ in range(2):
            refused = await client.post("/api/v1/auth/login", json=credentials, headers=NAMED)
            assert refused.status_code == 401
        async with platform.client() as stranger:
            assert (await stranger.post(ROLES, json=role(), headers=NAMED)).status_code == 401
        assert await kept(platform) == []


@pytest.mark.actor("admin")
class TestLimits:
    """What is not kept, and not for everybody."""

    async def test_being_answered(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """While the first is answered the second is refused, but not after its process died."""
        first = await client.post(ROLES, json=role(), headers=NAMED)
        await client.delete(f"{ROLES}/{first.json()['id']}")
        await change_kept(platform, status=None, body=None)
        refused = await client.post(ROLES, json=role(), headers=NAMED)
        assert refused.status_code == 409
        assert refused.json()["code"] == "request.idempotency_key.in_use"

        await change_kept(platform, started_at=clock.now() - LONGEST)
        done = await client.post(ROLES, json=role(), headers=NAMED)
        assert done.status_code == 201
        assert "idempotency-replayed" not in done.headers

    async def test_forbidden(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """Whoever has lost the permission is not answered as before."""
        await client.post(ROLES, json=role(), headers=NAMED)
        await change_kept(platform, access_hash="of other grants")
        again = await client.post(ROLES, json=role(), headers=NAMED)
        assert again.status_code == 409
        assert again.json()["code"] == "request.idempotency_key.answer_not_kept"
        assert again.json()["answered_with"] == 201

    async def test_large(
        self, client: httpx.AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A large answer is not kept, but what was done is not done again."""
        monkeypatch.setattr(keys, "MOST_BYTES", 10)
        await client.post(ROLES, json=role(), headers=NAMED)
        again = await client.post(ROLES, json=role(), headers=NAMED)
        assert again.status_code == 409
        assert again.json()["code"] == "request.idempotency_key.answer_not_kept"
        assert [each.size_bytes for each in await kept(platform)] == [0]

    @pytest.mark.parametrize("limit", ["MOST_KEYS", "MOST_BYTES_IN_ALL"])
    async def test_many(
        self, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, limit: str
    ) -> None:
        """Nobody has more kept than there is room for."""
        monkeypatch.setattr(keys, limit, 1)
        await client.post(ROLES, json=role(), headers=NAMED)
        refused = await client.post(
            ROLES, json=role("Sellers"), headers={"Idempotency-Key": "another"}
        )
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        again = await client.post(ROLES, json=role(), headers=NAMED)
        assert again.headers["idempotency-replayed"] == "true"

    async def test_user_is_deleted(
        self, client: httpx.AsyncClient, platform: Platform, signed_in: SignedIn
    ) -> None:
        """What was kept goes with them."""
        other = await platform.sign_in(await UserFactory(platform)(roles=["admin"]), PASSWORD)
        async with platform.client(other.tokens.access_token) as second:
            await second.post(ROLES, json=role(), headers=NAMED)
        assert (await client.delete(f"{USERS}/{other.user.id}")).status_code == 204
        assert await kept(platform) == []


def text_fields(schema: Any) -> set[str]:
    """The names of all texts in an answer."""
    names: set[str] = set()
    kinds = [schema]
    for kind in kinds:
        kinds += [each for each in getattr(kind, "__args__", ()) if each not in kinds]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                parts = {field.annotation, *getattr(field.annotation, "__args__", ())}
                names |= {name} & ({name} if parts & {str, SecretStr} else set())
                kinds += [each for each in parts if each not in kinds]
    return names


ROUTES = {
    context.path: context.original_route
    for included in build_api(build_registry(inventory), make_async_container()).routes
    if hasattr(included, "effective_route_contexts")
    for context in included.effective_route_contexts()
    if "POST" in (context.methods or ()) and isinstance(context.original_route, OperationRoute)
}


@pytest.mark.parametrize("path", ROUTES)
class TestRoutes:
    """Every route that takes a `POST`."""

    def test_takes_a_key(self, path: str) -> None:
        """Whoever is signed in may name a request, and the document tells so."""
        route = ROUTES[path]
        is_api = not isinstance(route, ConsoleRoute)
        assert route.takes_key == (is_api and route.operation.permission != PUBLIC)
        parameters = (route.openapi_extra or {}).get("parameters", ())
        assert ("Idempotency-Key" in {each["name"] for each in parameters}) == route.takes_key

    def test_keeps_no_secret(self, path: str) -> None:
        """An answer in which a secret could stand is not kept."""
        route = ROUTES[path]
        named = {name for name in text_fields(route.response_model) if SECRET.search(name)}
        if route.takes_key:
            assert route.is_secret == bool(named), named


@pytest.mark.actor("admin")
class TestSecrets:
    """Answers that hold one."""

    async def test_is_not_kept(
        self, client: httpx.AsyncClient, platform: Platform, make_user: UserFactory
    ) -> None:
        """A one-time link is made once, shown once and stored nowhere."""
        user = await make_user()
        path = f"{USERS}/{user.id}/reset-credentials"
        first = await client.post(path, json={}, headers=NAMED)
        link = first.json()["url"].partition("token=")[2]
        again = await client.post(path, json={}, headers=NAMED)

        assert (first.status_code, again.status_code) == (200, 409)
        assert again.json()["code"] == "request.idempotency_key.answer_not_kept"
        contents = repr(await platform.contents())
        assert link
        assert link not in contents

    async def test_no_password_is_guessed(
        self, client: httpx.AsyncClient, platform: Platform
    ) -> None:
        """What tells requests apart is of no use without the platform's key."""
        body = {"email": "a@example.com", "display_name": "A", "password": PASSWORD}
        await client.post(USERS, json=body, headers=NAMED)
        [before] = await kept(platform)
        assert hashlib.sha256(json.dumps(body).encode()).hexdigest() != before.fingerprint

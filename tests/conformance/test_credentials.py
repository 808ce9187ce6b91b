"""Only the operations that are for it change what somebody else signs in with."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.entry_points import short_name
from app.features.roles.schemas import RoleRead
from app.features.users.models import User
from app.features.users.schemas import UserRead
from app.testing.factories import RoleFactory, UserFactory
from app.testing.platform import Platform
from tests.conformance.test_recent_sign_in import operation_routes
from tests.conformance.test_routes import BODIES
from tests.fixtures.handlers import handlers, is_ours, plausible
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.slow

CHANGES_EMAIL = ("POST", "/api/v1/users/{user_id}/email")
DELETES = ("DELETE", "/api/v1/users/{user_id}")
# What a page or a program may try to slip in beside what it is asked for.
SMUGGLED: dict[str, Any] = {
    "email": "mine@example.com",
    "verified": True,
    "password": "a password good enough",
    "password_hash": "x",
    "must_change_password": False,
}


async def credentials_of(platform: Platform, user: UserRead) -> tuple[Any, ...] | None:
    """What the user signs in with, as it is stored; None when they are no more."""
    statement = select(
        User.email,  # type: ignore[call-overload]  # a column at run time
        User.password_hash,
        User.verified,
        User.must_change_password,
    ).where(User.id == user.id)  # type: ignore[arg-type]  # likewise
    async with (await platform.database()).reading.connect() as connection:
        row = (await connection.execute(statement)).one_or_none()
    return None if row is None else tuple(row)


@pytest.mark.actor("admin")
class TestOthers:
    """An administrator calls everything on somebody below, with more than is asked for."""

    async def test_routes(
        self,
        client: httpx.AsyncClient,
        platform: Platform,
        make_user: UserFactory,
        make_role: RoleFactory,
    ) -> None:
        """Of all routes, one changes the address, and one removes the user."""
        role: RoleRead = await make_role("user.read")
        changed = set()
        for method, path, _ in operation_routes():
            if not path.startswith("/api/") or "/auth/" in path:
                continue
            victim = await make_user(must_change_password=True)
            before = await credentials_of(platform, victim)
            ids = {
                "user_id": str(victim.id),
                "role_id": str(role.id),
                "grant_id": str(role.grants[0].id),
                "entry_id": str(victim.id),
                "session_id": str(victim.id),
            }
            body = BODIES.get((method, path), {})
            for sent in (body, {"json": {**body.get("json", {}), **SMUGGLED}}):
                if method in ("GET", "DELETE") and sent is not body:
                    continue
                await client.request(method, path.format_map(ids), **sent)
            if await credentials_of(platform, victim) != before:
                changed.add((method, path))

        assert changed == {CHANGES_EMAIL, DELETES}

    async def test_handlers(self, tab: Tab, platform: Platform, make_user: UserFactory) -> None:
        """The same of all event handlers, with forms that hold more than their pages do."""
        changed = set()
        for name, registered in handlers().items():
            if not is_ours(name) or short_name(name).startswith("console."):
                continue
            victim = await make_user(must_change_password=True)
            before = await credentials_of(platform, victim)
            tab.at(f"/users/{victim.id}")
            await tab.call(registered.handler, *plausible(name, victim).values())
            if await credentials_of(platform, victim) != before:
                changed.add(short_name(name))

        assert changed == {"user_record.save_email", "user_record.delete"}

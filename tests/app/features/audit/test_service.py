"""Operations on the audit trail; it is only ever read."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import ValidationError

from app.core import clock
from app.core.actor import SYSTEM, Preview
from app.core.errors import NotFound, PermissionDenied
from app.features.audit.schemas import AuditFilter, AuditListQuery
from app.features.audit.service import AuditService
from app.features.roles.schemas import Grants, GrantSpec, MembersAdd, RoleUpdate
from app.features.roles.service import RoleService
from app.features.users.schemas import UserUpdate
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform


class TestPage:
    """List entries."""

    @pytest.mark.actor(grants=["audit.read", "user.read"])
    async def test_newest_first(self, call: Caller, make_user: UserFactory) -> None:
        """The last thing done comes first, with all that was recorded."""
        user = await make_user(email="ada@example.com")

        page = await call(AuditService.page, AuditListQuery(limit=1))

        [entry] = page.items
        assert (entry.action, entry.outcome) == ("user.create", "succeeded")
        assert (entry.actor_kind, entry.actor_name) == ("system", "system")
        assert (entry.target_type, entry.target_id) == ("user", str(user.id))
        assert entry.target_label == "ada@example.com"
        assert {change.field for change in entry.changes} >= {"email", "display_name", "roles"}
        assert page.next_cursor is not None

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Not everybody sees who did what; the attempt is itself recorded."""
        with pytest.raises(PermissionDenied):
            await call(AuditService.page, AuditListQuery())

        assert len(await platform.audit(action="audit.read", outcome="denied")) == 1

    @pytest.mark.actor("admin")
    async def test_walk(self, call: Caller, make_user: UserFactory) -> None:
        """Page by page every entry is seen once."""
        for _ in range(7):
            await make_user()
        page = await call(AuditService.page, AuditListQuery(limit=3))
        seen = list(page.items)
        while page.next_cursor:
            page = await call(AuditService.page, AuditListQuery(limit=3, cursor=page.next_cursor))
            seen += page.items

        everything = await call(AuditService.page, AuditListQuery(limit=200))
        assert seen == everything.items
        assert [entry.id for entry in seen] == sorted((entry.id for entry in seen), reverse=True)

    @pytest.mark.actor("admin")
    async def test_oldest_first(self, call: Caller, make_user: UserFactory) -> None:
        """The order can be reversed."""
        await make_user()

        newest = await call(AuditService.page, AuditListQuery(sort="-at"))
        oldest = await call(AuditService.page, AuditListQuery(sort="at"))

        assert oldest.items == newest.items[::-1]

    @pytest.mark.actor("admin")
    async def test_filters(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """Each filter narrows the list, and so do several together."""
        user = await make_user(roles=["user"])
        signed_in = await platform.sign_in(user, PASSWORD)
        with pytest.raises(PermissionDenied):
            await platform.caller(signed_in.actor)(UserService.delete, user.id)
        await call(UserService.update, user.id, UserUpdate(display_name="New"))

        async def found(**filters: Any) -> list[tuple[str, str]]:
            query = AuditListQuery.model_validate({"sort": "at"} | filters)
            page = await call(AuditService.page, query)
            return [(entry.action, entry.outcome) for entry in page.items]

        assert await found(action="user.update") == [("user.update", "succeeded")]
        assert await found(outcome="denied") == [("user.delete", "denied")]
        assert await found(actor_id=user.id) == [
            ("auth.token.issue", "succeeded"),
            ("user.delete", "denied"),
        ]
        assert await found(target_type="user", target_id=str(user.id)) == [
            ("user.create", "succeeded"),
            ("auth.token.issue", "succeeded"),
            ("user.update", "succeeded"),
        ]
        assert await found(actor_id=user.id, outcome="failed") == []
        assert await found(action="no.such") == []
        request_id = call.context.request_id
        assert await found(request_id=request_id) == [("user.update", "succeeded")]

    @pytest.mark.actor("admin")
    async def test_since(self, call: Caller, make_user: UserFactory) -> None:
        """Only what happened at a moment or later."""
        await make_user()
        moment = clock.now()
        user = await make_user()

        page = await call(AuditService.page, AuditListQuery(since=moment))

        assert [entry.target_id for entry in page.items] == [str(user.id)]

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(
        ("since", "finds"),
        [
            (datetime(1, 1, 1, tzinfo=UTC), True),
            (datetime.fromisoformat("0001-01-01T00:00:00+14:00"), True),
            (datetime(1970, 1, 1, tzinfo=UTC), True),
            (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), False),
            (datetime.fromisoformat("9999-12-31T23:59:59-14:00"), False),
        ],
    )
    async def test_since_the_edges_of_time(
        self, call: Caller, since: datetime, *, finds: bool
    ) -> None:
        """No moment is too early or too late to ask for."""
        page = await call(AuditService.page, AuditListQuery(since=since))

        assert bool(page.items) is finds

    @pytest.mark.parametrize(
        "query",
        [
            {"sort": "actor_name"},
            {"since": "2026-01-01T00:00:00"},
            {"since": "yesterday"},
            {"outcome": "maybe"},
            {"actor_id": "me"},
            {"action": "x" * 2001},
            {"target_id": "\0"},
            {"action": "\ud800"},
            {"who": "me"},
        ],
    )
    @pytest.mark.actor("admin")
    async def test_wrong_queries(self, call: Caller, query: dict[str, Any]) -> None:
        """A list is asked for in its own words."""
        with pytest.raises((ValidationError, Exception)) as refused:
            await call(AuditService.page, AuditListQuery.model_validate(query))

        assert getattr(refused.value, "status", 422) == 422


class TestCircumstances:
    """What an entry tells beside who did what."""

    @pytest.mark.actor("admin")
    async def test_of_a_call(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """The trace and the reason of a REST call, and the part of the platform."""
        trace = "0af7651916cd43dd8448eb211c80319c"
        headers = {"X-Audit-Reason": "Ticket 7", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        role = {"name": "editors", "description": "", "grants": []}
        response = await client.post("/api/v1/roles", json=role, headers=headers)

        assert response.status_code == 201, response.text
        [entry] = await platform.audit(action="role.create")
        assert (entry.reason, entry.trace_id, entry.module) == ("Ticket 7", trace, "roles")
        read = (await client.get(f"/api/v1/audit/{entry.id}")).json()
        assert (read["reason"], read["trace_id"], read["module"]) == ("Ticket 7", trace, "roles")
        assert read["on_behalf_of"] == ""

    @pytest.mark.actor("admin")
    async def test_of_a_refusal(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """What was tried has its reason, too."""
        path = "/api/v1/users/01890000-0000-7000-8000-000000000001"
        await client.delete(path, headers={"X-Audit-Reason": "Left"})

        [entry] = await platform.audit(action="user.delete")
        assert (entry.outcome, entry.reason, entry.module) == ("failed", "Left", "users")

    @pytest.mark.actor("admin")
    async def test_asked_for(
        self, call: Caller, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """The reason of a membership or a grant is that of the entry; of several, each once."""
        user, role = await make_user(), await make_role()
        members = MembersAdd(user_ids=[user.id], reason="Cover")
        await call(RoleService.add_members, role.id, members)
        grants = [
            GrantSpec(permission="user.read", reason="Audit"),
            GrantSpec(permission="role.read", reason="Audit"),
            GrantSpec(permission="audit.read", reason="Season"),
        ]
        await call(RoleService.set_own_grants, user.id, Grants(grants=grants))
        await call(RoleService.set_own_grants, user.id, Grants(grants=grants[1:]))
        await call(RoleService.update, role.id, RoleUpdate(grants=grants[2:]))

        async def reasons(action: str) -> list[str]:
            return [entry.reason for entry in await platform.audit(action=action)]

        assert await reasons("role.add_members") == ["Cover"]
        assert await reasons("user.set_grants") == ["Season; Audit", ""]
        assert await reasons("role.update") == ["Season"]

    async def test_of_a_preview(self, platform: Platform) -> None:
        """Whose access somebody looked through when something was refused."""
        preview = replace(SYSTEM, previewing=Preview("Ada Lovelace"))
        with pytest.raises(PermissionDenied):
            await platform.caller(preview)(UserService.delete, UUID(int=1))

        [entry] = await platform.audit(action="user.delete")
        assert entry.on_behalf_of == "Ada Lovelace"


class TestCount:
    """How many entries match."""

    @pytest.mark.actor("admin")
    async def test_exact(self, call: Caller, make_user: UserFactory) -> None:
        """Few are counted exactly."""
        before = await call(AuditService.count, AuditFilter(action="user.create"))
        await make_user()

        after = await call(AuditService.count, AuditFilter(action="user.create"))

        assert (after.count, after.is_exact) == (before.count + 1, True)


class TestGet:
    """Read one entry."""

    @pytest.mark.actor(grants=["audit.read"])
    async def test_allowed(self, call: Caller, make_user: UserFactory) -> None:
        """One entry, as the list shows it."""
        await make_user()
        [entry] = (await call(AuditService.page, AuditListQuery(limit=1))).items

        assert await call(AuditService.get, entry.id) == entry

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Not everybody sees it."""
        [entry, *_] = await platform.audit()

        with pytest.raises(PermissionDenied):
            await call(AuditService.get, entry.id)

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("entry_id", [UUID(int=1), UUID(int=0), UUID(int=2**128 - 1)])
    async def test_missing(self, call: Caller, entry_id: UUID) -> None:
        """What is not there is not found."""
        with pytest.raises(NotFound) as missing:
            await call(AuditService.get, entry_id)

        assert missing.value.code == "audit.not_found"


class TestNeverChanged:
    """Nothing that anybody does changes an entry."""

    async def test_entries_stay(self, platform: Platform, make_user: UserFactory) -> None:
        """Whatever happens to user and target, their entries stay as they were."""
        user = await make_user()
        await platform.sign_in(user, PASSWORD)
        before = [entry.model_dump() for entry in await platform.audit()]

        call = platform.caller(SYSTEM)
        await call(UserService.update, user.id, UserUpdate(display_name="New"))
        await call(UserService.delete, user.id)

        after = [entry.model_dump() for entry in await platform.audit()]
        assert after[: len(before)] == before
        assert [entry["action"] for entry in after[len(before) :]] == ["user.update", "user.delete"]

"""Operations on the audit trail; it is only ever read."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.core import clock
from app.core.actor import SYSTEM
from app.core.errors import NotFound, PermissionDenied
from app.features.audit.schemas import AuditFilter, AuditListQuery
from app.features.audit.service import AuditService
from app.features.users.schemas import UserUpdate
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Caller, Platform


class TestPage:
    """List entries."""

    @pytest.mark.actor(grants=["audit.read"])
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
        await call(UserService.update, user.id, UserUpdate(verified=True))

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

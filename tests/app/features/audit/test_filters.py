"""Filters of the audit trail agree with a plain reading of each entry, on both databases."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.ids import first_id_at
from app.core.search import is_found, search_text
from app.features.audit.filters import EVERYTHING
from app.features.audit.repository import AuditRepository
from app.features.audit.schemas import AuditFilter, AuditListQuery
from app.features.audit.seal_service import SealService
from app.features.audit.service import AuditService
from app.features.users.schemas import UserUpdate
from app.features.users.service import UserService
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 31, tzinfo=UTC)
COUNT = 400
ROUNDS = 40

PEOPLE = {
    UUID(int=number): names
    for number, names in enumerate(
        [
            ("Ada Lovelace", "ada@one.example"),
            ("Ada Byron", "ada@two.example"),
            ("José Núñez", "jose@one.example"),
            ("Grace Hopper", "grace@three.example"),
        ],
        start=1,
    )
}
ACTIONS = {
    "user.read": "users",
    "user.update": "users",
    "user.create": "users",
    "user.assign_roles": "users",
    "role.update": "roles",
    "role.add_members": "roles",
    "session.revoke": "auth",
    "auth.sign_in": "auth",
    "shop.order.pay": "shop",
}
CHANGES_ACCESS = {"user.assign_roles", "role.update", "role.add_members"}
TARGETS = [
    ("user", str(UUID(int=1)), "ada@one.example"),
    ("user", str(UUID(int=1)), "countess@one.example"),
    ("user", str(UUID(int=4)), "grace@three.example"),
    ("user", "", "unknown@one.example"),
    ("user", "", "nobody@three.example"),
    ("role", str(UUID(int=1)), "Editors of one"),
    ("role", str(UUID(int=9)), "Hopper's team"),
    ("handler", "user_list.load", ""),
    ("", "", ""),
]
WORDS = ["ada", "one", "hop", "jose", "COUNT", "example one", "nobody", "request-3", "role.update"]


FIELDS = ["display_name", "roles", "grants", "no_such"]


def changes(chance: random.Random) -> list[dict[str, Any]]:
    """Often none; texts that are not the name of the field that changed, too."""
    fields = chance.sample(FIELDS[:3], chance.choice([0, 0, 1, 2]))
    return [{"field": each, "before": chance.choice(FIELDS), "after": None} for each in fields]


def random_entries(chance: random.Random) -> list[dict[str, Any]]:
    """Entries of all kinds, some of them frequent and some rare."""
    entries = []
    for number in range(COUNT):
        actor_id = chance.choice([*PEOPLE, None])
        name, email = PEOPLE[actor_id] if actor_id else ("system", "")
        target_type, target_id, label = chance.choice(TARGETS)
        at = START + timedelta(minutes=number)
        action = chance.choice(list(ACTIONS))
        entry = AuditEntry(
            id=UUID(int=first_id_at(at).int + number),
            at=at,
            action=action,
            outcome=chance.choices(["succeeded", "denied", "failed"], [90, 8, 2])[0],
            actor_kind="user" if actor_id else "system",
            actor_id=actor_id,
            actor_name=name,
            actor_email=email,
            target_type=target_type,
            target_id=target_id,
            target_label=label,
            changes=[] if action.endswith(".read") else changes(chance),
            detail={},
            request_id=f"request-{number // 3}",
            channel="api",
            trace_id=f"{number:032x}",
            module="test",
        )
        entries.append(entry.model_dump())
    return entries


@pytest.fixture
async def entries(platform: Platform) -> list[dict[str, Any]]:
    """The only entries that there are, sealed."""
    made = random_entries(random.Random(7))
    async with (await platform.database()).writing.begin() as connection:
        for table in ("unsealed", "entries"):
            await connection.execute(text(f"DELETE FROM core_audit_{table}"))
        await connection.execute(AuditEntry.__table__.insert(), made)  # type: ignore[attr-defined]  # made by SQLModel
    await platform.caller(SYSTEM)(SealService.seal, limit=COUNT)
    return made


def stands_in(label: str, typed: str) -> bool:
    """Whether the words stand in the label."""
    return is_found(search_text(label), typed)


def named(typed: str, entries: list[dict[str, Any]]) -> Callable[[dict[str, Any]], bool]:
    """What a plain reader finds by words: all of whom or what was ever called so."""
    things: set[tuple[str, str, str]] = set()
    for entry in entries:
        target = (entry["target_type"], entry["target_id"])
        if stands_in(entry["target_label"], typed):
            things.add((*target, "" if entry["target_id"] else entry["target_label"]))
        if entry["actor_id"] and stands_in(f"{entry['actor_name']} {entry['actor_email']}", typed):
            things.add(("user", str(entry["actor_id"]), ""))

    def is_found(entry: dict[str, Any]) -> bool:
        label = "" if entry["target_id"] else entry["target_label"]
        return (
            (entry["target_type"], entry["target_id"], label) in things
            or ("user", str(entry["actor_id"]), "") in things
            or typed in (entry["request_id"], entry["action"])
        )

    return is_found


def is_look(entry: dict[str, Any]) -> bool:
    """Whether the entry tells only that somebody looked."""
    action: str = entry["action"]
    return action.endswith(".read") and entry["outcome"] != "denied"


def has_changed(entry: dict[str, Any], changed: str) -> bool:
    """Whether the entry tells of a change of this field."""
    kind, _, field = changed.partition(".")
    return (
        (entry["outcome"], entry["target_type"]) == ("succeeded", kind)
        and entry["action"] not in (f"{kind}.create", f"{kind}.delete")
        and field in [change["field"] for change in entry["changes"]]
    )


def read_plainly(query: AuditFilter, entries: list[dict[str, Any]]) -> list[UUID]:
    """The ids of the entries that a plain reader finds, oldest first."""
    tests: list[Callable[[dict[str, Any]], bool]] = []
    for name in ("outcome", "actor_id", "target_type", "target_id", "request_id"):
        wanted = getattr(query, name)
        if wanted is not None:
            tests.append(lambda entry, name=name, wanted=wanted: entry[name] == wanted)
    if query.changed:
        tests.append(partial(has_changed, changed=query.changed))
    if query.action:
        tests.append(lambda entry: entry["action"] in (query.action or "").split(","))
    if query.module:
        tests.append(lambda entry: ACTIONS[entry["action"]] in (query.module or "").split(","))
    if query.access_only:
        tests.append(lambda entry: entry["action"] in CHANGES_ACCESS)
    if query.reads:
        tests.append(lambda entry: is_look(entry) == (query.reads == "only"))
    since, until = query.since or START, query.until or START + timedelta(days=9)
    tests.append(lambda entry: since <= entry["at"] < until)
    if query.text:
        tests.append(named(query.text, entries))
    return [entry["id"] for entry in entries if all(test(entry) for test in tests)]


def choices(chance: random.Random) -> dict[str, Any]:
    """One value for each filter."""
    target = chance.choice(TARGETS)
    since = START + timedelta(minutes=chance.randrange(COUNT))
    return {
        "action": ",".join(chance.sample([*ACTIONS, "no.such"], chance.randrange(1, 4))),
        "outcome": chance.choice(["succeeded", "denied", "failed"]),
        "actor_id": chance.choice([*PEOPLE, UUID(int=77)]),
        "target_type": target[0],
        "target_id": target[1],
        "request_id": f"request-{chance.randrange(COUNT // 3)}",
        "module": ",".join(chance.sample(["users", "roles", "auth", "shop", "no"], 2)),
        "text": chance.choice(WORDS),
        "since": since,
        "until": since + timedelta(minutes=chance.randrange(COUNT)),
        "changed": f"{chance.choice(['user', 'role'])}.{chance.choice(FIELDS)}",
        "access_only": True,
        "reads": chance.choice(["only", "none"]),
    }


def queries() -> list[dict[str, Any]]:
    """Each filter for itself, several times, then any of them together."""
    chance = random.Random(11)
    names = list(choices(chance))
    single = [{name: choices(chance)[name]} for name in names for _ in range(2)]
    mixed = []
    for _ in range(ROUNDS):
        given = choices(chance)
        chosen = chance.sample(names, chance.randrange(2, 4))
        mixed.append({name: given[name] for name in chosen})
    return [*single, *({"text": word} for word in WORDS), *mixed]


class TestAgree:
    """What the database finds is what a plain reader finds."""

    async def test_page_count_and_walk(
        self, platform: Platform, entries: list[dict[str, Any]]
    ) -> None:
        """In pages from either end, by counting, and by walking through all of them."""
        call = platform.caller(SYSTEM)
        found_some = 0
        for given in queries():
            wanted = read_plainly(AuditFilter(**given), entries)
            found_some += bool(wanted)

            assert await listed(call, **given, sort="at", limit=7) == wanted[:7], given
            assert await listed(call, **given, limit=200) == wanted[::-1][:200], given
            counted = await call(AuditService.count, AuditFilter(**given))
            assert counted.count == len(wanted), given
            assert await walked(call, AuditFilter(**given)) == wanted, given
        assert found_some > ROUNDS

    @pytest.mark.parametrize(
        "given",
        [{}, {"module": "users"}, {"text": "ada"}, {"outcome": "succeeded", "text": "one"}],
        ids=str,
    )
    async def test_page_by_page(
        self, platform: Platform, entries: list[dict[str, Any]], given: dict[str, Any]
    ) -> None:
        """Every page begins where the one before ended, there and back."""
        call = platform.caller(SYSTEM)
        wanted = read_plainly(AuditFilter(**given), entries)[::-1]
        seen: list[UUID] = []
        cursor = None
        while True:
            query = AuditListQuery(**given, limit=9, cursor=cursor)
            page = await call(AuditService.page, query)
            seen += [entry.id for entry in page.items]
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        before = await call(
            AuditService.page, AuditListQuery(**given, limit=9, cursor=page.previous_cursor)
        )

        assert seen == wanted
        assert [each.id for each in before.items] == seen[: -len(page.items)][-9:]


async def listed(call: Caller, **given: Any) -> list[UUID]:
    """The ids on the first page."""
    page = await call(AuditService.page, AuditListQuery(**given))
    return [entry.id for entry in page.items]


async def walked(call: Caller, query: AuditFilter) -> list[UUID]:
    """The ids in the order of an export."""
    async with call.unit() as unit:
        repository = await unit.get(AuditRepository)
        return [
            entry["id"] async for some in repository.walk(query, EVERYTHING) for entry, _ in some
        ]


class TestText:
    """Search by what people see."""

    async def test_former_names(self, platform: Platform, entries: list[dict[str, Any]]) -> None:
        """Who was once called so is found under every name, as actor and as target."""
        found = await listed(platform.caller(SYSTEM), text="countess", limit=200)
        by_id = {entry["id"]: entry for entry in entries}

        labels = {by_id[each]["target_label"] for each in found}
        assert labels > {"ada@one.example", "countess@one.example"}
        assert UUID(int=1) in {by_id[each]["actor_id"] for each in found}

    async def test_people_who_never_acted(self, platform: Platform, make_user: UserFactory) -> None:
        """Who is called so now is found at once; former names and the deleted, when sealed."""
        call = platform.caller(SYSTEM)
        user = await make_user(email="x@quiet.example", display_name="Grace Brewster")
        await call(UserService.update, user.id, UserUpdate(display_name="Rear Admiral"))
        now = await call(AuditService.page, AuditListQuery(text="admir"))
        await call(UserService.delete, user.id)
        await call(SealService.seal, limit=COUNT)
        former = await call(AuditService.page, AuditListQuery(text="rewst"))

        assert [entry.action for entry in now.items] == ["user.update", "user.create"]
        done = ["user.delete", "user.update", "user.create"]
        assert [entry.action for entry in former.items] == done

    async def test_without_an_id(self, platform: Platform, entries: list[dict[str, Any]]) -> None:
        """An address that nobody has is found by itself, without all the others."""
        found = await listed(platform.caller(SYSTEM), text="nobody", limit=200)

        labels = {entry["target_label"] for entry in entries if entry["id"] in found}
        assert labels == {"nobody@three.example"}

    @pytest.mark.parametrize("typed", ['"', "' OR 1=1", "*", ":", "&|!", "NEAR(", "-", "   x!"])
    async def test_harmless(
        self, platform: Platform, entries: list[dict[str, Any]], typed: str
    ) -> None:
        """Signs of a query language are no words."""
        assert await listed(platform.caller(SYSTEM), text=typed) == []

    async def test_nothing_typed(self, platform: Platform, entries: list[dict[str, Any]]) -> None:
        """Blanks are no search."""
        found = await listed(platform.caller(SYSTEM), text="  ", limit=200)

        assert len(found) == min(200, len(entries))


@pytest.mark.parametrize(
    "given",
    [
        {"action": ",".join(["user.read"] * 51)},
        {"module": "\0"},
        {"text": "x" * 101},
        {"until": "tomorrow"},
        {"access_only": "maybe"},
        {"access_only": 1},
        {"reads": "all"},
    ],
    ids=str,
)
def test_refused(given: dict[str, Any]) -> None:
    """What no filter means is not taken for another."""
    with pytest.raises(ValidationError):
        AuditFilter.model_validate(given)

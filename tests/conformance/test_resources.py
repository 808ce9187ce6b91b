"""Whatever is described as a resource keeps what all resources keep; generated from descriptions.

Every operation is tried by nobody, without the permission, with it, within other rows and on
nothing; every field in answers, filters, orders, files and grants. One database serves a service.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

import examples.inventory
from app.core.access import Access, Grant
from app.core.actor import ANONYMOUS, SYSTEM, Actor
from app.core.errors import Invalid, NotFound, PermissionDenied, Unauthenticated
from app.core.resources.fields import Field, Reference, Text
from app.core.resources.resource import Resource, label_of
from app.core.resources.table import metadata_of
from app.settings import Settings
from app.testing.platform import Platform, open_platform
from tests.fixtures import nouns

pytestmark = pytest.mark.slow

MODULES = (examples.inventory.module, nouns.module)
SERVICES: list[Any] = [service for module in MODULES for service in module.services]


def named(service: Any) -> str:
    """What a test's name says of a service."""
    return str(service.resource.meta.name)


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    """A platform with these modules, and their tables."""
    async with open_platform(settings, modules=MODULES) as platform:
        async with (await platform.database()).writing.connect() as connection:
            for module in MODULES:
                await connection.run_sync(metadata_of(module.id).create_all)
            await connection.commit()
        yield platform
        assert platform.reports == []


class Bench:
    """Makes records of one service, and collects what is wrong with it."""

    def __init__(self, platform: Platform, service: Any) -> None:
        self.platform = platform
        self.service = service
        self.meta = service.resource.meta
        self.problems: list[str] = []
        self._numbers = count(1)

    def call(self, *grants: str | Grant) -> Any:
        """Calls operations for somebody with these grants."""
        access = Access(Grant(each) if isinstance(each, str) else each for each in grants)
        who = Actor(kind="user", name="Ada", access=access, user_id=uuid4())
        return self.platform.caller(who)

    @property
    def system(self) -> Any:
        """Calls operations for somebody who may do everything."""
        return self.platform.caller(SYSTEM)

    @property
    def seeing_others(self) -> set[str]:
        """The permissions to see what the records refer to."""
        read = {field.to.meta.permission("read") for field in self.meta.references}
        return read - {self.meta.permission("read")}

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Note what goes wrong, and go on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - all of it is told at the end
            self.problems.append(f"{what}: {type(error).__name__} {error}")
        except pytest.fail.Exception as error:
            self.problems.append(f"{what}: {error}")

    async def make(self, service: Any = None, **values: Any) -> Any:
        """A record of example values, with all that it refers to."""
        service = service or self.service
        return await self.system(service.create, await self.body(service) | values)

    async def body(self, service: Any = None) -> dict[str, Any]:
        """Example values of all that can be set, with ids of records that exist."""
        resource = (service or self.service).resource
        return await self._values(resource.meta.writable, resource)

    async def form(self, name: str) -> dict[str, Any]:
        """The same for what an action asks for."""
        form = self.service.actions[name].form
        return await self._values(form.meta.fields if form else {}, None)

    async def _values(self, fields: Any, resource: Any) -> dict[str, Any]:
        number = next(self._numbers)
        values = {name: field.example(number) for name, field in fields.items()}
        for name, field in fields.items():
            if isinstance(field, Reference):
                values[name] = None
                if field.to is not resource:
                    [other] = [each for each in SERVICES if each.resource is field.to]
                    values[name] = str((await self.make(other)).id)
        return values

    async def run(self, call: Any, name: str, record: Any) -> Any:
        """Call an operation with what it takes."""
        if name == "page":
            return await call(self.service.page, self.meta.schemas.list_query())
        if name == "create":
            return await call(self.service.create, await self.body())
        if name == "update":
            return await call(self.service.update, record.id, {self.meta.label: f"New {uuid4()}"})
        if name in self.service.actions:
            return await call(getattr(self.service, name), record.id, await self.form(name))
        return await call(getattr(self.service, name), record.id)

    def needed(self, name: str) -> str:
        """The permission of an operation."""
        return str(getattr(self.service, name).__operation__.permission)


@pytest.fixture(params=SERVICES, ids=named)
def bench(request: pytest.FixtureRequest, platform: Platform) -> Iterator[Bench]:
    """One service on a database of its own; whatever is wrong with it is told at the end."""
    bench = Bench(platform, request.param)
    yield bench
    assert bench.problems == []


@pytest.fixture
def operations(bench: Bench) -> list[str]:
    """The names of the service's operations."""
    return [*bench.service.operations, *bench.service.actions]


class TestOperations:
    """Who may do what, and what the trail tells of it."""

    async def test_nobody(self, bench: Bench, operations: list[str]) -> None:
        """Whoever has not signed in is told to."""
        record = await bench.make()
        for name in operations:
            with bench.trying(name), pytest.raises(Unauthenticated):
                await bench.run(bench.platform.caller(ANONYMOUS), name, record)

    async def test_without_permission(self, bench: Bench, operations: list[str]) -> None:
        """All other permissions do not help; the refusal is recorded once."""
        record = await bench.make()
        for name in operations:
            needed = bench.needed(name)
            others = [str(each) for each in bench.service.permissions if each != needed]
            before = len(await bench.platform.audit(action=needed, outcome="denied"))
            with bench.trying(name):
                with pytest.raises(PermissionDenied) as refused:
                    await bench.run(bench.call(*others), name, record)
                assert refused.value.details["permission"] == needed
                denied = await bench.platform.audit(action=needed, outcome="denied")
                assert len(denied) == before + 1

    async def test_with_permission(self, bench: Bench, operations: list[str]) -> None:
        """The permission suffices; a change is recorded once, with what changed; a look is not.

        Only the permission to read shows what stands in a record, whatever was done with it.
        """
        for name in operations:
            record, needed = await bench.make(), bench.needed(name)
            before = len(await bench.platform.audit(action=needed, outcome="succeeded"))
            with bench.trying(name):
                call = bench.call(needed, *bench.seeing_others)
                result = await bench.run(call, name, record)
                changes = getattr(bench.service, name).__operation__.changes
                told = await bench.platform.audit(action=needed, outcome="succeeded")
                # The system makes what a new record refers to.
                told = [each for each in told[before:] if each.actor_name == "Ada"]
                assert len(told) == changes
                if changes:
                    assert told[-1].target_type == bench.meta.name
                    assert told[-1].changes
                if isinstance(result, Resource):
                    shown = bool(set(vars(result)) - {"id", "version"})
                    assert shown == needed.endswith(".read")

    async def test_other_rows(self, bench: Bench, operations: list[str]) -> None:
        """Within rows that it is none of there is no such record; who sees it is told so."""
        read = bench.meta.permission("read")
        for rule in bench.meta.rules:
            for name in operations:
                if name == "create":
                    continue
                record, needed = await outside(bench, rule.name), bench.needed(name)
                limited = bench.call(Grant(needed, rule=rule.name), Grant(read, rule=rule.name))
                with bench.trying(f"{name} within {rule.name}"):
                    if name == "page":
                        assert len(await bench.run(limited, name, record)) == 0
                        continue
                    with pytest.raises(NotFound):
                        await bench.run(limited, name, record)
                    if needed != read:
                        seeing = bench.call(Grant(needed, rule=rule.name), read)
                        with pytest.raises(PermissionDenied) as refused:
                            await bench.run(seeing, name, record)
                        assert refused.value.code == "permission.row"

    async def test_out_of_reach(self, bench: Bench) -> None:
        """Nobody makes a record that their permission would not reach, or changes one into it."""
        for rule in bench.meta.rules:
            change = OUTSIDE[bench.meta.name, rule.name]
            permissions = [bench.meta.permission(verb) for verb in ("create", "update")]
            grants = [Grant(each, rule=rule.name) for each in permissions]
            call = bench.call(*grants, bench.meta.permission("read"), *bench.seeing_others)
            with bench.trying(rule.name):
                values = await bench.body() | INSIDE[bench.meta.name, rule.name]
                inside = await call(bench.service.create, values)
                with pytest.raises(PermissionDenied):
                    await call(bench.service.create, await bench.body() | change)
                with pytest.raises(PermissionDenied):
                    await call(bench.service.update, inside.id, change)
                assert (await call(bench.service.get, inside.id)).version == inside.version

    async def test_missing(self, bench: Bench, operations: list[str]) -> None:
        """There is no such record."""
        gone = bench.service.resource(id=uuid4(), version=1)
        for name in operations:
            if name not in ("page", "create"):
                with bench.trying(name), pytest.raises(NotFound):
                    await bench.run(bench.system, name, gone)

    async def test_stale(self, bench: Bench) -> None:
        """A change that is based on another version is refused."""
        if "update" in bench.service.operations:
            record = await bench.make()
            with pytest.raises(Exception, match="in the meantime"):
                await bench.system(bench.service.update, record.id, {"version": record.version + 1})

    async def test_undo(self, bench: Bench) -> None:
        """A change is taken back from its audit entry, field by field."""
        from app.features.audit.service import AuditService  # noqa: PLC0415 - for this test alone

        if "update" not in bench.service.operations:
            return
        record, values = await bench.make(), await bench.body()
        changed = await bench.system(bench.service.update, record.id, values)
        [entry] = await bench.platform.audit(action=bench.meta.permission("update"))
        await bench.system(AuditService.undo, entry.id)
        back = await bench.system(bench.service.get, record.id)

        assert changed.as_json() != record.as_json()
        different = {key for key, each in back.as_json().items() if each != record.as_json()[key]}
        assert different <= {"version", "updated_at"}


INSIDE = {("nouns.specimen", "kept"): {"kept": True}}
"""What a record has that a rule picks; a new rule needs a line here and below."""
OUTSIDE = {("nouns.specimen", "kept"): {"kept": False}}


async def outside(bench: Bench, rule: str) -> Any:
    """A record that a rule does not pick."""
    return await bench.make(**OUTSIDE[bench.meta.name, rule])


class TestFields:
    """What every field keeps, whatever its type."""

    async def test_there_and_back(self, bench: Bench) -> None:
        """What answers and files write of it means the same value: sent back it changes nothing."""
        record = await bench.make()
        written = record.as_json()
        for field in bench.meta.writable.values():
            value = vars(record)[field.name]
            with bench.trying(field.name):
                ways = [written[field.name]]
                if value is not None:
                    ways.append(field.from_text(field.to_text(value)))
                for way in ways:
                    same = await bench.system(bench.service.update, record.id, {field.name: way})
                    assert same.version == record.version, way
                assert field.from_text("") is None

    async def test_hidden(self, bench: Bench) -> None:
        """Hidden, it is in no answer, and nothing is found, sorted or counted by it."""
        record = await bench.make()
        query = bench.meta.schemas.list_query
        for field in bench.meta.fields.values():
            shown = frozenset(bench.meta.fields) - {field.name}
            call = bench.call(
                Grant(bench.meta.permission("read"), readable=shown), *bench.seeing_others
            )
            with bench.trying(field.name):
                assert not (await call(bench.service.get, record.id)).has(field.name)
                [listed] = await call(bench.service.page, query())
                assert not listed.has(field.name)
                if field.is_sortable and field.name != "created_at":
                    with pytest.raises(Invalid, match="may not see"):
                        await call(bench.service.page, query(sort=field.name))
                value = vars(record).get(field.name)
                if value is not None and "is" in field.all_operators:
                    asked = query(**{f"{field.name}__is": operand(field, value)}, with_count=True)
                    seen = [await each(bench.service.page, asked) for each in (call, bench.system)]
                    assert [page.total for page in seen] == [0, 1]
                if isinstance(field, Text) and field.search and value:
                    found = await call(bench.service.page, query(q=str(value)))
                    by_label = label_of(record) == value and field.name != bench.meta.label
                    assert len(found) == by_label

    async def test_locked(self, bench: Bench) -> None:
        """Who may not write it is refused, in a new record and in a change; nothing is saved."""
        record = await bench.make()
        for field in bench.meta.fields.values():
            with bench.trying(field.name):
                if field.read_only:
                    with pytest.raises(Invalid):
                        await bench.system(bench.service.update, record.id, {field.name: None})
                    continue
                writable = frozenset(bench.meta.writable) - {field.name}
                verbs = [bench.meta.permission(verb) for verb in ("create", "update")]
                grants = [Grant(verb, writable=writable) for verb in verbs]
                call = bench.call(*grants, *bench.seeing_others)
                values = await bench.body()
                with pytest.raises(PermissionDenied) as refused:
                    await call(bench.service.create, values)
                assert refused.value.code == "permission.field"
                with pytest.raises(PermissionDenied):
                    await call(bench.service.update, record.id, {field.name: values[field.name]})
                after = await bench.system(bench.service.get, record.id)
                assert after.version == record.version

    async def test_order(self, bench: Bench) -> None:
        """Page by page every record comes once, in the order of the whole list; also those without.

        Read backwards, a page is what it was.
        """
        records = [await bench.make() for _ in range(3)]
        without = {name: None for name, field in bench.meta.writable.items() if not field.required}
        await bench.system(bench.service.update, records[1].id, without)
        query, page = bench.meta.schemas.list_query, bench.service.page
        for field in bench.meta.fields.values():
            if not field.is_sortable:
                continue
            for sort in (field.name, f"-{field.name}"):
                with bench.trying(sort):
                    whole = [each.id for each in await bench.system(page, query(sort=sort))]
                    seen: list[UUID] = []
                    cursor, back = None, None
                    while True:
                        part = await bench.system(page, query(sort=sort, limit=1, cursor=cursor))
                        seen += [each.id for each in part]
                        back = part.previous_cursor or back
                        if part.next_cursor is None:
                            break
                        cursor = part.next_cursor
                    assert seen == whole
                    assert set(seen) == {each.id for each in records}
                    [before] = await bench.system(page, query(sort=sort, limit=1, cursor=back))
                    assert before.id == seen[-2]

    async def test_filters(self, bench: Bench) -> None:
        """Every question that its type knows is answered, by a parameter and by JSON alike."""
        record, other = await bench.make(), await bench.make()
        client = bench.platform.client(await administrator(bench.platform))
        for field in bench.meta.fields.values():
            value = vars(record).get(field.name)
            for operator in field.all_operators:
                key = field.name if operator == "is" else f"{field.name}.{operator}"
                text = "" if value is None else asked_for(field, value)
                text = "false" if operator == "empty" else text
                if not text:
                    continue
                with bench.trying(key):
                    answer = await client.get(f"/api/v1{bench.meta.path}", params={key: text})
                    assert answer.status_code == 200, answer.text
                    found = {each["id"] for each in answer.json()["items"]}
                    expected = value is not None or operator != "empty"
                    assert (str(record.id) in found) == expected
                    if operator == "is" and vars(other)[field.name] != value:
                        assert str(other.id) not in found
        await client.aclose()

    async def test_wrong(self, bench: Bench) -> None:
        """What it does not accept is refused with a sentence at it; nothing is an error of ours."""
        values = await bench.body()
        for field in bench.meta.writable.values():
            for value in WRONG:
                with bench.trying(f"{field.name} = {value!r:.60}"):
                    try:
                        made = await bench.system(
                            bench.service.create, values | {field.name: value}
                        )
                    except Invalid as refused:
                        at = {each.partition(".")[0] for each in refused.fields}
                        if at != {field.name}:
                            bench.problems.append(f"{field.name} = {value!r:.60}: said at {at}")
                    else:
                        await bench.system(bench.service.delete, made.id)


WRONG = [
    "", " ", "\0", "\ud800", "x" * 100_000, "\u202eabc", "<script>", "-1", "1e400", "NaN",
    "0x10", "null",
    0, -1, 1, 2**53, 2**63, 2**64, -(2**64), 10**400, 0.1, 1e308, float("inf"), float("nan"),
    True, [], [[]], {}, {"id": "x"}, {"amount": "1"}, {"amount": "1e99", "currency": "EUR"},
    "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    "2026-02-30", "P999999999D", "PT-1S", "99:99", "javascript:alert(1)", "http://", "a@b",
    "00000000-0000-0000-0000-000000000000",
]  # fmt: skip


def operand(field: Field[Any], value: Any) -> Any:
    """What a filter for this value is given."""
    return value.id if isinstance(field, Reference) else getattr(value, "amount", value)


def asked_for(field: Field[Any], value: Any) -> str:
    """The same as an address writes it."""
    return str(getattr(value, "amount", "") or field.to_text(value))


async def administrator(platform: Platform) -> str:
    """The token of somebody who may do everything."""
    from app.testing.factories import PASSWORD, UserFactory  # noqa: PLC0415 - for one test alone

    user = await UserFactory(platform)(roles=["admin"])
    return (await platform.sign_in(user, PASSWORD)).tokens.access_token

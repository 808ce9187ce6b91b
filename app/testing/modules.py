"""What every module keeps whose nouns are described as resources; generated from descriptions.

```python
class TestInventory(ModuleConformance):
    module = inventory.module
```

Every operation is tried by nobody, without the permission, with it, within other rows and on
nothing; every field in answers, filters, orders, files and grants.
"""

import base64
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar
from uuid import UUID, uuid4

import orjson
import pytest

from app.core.access import Grant
from app.core.actor import ANONYMOUS
from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied, Unauthenticated
from app.core.migrations import Migrator
from app.core.module import Module
from app.core.resources.fields import Text
from app.core.resources.resource import Resource, label_of
from app.features.audit.schemas import AuditListQuery
from app.features.audit.service import AuditService
from app.settings import Settings
from app.testing.imports import ImportConformance
from app.testing.platform import Platform, open_platform
from app.testing.rest import RestConformance
from app.testing.trial import Trial
from app.testing.values import WRONG, asked_for, operand


class ModuleConformance(ImportConformance, RestConformance):
    """Base of a test class that tries a module; a test is made of each of its services.

    Attributes:
        module: The module.
        requires: Other modules whose records it refers to.
        inside: Values by which a row rule picks a record, by the rule's name.
        outside: Values by which it does not.
    """

    module: ClassVar[Module]
    requires: ClassVar[Sequence[Module]] = ()
    inside: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    outside: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test for each service."""
        if "trial" in metafunc.fixturenames:
            names = [service.resource.meta.name for service in self.module.services]
            metafunc.parametrize("service", self.module.services, ids=names)

    @pytest.fixture
    async def platform(self, settings: Settings) -> AsyncIterator[Platform]:
        """A platform with the module, whose migrations have run."""
        modules = [*self.requires, self.module]
        async with open_platform(settings, modules=modules) as platform:
            await (await platform.container.get(Migrator)).upgrade()
            yield platform
            assert platform.reports == []

    @pytest.fixture
    def trial(self, service: Any, platform: Platform) -> Iterator[Trial]:
        """One of the services; whatever is wrong with it is told at the end."""
        trial = Trial(platform, service)
        yield trial
        assert trial.problems == []

    async def test_migrations(self, platform: Platform) -> None:
        """The tables are as the descriptions say."""
        if self.module.migrations is None:
            pytest.skip("the module has no migrations")
        assert await (await platform.container.get(Migrator)).differences() == []

    async def test_nobody(self, trial: Trial) -> None:
        """Whoever has not signed in is told to."""
        record = await trial.make()
        for name in trial.operations:
            with trial.trying(name), pytest.raises(Unauthenticated):
                await trial.run(trial.platform.caller(ANONYMOUS), name, record)

    async def test_without_permission(self, trial: Trial) -> None:
        """All other permissions do not help; the refusal is recorded once."""
        record = await trial.make()
        for name in trial.operations:
            needed = trial.needed(name)
            others = [str(each) for each in trial.service.permissions if each != needed]
            before = len(await trial.platform.audit(action=trial.action(name), outcome="denied"))
            with trial.trying(name):
                with pytest.raises(PermissionDenied) as refused:
                    await trial.run(trial.call(*others), name, record)
                assert refused.value.details["permission"] == needed
                denied = await trial.platform.audit(action=trial.action(name), outcome="denied")
                assert len(denied) == before + 1

    async def test_with_permission(self, trial: Trial) -> None:
        """The permission suffices; a change is recorded once, with what changed; a look is not.

        Only the permission to read shows what stands in a record, whatever was done with it.
        """
        for name in trial.operations:
            record, needed = await trial.make(), trial.needed(name)
            before = len(await trial.platform.audit(action=trial.action(name), outcome="succeeded"))
            with trial.trying(name):
                call = trial.call(needed, *trial.seeing_others)
                result = await trial.run(call, name, record)
                changes = getattr(trial.service, name).__operation__.changes
                told = await trial.platform.audit(action=trial.action(name), outcome="succeeded")
                # The system makes what a new record refers to.
                told = [each for each in told[before:] if each.actor_name == "Ada"]
                assert len(told) == changes
                if name == "export":
                    assert told[-1].detail["rows"] == len(result)
                elif name == "import_csv":
                    assert told[-1].detail["created"] == result.created == 1
                elif changes:
                    assert told[-1].target_type == trial.meta.name
                    assert told[-1].changes
                if isinstance(result, Resource):
                    shown = bool(set(vars(result)) - {"id", "version"})
                    assert shown == needed.endswith(".read")

    async def test_other_rows(self, trial: Trial) -> None:
        """Within rows that it is none of there is no such record; who sees it is told so."""
        read = trial.meta.permission("read")
        for rule in trial.meta.rules:
            for name in trial.operations:
                if name in ("create", "import_csv"):
                    continue
                record, needed = await trial.make(**self.outside[rule.name]), trial.needed(name)
                limited = trial.call(Grant(needed, rule=rule.name), Grant(read, rule=rule.name))
                with trial.trying(f"{name} within {rule.name}"):
                    if name in ("page", "export"):
                        assert len(await trial.run(limited, name, record)) == 0
                        continue
                    with pytest.raises(NotFound):
                        await trial.run(limited, name, record)
                    if needed != read:
                        seeing = trial.call(Grant(needed, rule=rule.name), read)
                        with pytest.raises(PermissionDenied) as refused:
                            await trial.run(seeing, name, record)
                        assert refused.value.code == "permission.row"

    async def test_out_of_reach(self, trial: Trial) -> None:
        """Nobody makes a record that their permission would not reach, or changes one into it."""
        for rule in trial.meta.rules:
            change = dict(self.outside[rule.name])
            permissions = [trial.meta.permission(verb) for verb in ("create", "update")]
            grants = [Grant(each, rule=rule.name) for each in permissions]
            call = trial.call(*grants, trial.meta.permission("read"), *trial.seeing_others)
            with trial.trying(rule.name):
                values = await trial.body() | dict(self.inside[rule.name])
                inside = await call(trial.service.create, values)
                with pytest.raises(PermissionDenied):
                    await call(trial.service.create, await trial.body() | change)
                with pytest.raises(PermissionDenied):
                    await call(trial.service.update, inside.id, change)
                assert (await call(trial.service.get, inside.id)).version == inside.version

    async def test_missing(self, trial: Trial) -> None:
        """There is no such record."""
        gone = trial.service.resource(id=uuid4(), version=1)
        for name in trial.operations:
            if name not in ("page", "create", "export", "import_csv"):
                with trial.trying(name), pytest.raises(NotFound):
                    await trial.run(trial.system, name, gone)

    async def test_stale(self, trial: Trial) -> None:
        """A change that is based on another version is refused."""
        if "update" in trial.service.operations:
            record = await trial.make()
            with pytest.raises(Exception, match="in the meantime"):
                await trial.system(trial.service.update, record.id, {"version": record.version + 1})

    async def test_undo(self, trial: Trial) -> None:
        """A change is taken back from its audit entry, field by field."""
        if "update" not in trial.service.operations:
            return
        record, values = await trial.make(), await trial.body()
        changed = await trial.system(trial.service.update, record.id, values)
        [entry] = await trial.platform.audit(action=trial.meta.permission("update"))
        await trial.system(AuditService.undo, entry.id)
        back = await trial.system(trial.service.get, record.id)

        assert changed.as_json() != record.as_json()
        different = {key for key, each in back.as_json().items() if each != record.as_json()[key]}
        assert different <= {"version", "updated_at"}

    async def test_undo_of_the_trash(self, trial: Trial) -> None:
        """A deletion into the trash is taken back from its audit entry, and so is a restoration."""
        meta, service = trial.meta, trial.service
        if not meta.trash or "delete" not in service.operations:
            return
        record = await trial.make()
        await trial.system(service.delete, record.id)
        [entry] = await trial.platform.audit(action=meta.permission("delete"))
        await trial.system(AuditService.undo, entry.id)
        await trial.system(service.get, record.id)
        [entry] = await trial.platform.audit(action=meta.permission("restore"))
        await trial.system(AuditService.undo, entry.id)
        with pytest.raises(NotFound):
            await trial.system(service.get, record.id)
        await trial.system(service.purge, record.id)
        [entry] = await trial.platform.audit(action=meta.permission("purge"))
        with pytest.raises(Conflict):
            await trial.system(AuditService.undo, entry.id)

    async def test_plan(self, trial: Trial) -> None:
        """A bulk action says which records it would change for whom, by names that may be seen."""
        meta, service = trial.meta, trial.service
        if "page" not in service.operations:
            return
        read = meta.permission("read")
        for name in trial.in_bulk:
            record = await trial.make()
            if name in ("restore", "purge"):
                await trial.system(service.delete, record.id)
            label = label_of(record)
            with trial.trying(name):
                for chosen in ([record.id, uuid4()], meta.schemas.list_query()):
                    assert record.id in (await trial.system(service.plan, name, chosen)).ids
                named = await trial.system(service.plan, name, [record.id])
                assert named.changed.names == [label]
                needed = trial.needed(name)
                seen = Grant(read, readable=frozenset())
                masked = await trial.call(seen, needed)(service.plan, name, [record.id])
                assert (masked.ids, label in masked.changed.names) == ([record.id], False)
                # What is in the trash is only there for who may delete.
                left = await trial.call(read)(service.plan, name, [record.id])
                skipped = [group.names for group in left.skipped.values()]
                assert left.ids == []
                assert skipped == ([] if name in ("restore", "purge") else [[label]])
        for rule in meta.rules:
            for name in trial.in_bulk:
                ids = []
                for values in (self.inside, self.outside):
                    ids.append((await trial.make(**values[rule.name])).id)
                    if name in ("restore", "purge"):
                        await trial.system(service.delete, ids[-1])
                limited = trial.call(Grant(trial.needed(name), rule=rule.name), read)
                with trial.trying(f"{name} within {rule.name}"):
                    assert (await limited(service.plan, name, ids)).ids == ids[:1]
        with pytest.raises(Invalid):
            await trial.system(service.plan, "create", [])

    async def test_there_and_back(self, trial: Trial) -> None:
        """What answers and files write of it means the same value: sent back it changes nothing."""
        record = await trial.make()
        written = record.as_json()
        for field in trial.meta.writable.values():
            value = vars(record)[field.name]
            with trial.trying(field.name):
                ways = [written[field.name]]
                if value is not None:
                    ways.append(field.from_text(field.to_text(value)))
                for way in ways:
                    same = await trial.system(trial.service.update, record.id, {field.name: way})
                    assert same.version == record.version, way
                assert field.from_text("") is None

    async def test_hidden(self, trial: Trial) -> None:
        """Hidden, it is in no answer, and nothing is found, sorted or counted by it."""
        record = await trial.make()
        query = trial.meta.schemas.list_query
        for field in trial.meta.fields.values():
            shown = frozenset(trial.meta.fields) - {field.name}
            call = trial.call(
                Grant(trial.meta.permission("read"), readable=shown), *trial.seeing_others
            )
            with trial.trying(field.name):
                assert not (await call(trial.service.get, record.id)).has(field.name)
                [listed] = await call(trial.service.page, query())
                assert not listed.has(field.name)
                [line] = await trial.run(call, "export", record)
                assert line[1 + list(trial.meta.fields).index(field.name)] is None
                if field.is_sortable and field.name != "created_at":
                    for sort in (field.name, f"created_at,-{field.name}"):
                        with pytest.raises(Invalid, match="may not see"):
                            await call(trial.service.page, query(sort=sort))
                value = vars(record).get(field.name)
                if value is not None and "is" in field.all_operators:
                    asked = query(**{f"{field.name}__is": operand(field, value)}, with_count=True)
                    seen = [await each(trial.service.page, asked) for each in (call, trial.system)]
                    assert [page.total for page in seen] == [0, 1]
                if isinstance(field, Text) and field.search and value:
                    found = await call(trial.service.page, query(q=str(value)))
                    by_label = label_of(record) == value and field.name != trial.meta.label
                    assert len(found) == by_label

    async def test_hidden_order(self, trial: Trial) -> None:
        """Nor does the list's own order, or a link to its next page, tell of a hidden field."""
        name = trial.meta.order.removeprefix("-")
        if name == "created_at":
            return
        for _ in range(2):
            await trial.make()
        shown = frozenset(trial.meta.fields) - {name}
        call = trial.call(Grant(trial.meta.permission("read"), readable=shown))
        page = await call(trial.service.page, trial.meta.schemas.list_query(limit=1))
        cursor = page.next_cursor + "=" * (-len(page.next_cursor) % 4)

        assert orjson.loads(base64.urlsafe_b64decode(cursor))[0].removeprefix("-") != name
        whole = await call(trial.service.page, trial.meta.schemas.list_query())
        assert [each.id for each in whole] == sorted((each.id for each in whole), reverse=True)

    async def test_hidden_in_the_trail(self, trial: Trial) -> None:
        """Hidden, it is in no audit entry, neither when the record was made nor changed."""
        if "update" not in trial.service.operations:
            return
        record = await trial.make()
        await trial.system(trial.service.update, record.id, await trial.body())
        asked = AuditListQuery(target_type=trial.meta.name, target_id=str(record.id))
        whole = {
            (entry.id, change.field): (change.before, change.after)
            for entry in (await trial.system(AuditService.page, asked)).items
            for change in entry.changes
        }
        for field in trial.meta.writable.values():
            shown = frozenset(trial.meta.fields) - {field.name}
            call = trial.call("audit.read", Grant(trial.meta.permission("read"), readable=shown))
            with trial.trying(field.name):
                for entry in (await call(AuditService.page, asked)).items:
                    for change in entry.changes:
                        if change.field == field.name:
                            told = change.before, change.after
                            assert told != whole[entry.id, field.name]
                    if field.name == trial.meta.label:
                        assert entry.target_label not in {
                            each
                            for pair in whole.values()
                            for each in pair
                            if isinstance(each, str)
                        }

    async def test_locked(self, trial: Trial) -> None:
        """Who may not write it is refused, in a new record and in a change; nothing is saved."""
        record = await trial.make()
        for field in trial.meta.fields.values():
            with trial.trying(field.name):
                if field.read_only:
                    with pytest.raises(Invalid):
                        await trial.system(trial.service.update, record.id, {field.name: None})
                    continue
                writable = frozenset(trial.meta.writable) - {field.name}
                verbs = [trial.meta.permission(verb) for verb in ("create", "update")]
                grants = [Grant(verb, writable=writable) for verb in verbs]
                call = trial.call(*grants, *trial.seeing_others)
                values = await trial.body()
                with pytest.raises(PermissionDenied) as refused:
                    await call(trial.service.create, values)
                assert refused.value.code == "permission.field"
                with pytest.raises(PermissionDenied):
                    await call(trial.service.update, record.id, {field.name: values[field.name]})
                after = await trial.system(trial.service.get, record.id)
                assert after.version == record.version

    async def test_order(self, trial: Trial) -> None:
        """Page by page every record comes once, in the order of the whole list; also those without.

        Read backwards, a page is what it was.
        """
        records = [await trial.make() for _ in range(3)]
        without = {name: None for name, field in trial.meta.writable.items() if not field.required}
        await trial.system(trial.service.update, records[1].id, without)
        query, page = trial.meta.schemas.list_query, trial.service.page
        names = [each.name for each in trial.meta.fields.values() if each.is_sortable]
        sorts = [*names, *(f"-{name}" for name in names)]
        sorts += [f"{one},-{two}" for one, two in pairwise(names)]
        sorts += [f"-{one},{two},-{three}" for one, two, three in zip(*_thirds(names), strict=True)]
        for sort in sorts:
            with trial.trying(sort):
                whole = [each.id for each in await trial.system(page, query(sort=sort))]
                seen: list[UUID] = []
                cursor, back = None, None
                while True:
                    part = await trial.system(page, query(sort=sort, limit=1, cursor=cursor))
                    seen += [each.id for each in part]
                    back = part.previous_cursor or back
                    if part.next_cursor is None:
                        break
                    cursor = part.next_cursor
                assert seen == whole
                assert set(seen) == {each.id for each in records}
                [before] = await trial.system(page, query(sort=sort, limit=1, cursor=back))
                assert before.id == seen[-2]

    async def test_filters(self, trial: Trial) -> None:
        """Every question that its type knows is answered, by a parameter and by JSON alike."""
        record, other = await trial.make(), await trial.make()
        client = trial.platform.client(await trial.administrator())
        for field in trial.meta.fields.values():
            value = vars(record).get(field.name)
            for operator in field.all_operators:
                key = field.name if operator == "is" else f"{field.name}.{operator}"
                text = "" if value is None else asked_for(field, value)
                text = "false" if operator == "empty" else text
                if not text:
                    continue
                with trial.trying(key):
                    answer = await client.get(f"/api/v1{trial.meta.path}", params={key: text})
                    assert answer.status_code == 200, answer.text
                    found = {each["id"] for each in answer.json()["items"]}
                    expected = operator != "not" and (value is not None or operator != "empty")
                    assert (str(record.id) in found) == expected
                    if operator in ("is", "not") and vars(other)[field.name] != value:
                        assert (str(other.id) in found) == (operator == "not")
        await client.aclose()

    async def test_wrong(self, trial: Trial) -> None:
        """What it does not accept is refused with a sentence at it; nothing is an error of ours."""
        values = await trial.body()
        for field in trial.meta.writable.values():
            for value in WRONG:
                with trial.trying(f"{field.name} = {value!r:.60}"):
                    try:
                        made = await trial.system(
                            trial.service.create, values | {field.name: value}
                        )
                    except Invalid as refused:
                        at = {each.partition(".")[0] for each in refused.fields}
                        if at != {field.name}:
                            trial.problems.append(f"{field.name} = {value!r:.60}: said at {at}")
                    else:
                        await trial.system(trial.service.delete, made.id)


def _thirds(names: list[str]) -> tuple[list[str], ...]:
    """The names in threes."""
    whole = len(names) // 3 * 3
    return tuple(names[start:whole:3] for start in range(3))

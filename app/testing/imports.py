"""What every module keeps whose nouns are imported from files; a part of `ModuleConformance`."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from app.core.access import Grant
from app.core.errors import Conflict, Invalid, PermissionDenied
from app.core.resources.fields import Reference
from app.core.resources.import_schemas import ImportQuery
from app.core.resources.resource import Meta
from app.features.audit.service import AuditService

PLAIN = ImportQuery()


def file_of(meta: Meta, *records: Mapping[str, Any]) -> bytes:
    """A file of records, whose values are JSON; `id` among them, where they have one."""
    names = ["id", *meta.writable]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for values in records:
        writer.writerow([_cell(meta, name, values.get(name)) for name in names])
    return text.getvalue().encode()


def _cell(meta: Meta, name: str, value: Any) -> str:
    if value is None or name == "id" or isinstance(meta.fields[name], Reference):
        return "" if value is None else str(value)
    field = meta.fields[name]
    return field.to_text(TypeAdapter(field.annotation).validate_python(value))


async def exported(trial: Any, call: Any) -> bytes:
    """The file that somebody gets of all records."""
    rows = await trial.run(call, "export", None)
    text = io.StringIO()
    csv.writer(text).writerows([["id", *trial.meta.fields], *rows])
    return text.getvalue().encode()


class ImportConformance:
    """Tests of imports, for each service that has them."""

    inside: ClassVar[Mapping[str, Mapping[str, Any]]]
    outside: ClassVar[Mapping[str, Mapping[str, Any]]]

    def _imports(self, trial: Any) -> bool:
        return "import_csv" in trial.service.operations and "update" in trial.service.operations

    async def _all(self, trial: Any) -> Sequence[Any]:
        return list(await trial.system(trial.service.page, trial.meta.schemas.list_query()))

    async def test_import(self, trial: Any) -> None:
        """A dry run says what the import does, and changes nothing; all of it is taken back."""
        if not self._imports(trial):
            return
        known, body = await trial.make(), await trial.body()
        changed = await trial.body() | {"id": str(known.id)}
        content = file_of(trial.meta, body, changed)
        dry = await trial.system(trial.service.plan_import, content, PLAIN)
        assert [each.as_json() for each in await self._all(trial)] == [known.as_json()]
        done = await trial.system(trial.service.import_csv, content, PLAIN)
        counts = {"created": 1, "updated": 1, "unchanged": 0, "refused": 0}
        assert dry.model_dump(include=set(counts)) == done.model_dump(include=set(counts)) == counts
        assert done.problems == []
        made = await trial.system(trial.service.get, done.rows[0].id)
        for name, field in trial.meta.writable.items():
            with trial.trying(name):
                values = TypeAdapter(field.annotation | None).validate_python(body[name])
                after = vars(made)[name]
                after = getattr(after, "id", after) if isinstance(field, Reference) else after
                assert after == values

        [entry] = await trial.platform.audit(action=trial.action("import_csv"))
        await trial.system(AuditService.undo, entry.id)
        [back] = await self._all(trial)
        left_out = {"version", "updated_at"}
        assert {k: v for k, v in back.as_json().items() if k not in left_out} == {
            k: v for k, v in known.as_json().items() if k not in left_out
        }

    async def test_import_changed_since(self, trial: Any) -> None:
        """An import is not taken back when something of it was changed since."""
        if not self._imports(trial):
            return
        content = file_of(trial.meta, await trial.body(), await trial.body())
        done = await trial.system(trial.service.import_csv, content, PLAIN)
        change = {trial.meta.label: (await trial.body())[trial.meta.label]}
        await trial.system(trial.service.update, done.rows[0].id, change)
        [entry] = await trial.platform.audit(action=trial.action("import_csv"))
        with pytest.raises(Conflict):
            await trial.system(AuditService.undo, entry.id)
        assert len(await self._all(trial)) == 2

    async def test_import_there_and_back(self, trial: Any) -> None:
        """The file that an export writes changes nothing, also where fields are hidden in it."""
        if not self._imports(trial):
            return
        for _ in range(2):
            await trial.make()
        verbs = [trial.meta.permission(verb) for verb in ("create", "update")]
        for hidden in [None, *trial.meta.writable]:
            shown = None if hidden is None else frozenset(trial.meta.fields) - {hidden}
            read = Grant(trial.meta.permission("read"), readable=shown)
            call = trial.call(*verbs, read, *trial.seeing_others)
            with trial.trying(f"without {hidden}"):
                report = await call(
                    trial.service.import_csv, await exported(trial, call), ImportQuery()
                )
                assert report.problems == []
                assert report.unchanged == 2

    async def test_import_hidden(self, trial: Any) -> None:
        """No dry run tells whether a guess at a hidden value is right."""
        if not self._imports(trial):
            return
        record, body = await trial.make(), await trial.body()
        verbs = [trial.meta.permission(verb) for verb in ("create", "update")]
        for name in trial.meta.writable:
            right = record.as_json()[name]
            right = right["id"] if isinstance(right, dict) and "id" in right else right
            if right is None or body[name] is None:
                continue
            shown = frozenset(trial.meta.fields) - {name}
            read = Grant(trial.meta.permission("read"), readable=shown)
            call = trial.call(*verbs, read, *trial.seeing_others)
            query = ImportQuery(columns=f"id,{name}")
            with trial.trying(name):
                told = []
                for guess in (right, body[name]):
                    cells = file_of(trial.meta, {"id": str(record.id), name: guess})
                    content = _only(cells, "id", name)
                    report = await call(trial.service.plan_import, content, query)
                    told.append([row.outcome for row in report.rows])
                assert told[0] == told[1] == ["updated"]

    async def test_import_locked(self, trial: Any) -> None:
        """A field that somebody may not write is refused at it, in new records and old ones."""
        if not self._imports(trial):
            return
        record = await trial.make()
        for name in trial.meta.writable:
            body, other = await trial.body(), await trial.body()
            writable = frozenset(trial.meta.writable) - {name}
            verbs = [trial.meta.permission(verb) for verb in ("create", "update")]
            grants = [Grant(verb, writable=writable) for verb in verbs]
            read = trial.meta.permission("read")
            call = trial.call(*grants, read, *trial.seeing_others)
            if body[name] is None or other[name] == record.as_json()[name]:
                continue
            with trial.trying(name):
                content = file_of(trial.meta, body, other | {"id": str(record.id)})
                with pytest.raises(Invalid) as refused:
                    await call(trial.service.import_csv, content, PLAIN)
                problems: Any = refused.value.details["problems"]
                assert [each["field"] for each in problems] == [name, name]
                assert (await trial.system(trial.service.get, record.id)).version == record.version

    async def test_import_out_of_reach(self, trial: Any) -> None:
        """Nobody imports what their permission would not reach, or finds records of others."""
        if not self._imports(trial):
            return
        for rule in trial.meta.rules:
            inside, outside = dict(self.inside[rule.name]), dict(self.outside[rule.name])
            verbs = [trial.meta.permission(verb) for verb in ("create", "update", "read")]
            grants = [Grant(each, rule=rule.name) for each in verbs]
            call = trial.call(*grants, *trial.seeing_others)
            theirs = await trial.make(**outside)
            mine = await trial.make(**inside)
            with trial.trying(rule.name):
                rows = [
                    await trial.body() | inside,
                    await trial.body() | outside,
                    await trial.body() | {"id": str(theirs.id)},
                    await trial.body() | outside | {"id": str(mine.id)},
                    await trial.body() | inside,
                ]
                content = file_of(trial.meta, *rows)
                query = ImportQuery(mode="skip_bad")
                report = await call(trial.service.import_csv, content, query)
                outcomes = [row.outcome for row in report.rows]
                assert outcomes == ["created", "refused", "refused", "refused", "created"]

    async def test_import_bad_values(self, trial: Any) -> None:
        """Whatever stands in a cell is accepted or refused with a sentence at its field."""
        if not self._imports(trial):
            return
        for name in trial.meta.writable:
            lines = [await trial.body() for _ in BAD_CELLS]
            rows = list(csv.reader(io.StringIO(file_of(trial.meta, *lines).decode())))
            for row, bad in zip(rows[1:], BAD_CELLS, strict=True):
                row[rows[0].index(name)] = bad
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            with trial.trying(name):
                report = await trial.system(
                    trial.service.plan_import,
                    text.getvalue().encode("utf-8"),
                    ImportQuery(mode="skip_bad"),
                )
                assert [each for each in report.problems if each.field != name] == []
                # Rows in which nothing else stands may be empty.
                assert len(report.rows) >= len(BAD_CELLS) - 2

    async def test_import_needs_create(self, trial: Any) -> None:
        """Neither a dry run nor a preview is open to whom the import is not."""
        if not self._imports(trial):
            return
        content = file_of(trial.meta, await trial.body())
        call = trial.call(trial.meta.permission("read"), trial.meta.permission("update"))
        for name in ("import_csv", "plan_import", "preview_import"):
            with trial.trying(name), pytest.raises(PermissionDenied):
                await call(getattr(trial.service, name), content, PLAIN)


def _only(content: bytes, *names: str) -> bytes:
    """A file with only these columns."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    places = [rows[0].index(name) for name in names]
    text = io.StringIO()
    csv.writer(text).writerows([[row[place] for place in places] for row in rows])
    return text.getvalue().encode()


BAD_CELLS = [
    " ", "x" * 90_000, "\u202eabc", "<script>", "-1", "1e400", "NaN", "0x10", "null", "[[", "{}",
    "1", "9" * 40, "true", "maybe", "0001-01-01", "9999-12-31", "2026-02-30", "P999999999D",
    "99:99", "javascript:alert(1)", "a@b", str(uuid4()), "=1+1", "1,5", "12.50 XYZ", "\u2028",
]  # fmt: skip
"""What files have in cells."""

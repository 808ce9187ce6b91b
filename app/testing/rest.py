"""What every resource keeps by REST; part of `ModuleConformance`."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from app.core.access import Grant
from app.testing.trial import Trial


class RestConformance:
    """How requests are sent again, and which parts answers have."""

    async def test_some_fields(self, trial: Trial) -> None:
        """Answers have the fields that are asked for and may be seen; unknown ones are refused."""
        record, path = await trial.make(), f"/api/v1{trial.meta.path}"
        query, shape = trial.meta.schemas.list_query, trial.meta.schemas.get_query
        for name in trial.meta.fields:
            shown = frozenset(trial.meta.fields) - {name}
            blind = trial.call(
                Grant(trial.meta.permission("read"), readable=shown), *trial.seeing_others
            )
            for call, expected in ((trial.system, {name}), (blind, set())):
                with trial.trying(name):
                    [listed] = await call(trial.service.page, query(fields=name))
                    one = await call(trial.service.get, record.id, shape(fields=name))
                    assert set(vars(listed)) == set(vars(one)) == expected | {"id", "version"}
        async with trial.platform.client(await trial.administrator()) as client:
            for address in (path, f"{path}/{record.id}"):
                for parameter in ("fields", "include"):
                    for wrong in (
                        "",
                        ",",
                        "no_such",
                        "id,no_such",
                        "__class__",
                        "Name",
                        "x" * 3000,
                    ):
                        answer = await client.get(address, params={parameter: wrong})
                        with trial.trying(f"{address}?{parameter}={wrong:.20}"):
                            assert answer.status_code in {414, 422}, answer.text
                            assert set(answer.json().get("fields", ())) <= {parameter}

    async def test_include(self, trial: Trial) -> None:
        """What records refer to is told as it may be seen, by one statement for each reference."""
        query, shape = trial.meta.schemas.list_query, trial.meta.schemas.get_query
        read = trial.meta.permission("read")
        for field in trial.meta.references:
            name, other = field.name, trial.service_of(field.to)
            target = await trial.make(other)
            record = await trial.make(**{name: str(target.id)})
            label, seen = field.to.meta.label, field.to.meta.permission("read")
            asked = {"include": name, "fields": name}
            ways: list[tuple[Any, set[str]]] = [(trial.system, set())]
            if seen != read:
                hidden = Grant(seen, readable=frozenset(field.to.meta.fields) - {label})
                ways += [(trial.call(read, seen), set()), (trial.call(read, hidden), {label})]
                ways += [(trial.call(read), {"all of it"})]
            for call, missing in ways:
                with trial.trying(f"{name} without {missing}"):
                    one = await call(trial.service.get, record.id, shape(**asked))
                    page = await call(trial.service.page, query(**asked))
                    [listed] = [each for each in page if each.id == record.id]
                    whole = (await trial.system(other.get, target.id)).as_json()
                    expected = {key: each for key, each in whole.items() if key not in missing}
                    for told in (one.as_json()[name], listed.as_json()[name]):
                        assert told["id"] == str(target.id)
                        if missing == {"all of it"}:
                            assert told.keys() == {"id", "label"}
                        else:
                            assert _references_aside(told["record"]) == _references_aside(expected)
            with trial.trying(f"statements for {name}"):
                counts = []
                for _ in range(2):
                    with trial.platform.counting() as statements:
                        await trial.system(trial.service.page, query(**asked))
                    counts.append(len(statements))
                    await trial.make(**{name: str((await trial.make(other)).id)})
                with trial.platform.counting() as statements:
                    await trial.system(trial.service.page, query(fields=name))
                assert counts == [len(statements) + 1] * 2

    async def test_known(self, trial: Trial) -> None:
        """Who knows an answer is told so, until anything in it changes: also names of others."""
        path = f"/api/v1{trial.meta.path}"
        async with trial.platform.client(await trial.administrator()) as client:
            for field in (None, *trial.meta.references):
                record = await trial.make()
                target, other = record, trial.service
                if field is not None:
                    other = trial.service_of(field.to)
                    target = await trial.make(other)
                    record = await trial.make(**{field.name: str(target.id)})
                for address in (path, f"{path}/{record.id}"):
                    with trial.trying(f"{address} by {field}"):
                        tag = (await client.get(address)).headers["etag"]
                        known = await client.get(address, headers={"If-None-Match": tag})
                        assert (known.status_code, known.content) == (304, b"")
                        if "update" in other.operations:
                            renamed = {other.resource.meta.label: f"Renamed {uuid4()}"}
                            await trial.system(other.update, target.id, renamed)
                            fresh = await client.get(address, headers={"If-None-Match": tag})
                            assert fresh.status_code == 200
                            assert fresh.headers["etag"] != tag

    async def test_bulk(self, trial: Trial) -> None:
        """Many are made, changed and deleted at once: each by itself, or all or nothing.

        Each item is the operation that it would be alone, with an audit entry of its own.
        """
        path, label = f"/api/v1{trial.meta.path}/bulk", trial.meta.label
        gone = {"id": str(uuid4())}
        async with trial.platform.client(await trial.administrator()) as client:
            for name, done, refused in (
                ("create", 201, 422),
                ("update", 200, 404),
                ("delete", 204, 404),
            ):
                if name not in trial.service.operations:
                    continue
                made = [{"id": str((await trial.make()).id)} for _ in range(2)]
                bodies: list[Any] = [await trial.body() for _ in range(2)]
                wrong: dict[str, Any] = {"no_such": 1}
                if name != "create":
                    bodies, wrong = made, gone
                if name == "update":
                    bodies = [each | {label: f"New {uuid4()}"} for each in made]
                    wrong = gone | {label: "Nothing"}
                items = [bodies[0], wrong, bodies[1]]
                action = {"action": trial.action(name), "outcome": "succeeded"}
                before = len(await trial.platform.audit(**action))
                with trial.trying(name):
                    atomic = {"items": items, "atomic": True}
                    nothing = await client.post(f"{path}/{name}", json=atomic)
                    assert nothing.status_code == refused, nothing.text
                    assert nothing.json()["item"] == 1
                    assert len(await trial.platform.audit(**action)) == before

                    some = await client.post(f"{path}/{name}", json={"items": items})
                    assert some.status_code == 200, some.text
                    results = some.json()["items"]
                    assert [each["status"] for each in results] == [done, refused, done]
                    assert (some.json()["succeeded"], some.json()["failed"]) == (2, 1)
                    assert results[1]["problem"]["status"] == refused
                    assert len(await trial.platform.audit(**action)) == before + 2
                    if name != "delete":
                        one = results[0]["record"]
                        alone = await client.get(f"/api/v1{trial.meta.path}/{one['id']}")
                        assert alone.json() == one

                    for count in (0, 501):
                        answer = await client.post(f"{path}/{name}", json={"items": [{}] * count})
                        assert answer.status_code == 422
                    sent = {"items": items[:1], "atomic": True}
                    if name == "create":
                        sent["items"] = [await trial.body()]
                    if name == "delete":
                        sent["items"] = [{"id": str((await trial.make()).id)}]
                    whole = await client.post(f"{path}/{name}", json=sent)
                    assert [each["status"] for each in whole.json()["items"]] == [done]

    async def test_once(self, trial: Trial) -> None:
        """What is sent again with its `Idempotency-Key` is done once and answered as before."""
        path = f"/api/v1{trial.meta.path}"
        client = trial.platform.client(await trial.administrator())
        for name in trial.operations:
            record = await trial.make()
            sent: list[Any] = [f"{path}/{record.id}/{name.replace('_', '-')}", None]
            if name == "create":
                sent = [path, await trial.body()]
            elif name in trial.service.actions:
                sent[1] = await trial.form(name)
            elif name in ("restore", "purge"):
                await trial.system(trial.service.delete, record.id)
            else:
                continue
            headers = {"Idempotency-Key": name}
            with trial.trying(name):
                before = len(await trial.platform.audit(action=trial.action(name)))
                first, again = [
                    await client.post(sent[0], json=sent[1], headers=headers) for _ in range(2)
                ]
                assert first.is_success, first.text
                assert (again.status_code, again.content) == (first.status_code, first.content)
                assert again.headers["idempotency-replayed"] == "true"
                assert again.headers.get("etag") == first.headers.get("etag")
                assert len(await trial.platform.audit(action=trial.action(name))) == before + 1
        await client.aclose()


def _references_aside(values: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what it refers to, which callers may see or not."""
    return {key: each for key, each in values.items() if not isinstance(each, dict)}

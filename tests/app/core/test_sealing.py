"""The arithmetic of the sealed trail: canonical, sensitive to everything, and the same for ever."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.audit import AuditEntry
from app.core.sealing import (
    FIELDS,
    FORM,
    Checkpoint,
    Keys,
    canonical,
    entry_hash,
    genesis,
    key_id,
    link,
)

ID = UUID("01890000-0000-7000-8000-000000000001")
ROW: dict[str, Any] = {
    "id": ID,
    "at": datetime(2026, 1, 31, 9, 30, 0, 7, tzinfo=UTC),
    "action": "user.create",
    "outcome": "succeeded",
    "actor_kind": "user",
    "actor_id": None,
    "actor_name": "Zoë",
    "actor_email": "",
    "session_id": None,
    "target_type": "user",
    "target_id": "7",
    "target_label": "x",
    "changes": [{"field": "name", "before": None, "after": "Ada"}],
    "detail": {"b": 1.5, "a": [True]},
    "error_code": "",
    "request_id": "r",
    "channel": "api",
    "address": "192.0.2.1",
    "user_agent": "",
    "duration_ms": 3,
    "on_behalf_of": "",
    "trace_id": "t",
    "module": "users",
    "reason": "why",
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
MOMENTS = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis wants it so
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001 - likewise
    timezones=st.just(UTC),
)
ROWS = st.fixed_dictionaries(
    {
        name: st.text(max_size=20)
        for name in FIELDS[FORM]
        if name not in ("id", "at", "actor_id", "session_id", "changes", "detail", "duration_ms")
    }
    | {
        "id": st.uuids(),
        "at": MOMENTS,
        "actor_id": st.none() | st.uuids(),
        "session_id": st.none() | st.uuids(),
        "changes": st.lists(JSON, max_size=3),
        "detail": st.dictionaries(st.text(), JSON, max_size=3),
        "duration_ms": st.integers(0, 10**9),
    }
)


class TestCanonical:
    """A row as a text."""

    def test_is_written_so(self) -> None:
        """The first form, once and for all: sealed rows depend on it."""
        assert canonical(ROW, 1) == (
            '{"action":"user.create","actor_email":"","actor_id":null,"actor_kind":"user",'
            '"actor_name":"Zo\\u00eb","address":"192.0.2.1","at":"2026-01-31T09:30:00.000007Z",'
            '"changes":[{"after":"Ada","before":null,"field":"name"}],"channel":"api",'
            '"detail":{"a":[true],"b":1.5},"duration_ms":3,"error_code":"",'
            '"id":"01890000000070008000000000000001","module":"users","on_behalf_of":"",'
            '"outcome":"succeeded","reason":"why","request_id":"r","session_id":null,'
            '"target_id":"7","target_label":"x","target_type":"user","trace_id":"t",'
            '"user_agent":""}'
        )
        assert entry_hash(ROW, 1).hex() == (
            "a0f98ef2ebf5cd3f18382e9e7acd6aacd0b4119f14c0ddfc64d5bcc0841d31a8"
        )

    def test_has_every_column(self) -> None:
        """The newest form leaves no column out; a new column needs a new form."""
        assert set(FIELDS[FORM]) == set(AuditEntry.model_fields)

    @given(ROWS)
    def test_stays_the_same_when_stored_as_json(self, row: dict[str, Any]) -> None:
        """What a database does to JSON, moments and key order changes nothing."""
        stored = {
            name: json.loads(json.dumps(value)) if name in ("changes", "detail") else value
            for name, value in reversed(row.items())
        }
        stored["at"] = row["at"].astimezone(timezone(timedelta(hours=5, minutes=30)))

        assert canonical(stored) == canonical(row)

    @given(ROWS)
    def test_can_be_read_back(self, row: dict[str, Any]) -> None:
        """Nothing is lost: ASCII, and the same values when parsed."""
        read = json.loads(canonical(row).encode("ascii"))

        assert read["changes"] == row["changes"]
        assert read["detail"] == row["detail"]
        assert read["target_label"] == row["target_label"]
        assert UUID(read["id"]) == row["id"]
        assert datetime.fromisoformat(read["at"]) == row["at"]

    @given(ROWS, ROWS, st.sampled_from(FIELDS[FORM]))
    def test_any_difference_changes_the_hash(
        self, row: dict[str, Any], other: dict[str, Any], name: str
    ) -> None:
        """Two rows have one hash only when every column is equal, types included."""
        changed = {**row, name: other[name]}
        same = json.dumps(row[name], default=str) == json.dumps(other[name], default=str)

        assert (entry_hash(changed) == entry_hash(row)) is same

    @pytest.mark.parametrize("form", [0, 2])
    def test_unknown_form(self, form: int) -> None:
        """A form that never was is an error."""
        with pytest.raises(KeyError):
            canonical(ROW, form)


class TestLink:
    """One link of the chain."""

    def test_depends_on_everything(self) -> None:
        """Place, row, form and all that came before."""
        start, hashed = genesis("core"), entry_hash(ROW)
        links = {
            link(start, 1, ID, 1, hashed),
            link(genesis("other"), 1, ID, 1, hashed),
            link(start, 2, ID, 1, hashed),
            link(start, 1, UUID(int=1), 1, hashed),
            link(start, 1, ID, 2, hashed),
            link(start, 1, ID, 1, start),
        }

        assert len(links) == 6
        assert {len(each) for each in links} == {32}


class TestKeys:
    """Signatures."""

    def test_own_signature(self) -> None:
        """What a key signed it recognises, to the last bit."""
        keys = Keys("a secret")
        signature = keys.sign(b"message")

        assert keys.verify(keys.id, b"message", signature)
        assert not keys.verify(keys.id, b"messagE", signature)
        assert not keys.verify(
            keys.id, b"message", "A" + signature[1:] if signature[0] != "A" else "B"
        )
        assert not keys.verify("0" * 16, b"message", signature)
        assert not keys.verify(keys.id, b"message", "ö")

    def test_same_secret_same_key(self) -> None:
        """The key is made of the secret alone."""
        assert Keys("a secret").public == Keys("a secret").public
        assert Keys("a secret").public != Keys("another").public

    def test_former_key(self) -> None:
        """A former key's signatures count, and only those of a known one."""
        former = Keys("before")
        signature = former.sign(b"message")

        assert Keys("now", [former.public]).verify(key_id(former.public), b"message", signature)
        assert not Keys("now").verify(key_id(former.public), b"message", signature)

    def test_checkpoint_message(self) -> None:
        """Every fact of a checkpoint is signed."""
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        facts: dict[str, Any] = {
            "chain": "core",
            "first_seq": 1,
            "last_seq": 4,
            "previous_hash": b"p",
            "chain_hash": b"c",
            "newest_at": moment,
            "kinds": ("reads",),
            "sealed_at": moment,
            "pruned_at": None,
        }
        others: dict[str, Any] = {
            "chain": "x",
            "first_seq": 2,
            "last_seq": 5,
            "previous_hash": b"x",
            "chain_hash": b"x",
            "newest_at": moment + timedelta(microseconds=1),
            "kinds": ("reads", "security"),
            "sealed_at": moment + timedelta(microseconds=1),
            "pruned_at": moment,
        }
        messages = {Checkpoint(**facts).message()}
        messages |= {Checkpoint(**facts | {name: others[name]}).message() for name in facts}

        assert len(messages) == 1 + len(facts)

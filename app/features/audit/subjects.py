"""Queries of what the audit trail's search knows: who acted, and on what, under which names."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from app.core.audit import AuditEntry
from app.core.ids import parse_id
from app.core.search import USER_SEARCH, USERS, SearchIndex, misplaced, search_text, search_words
from app.core.unit_of_work import UnitOfWork
from app.features.audit.models import AuditSubject

ACTOR = ""
"""The type of who acted."""

MOST_FOUND = 20
"""A search looks at the entries of this many things and people."""

_MOST_LOOKED_AT = 500
"""The best of so many are taken."""

_USER = "user"
_NAME = "display_name"

_entries, _subjects = (
    SQLModel.metadata.tables[str(model.__tablename__)] for model in (AuditEntry, AuditSubject)
)
_SEARCH = SearchIndex(
    _subjects.c.number,
    _subjects.c.search_text,
    sqlite="{hits}",
    fts="core_audit_subject_search",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that entries are about, or, without a type, somebody who acted."""

    type: str
    id: str
    label: str

    @property
    def key(self) -> UUID:
        """The same for the same three."""
        facts = f"{self.type}\0{self.id}\0{self.label}"
        return UUID(bytes=hashlib.sha256(facts.encode()).digest()[:16])


def subjects_of(entry: Mapping[str, Any]) -> Iterable[Subject]:
    """What one can find an entry by; who is named acted, or something was done to them."""
    if entry["target_type"] and entry["target_label"]:
        yield Subject(entry["target_type"], entry["target_id"], entry["target_label"])
    if entry["actor_id"] is not None:
        label = f"{entry['actor_name']} {entry['actor_email']}"
        yield Subject(ACTOR, str(entry["actor_id"]), label)
    if entry["target_type"] == _USER and entry["target_id"]:
        for name in _names_in(entry["changes"]):
            yield Subject(ACTOR, entry["target_id"], name)


def _names_in(changes: Iterable[Any]) -> Iterable[str]:
    """What a user is called in what was recorded of a change."""
    for change in changes or ():
        if isinstance(change, Mapping) and change.get("field") == _NAME:
            values = (change.get("before"), change.get("after"))
            yield from (each for each in values if each and isinstance(each, str))


class SubjectRepository:
    """Subjects within one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find(
        self, typed: str, hidden: Collection[str], *, users: bool = False
    ) -> list[Subject]:
        """The subjects in whose label the words stand, at most `MOST_FOUND`.

        Those in which words begin with what was typed come before those that only contain it.

        Args:
            typed: The words.
            hidden: Types that are left out.
            users: Whether users are found by what they are called now, too.
        """
        words = search_words(typed)
        is_sqlite, columns = self._uow.database.is_sqlite, _subjects.c
        hits = _SEARCH.found(columns.number, words, most=_MOST_LOOKED_AT, is_sqlite=is_sqlite)
        statement = (
            select(columns.search_text, columns.type, columns.subject_id, columns.label)
            .where(hits, columns.type.not_in(hidden))
            .order_by(columns.number.desc())
        )
        rows = [*await self._uow.session.execute(statement)]
        found = {Subject(*row): misplaced(stored, words) for stored, *row in rows}
        if users and ACTOR not in hidden:
            people = USERS.c
            hits = USER_SEARCH.found(people.id, words, most=_MOST_LOOKED_AT, is_sqlite=is_sqlite)
            named = select(people.search_text, people.id, people.display_name).where(hits)
            for row in await self._uow.session.execute(named):
                subject = Subject(ACTOR, str(row.id), row.display_name)
                found[subject] = misplaced(row.search_text, words)
        return _best(found)

    async def unknown(self, entries: Iterable[Mapping[str, Any]]) -> list[Subject]:
        """What is not known yet of what these entries can be found by."""
        subjects = _of_all(entries)
        statement = select(_subjects.c.key).where(_subjects.c.key.in_(subjects))
        known = set((await self._uow.session.execute(statement)).scalars())
        return [subject for key, subject in subjects.items() if key not in known]

    async def add(self, subjects: Sequence[Subject]) -> None:
        """Keep subjects; those that another sealer has added meanwhile stay as they are."""
        if not subjects:
            return
        insert = sqlite.insert if self._uow.database.is_sqlite else postgresql.insert
        statement: Any = insert(_subjects)
        connection = await self._uow.session.connection()
        await connection.execute(
            statement.on_conflict_do_nothing(index_elements=["key"]),
            [
                {
                    "key": subject.key,
                    "type": subject.type,
                    "subject_id": subject.id,
                    "label": subject.label,
                    "search_text": search_text(subject.label),
                }
                for subject in subjects
            ],
        )

    async def forget(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Delete what these entries, which are gone, were found by, if no other entry is left."""
        connection = await self._uow.session.connection()
        for subject in _of_all(entries).values():
            if subject.type == ACTOR:
                of_user = and_(_entries.c.target_type == _USER, _entries.c.target_id == subject.id)
                left = or_(_entries.c.actor_id == parse_id(subject.id), of_user)
            else:
                left = and_(
                    _entries.c.target_type == subject.type,
                    _entries.c.target_id == subject.id,
                    true() if subject.id else _entries.c.target_label == subject.label,
                )
            statement = delete(_subjects).where(_subjects.c.key == subject.key)
            await connection.execute(statement.where(~exists().where(left)))


def _best(found: Mapping[Subject, int]) -> list[Subject]:
    """All that is known of those who are found best."""
    best: dict[tuple[str, str, str], None] = {}
    for each in sorted(found, key=found.__getitem__):
        best[each.type, each.id, "" if each.id else each.label] = None
    chosen = set(list(best)[:MOST_FOUND])
    return [each for each in found if (each.type, each.id, "" if each.id else each.label) in chosen]


def _of_all(entries: Iterable[Mapping[str, Any]]) -> dict[UUID, Subject]:
    return {subject.key: subject for entry in entries for subject in subjects_of(entry)}

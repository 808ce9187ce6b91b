"""Queries of what the audit trail's search knows: who acted, and on what, under which names."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, select, text, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from app.core.audit import AuditEntry
from app.core.ids import parse_id
from app.core.search import match, search_text, search_words
from app.core.unit_of_work import UnitOfWork
from app.features.audit.models import AuditSubject

ACTOR = ""
"""The type of who acted."""

MOST_FOUND = 20
"""A search looks at the entries of this many things and people."""

_SQLITE_HITS = """
number IN (
    SELECT rowid FROM core_audit_subject_search
    WHERE core_audit_subject_search MATCH :words
)
"""
_POSTGRESQL_HITS = "to_tsvector('simple', search_text) @@ to_tsquery('simple', :words)"

_entries, _subjects = (
    SQLModel.metadata.tables[str(model.__tablename__)] for model in (AuditEntry, AuditSubject)
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
    """What one can find an entry by."""
    if entry["target_type"] and entry["target_label"]:
        yield Subject(entry["target_type"], entry["target_id"], entry["target_label"])
    if entry["actor_id"] is not None:
        label = f"{entry['actor_name']} {entry['actor_email']}"
        yield Subject(ACTOR, str(entry["actor_id"]), label)


class SubjectRepository:
    """Subjects within one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find(self, typed: str, hidden: Collection[str]) -> list[Subject]:
        """The subjects in whose label each word begins one, at most `MOST_FOUND`.

        Args:
            typed: The words.
            hidden: Types that are left out.
        """
        words = search_words(typed)
        if not words:
            return []
        is_sqlite = self._uow.database.is_sqlite
        hits = text(_SQLITE_HITS if is_sqlite else _POSTGRESQL_HITS)
        columns = _subjects.c
        statement = (
            select(columns.type, columns.subject_id, columns.label)
            .where(hits.bindparams(words=match(words, is_sqlite=is_sqlite)))
            .where(columns.type.not_in(hidden))
            .limit(MOST_FOUND)
        )
        return [Subject(*row) for row in await self._uow.session.execute(statement)]

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
                left = _entries.c.actor_id == parse_id(subject.id)
            else:
                left = and_(
                    _entries.c.target_type == subject.type,
                    _entries.c.target_id == subject.id,
                    true() if subject.id else _entries.c.target_label == subject.label,
                )
            statement = delete(_subjects).where(_subjects.c.key == subject.key)
            await connection.execute(statement.where(~exists().where(left)))


def _of_all(entries: Iterable[Mapping[str, Any]]) -> dict[UUID, Subject]:
    return {subject.key: subject for entry in entries for subject in subjects_of(entry)}

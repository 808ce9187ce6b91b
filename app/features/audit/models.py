"""Tables beside the audit trail; the entries themselves are in `app.core.audit`.

Entries are never updated, so what proves them, and what finds them by name, stands beside them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
)
from sqlmodel import Field

from app.core.models import Table, UtcDateTime


class UnsealedEntry(Table, table=True):
    """An entry that waits for its seal; a trigger of the database adds it."""

    __tablename__ = "core_audit_unsealed"
    __table_args__ = ({"sqlite_with_rowid": False},)

    entry_id: UUID = Field(primary_key=True)


class AuditSeal(Table, table=True):
    """The place of one entry in a chain, and its hash. Never updated."""

    __tablename__ = "core_audit_seals"
    __table_args__ = (UniqueConstraint("entry_id", name="uq_core_audit_seals_entry_id"),)

    chain: str = Field(max_length=40, primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    entry_id: UUID
    form: int = Field(sa_column=Column(SmallInteger, nullable=False))
    entry_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    chain_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditCheckpoint(Table, table=True):
    """A signed range of seals; kept when retention deletes its entries. See `Checkpoint`."""

    __tablename__ = "core_audit_checkpoints"
    __table_args__ = (Index("ix_core_audit_checkpoints_newest_at", "pruned_at", "newest_at"),)

    chain: str = Field(max_length=40, primary_key=True)
    last_seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    first_seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    previous_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    chain_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    newest_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    kinds: str = Field(max_length=100)
    """Separated by commas."""
    sealed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    pruned_at: datetime | None = Field(sa_column=Column(UtcDateTime, nullable=True))
    key_id: str = Field(max_length=16)
    signature: str = Field(max_length=100)


class AuditAnchor(Table, table=True):
    """What the anchor file held when it was last written; without a row there is none in use."""

    __tablename__ = "core_audit_anchor"

    chain: str = Field(max_length=40, primary_key=True)
    last_seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    chain_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    anchored_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    key_id: str = Field(max_length=16)
    signature: str = Field(max_length=100)


class AuditSubject(Table, table=True):
    """Something under one of its names, for the search; a type that is empty means who acted.

    The search index is made by the migration: each kind of database has its own.
    """

    __tablename__ = "core_audit_subjects"
    __table_args__ = (UniqueConstraint("key", name="uq_core_audit_subjects_key"),)

    number: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    )
    key: UUID
    """Made of the three that follow."""
    type: str = Field(max_length=50)
    subject_id: str = Field(max_length=100)
    label: str = Field(max_length=600)
    search_text: str = Field(max_length=1000)

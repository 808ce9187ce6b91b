"""Queries of the request keys feature."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.features.request_keys.models import RequestKey

_KNOWN: Any = (
    RequestKey.fingerprint,
    RequestKey.access_hash,
    RequestKey.started_at,
    RequestKey.status,
    RequestKey.headers,
    RequestKey.body,
)


class RequestKeyRepository:
    """The requests that one caller has named.

    Args:
        session: Of a transaction that writes.
        user_id: The caller.
    """

    def __init__(self, session: AsyncSession, user_id: UUID) -> None:
        self._session = session
        self._user_id = user_id

    async def get(self, key_hash: str) -> Row[Any] | None:
        """What is known of one, locked."""
        statement = select(*_KNOWN).where(*self._named(key_hash)).with_for_update()
        return (await self._session.execute(statement)).one_or_none()

    async def usage(self) -> tuple[int, int]:
        """How many there are, and how large their answers are in all."""
        statement = select(func.count(), func.coalesce(func.sum(RequestKey.size_bytes), 0)).where(
            col(RequestKey.user_id) == self._user_id
        )
        count, size = (await self._session.execute(statement)).one()
        return count, size

    async def add(self, key_hash: str, **values: object) -> None:
        """Remember one.

        Raises:
            IntegrityError: Another process was faster.
        """
        named = {"user_id": self._user_id, "key_hash": key_hash}
        usual = {"headers": "{}", "size_bytes": 0}
        await self._session.execute(insert(RequestKey).values(**named, **usual, **values))

    async def change(self, key_hash: str, present: UUID | None, **values: object) -> bool:
        """Change one if this is the present attempt at it; None is for any attempt."""
        statement = update(RequestKey).where(*self._named(key_hash)).values(**values)
        if present is not None:
            statement = statement.where(col(RequestKey.attempt) == present)
        changed = await self._session.execute(statement)
        return bool(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result

    async def forget(self, key_hash: str, attempt: UUID) -> None:
        """Forget one that has no answer yet, if this is the present attempt at it."""
        await self._session.execute(
            delete(RequestKey).where(
                *self._named(key_hash),
                col(RequestKey.attempt) == attempt,
                col(RequestKey.status).is_(None),
            )
        )

    def _named(self, key_hash: str) -> tuple[Any, ...]:
        return col(RequestKey.user_id) == self._user_id, col(RequestKey.key_hash) == key_hash


async def delete_older(session: AsyncSession, before: datetime) -> int:
    """Forget all requests, whoever sent them, that began before; returns how many."""
    gone = await session.execute(delete(RequestKey).where(col(RequestKey.started_at) < before))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result


async def has_older(session: AsyncSession, before: datetime) -> bool:
    """Whether any request began before."""
    statement = select(col(RequestKey.user_id)).where(col(RequestKey.started_at) < before).limit(1)
    return (await session.execute(statement)).first() is not None

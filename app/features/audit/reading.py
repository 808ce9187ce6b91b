"""Reads rows into which somebody may have written what is none of ours."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.exc import DBAPIError

from app.core.unit_of_work import UnitOfWork

_UNREADABLE = (ValueError, TypeError, AttributeError, DBAPIError)
"""What reading such a row raises."""


async def readable(
    uow: UnitOfWork, statement: Select[Any], *, limit: int
) -> Sequence[Row[Any] | None]:
    """The rows; None in place of one that cannot be read."""
    all_rows = await read(uow, statement.limit(limit))
    if all_rows is not None:
        return all_rows
    rows: list[Row[Any] | None] = []
    while len(rows) < limit:
        some = await read(uow, statement.limit(1).offset(len(rows)))
        if some is not None and not some:
            break
        rows.append(some[0] if some else None)
    return rows


async def read(uow: UnitOfWork, statement: Select[Any]) -> Sequence[Row[Any]] | None:
    """The rows; None when one of them cannot be read."""
    try:
        return (await uow.session.execute(statement)).all()
    except _UNREADABLE as error:
        # Of what a driver raises, only this is the row's fault.
        if isinstance(error, DBAPIError) and "decode" not in str(error.orig):
            raise
        await uow.session.rollback()
        return None

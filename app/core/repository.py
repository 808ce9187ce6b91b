"""Repositories: every query of a feature, no rule and no permission."""

from types import SimpleNamespace
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.prepared import Prepared
from app.core.unit_of_work import UnitOfWork

M = TypeVar("M", bound=SQLModel)


class Repository(Generic[M]):
    """The rows of one table within one unit of work."""

    model: ClassVar[type[Any]]
    _insert: ClassVar[Prepared]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._insert = Prepared(insert(cls.model))

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    @property
    def session(self) -> AsyncSession:
        """The unit of work's session."""
        return self._uow.session

    async def get(self, row_id: UUID, *, for_update: bool = False) -> M | None:
        """The row with this id, or None.

        Args:
            row_id: Its id.
            for_update: Keep others from changing it until the transaction ends.
        """
        statement = select(self.model).where(self.model.id == row_id)
        if for_update:
            statement = statement.with_for_update()
        row: M | None = (await self.session.exec(statement)).one_or_none()
        return row

    async def add(self, row: M) -> None:
        """Insert the row now, so that a broken constraint shows here."""
        self.session.add(row)
        await self.session.flush()

    async def insert(self, **values: Any) -> Any:
        """Insert a row that nobody changes afterwards; cheaper than `add`, which keeps it.

        Args:
            **values: Column by column; those not given take the model's defaults.

        Returns:
            The row's columns as attributes.
        """
        row = SimpleNamespace(**values)
        for name, field in self.model.model_fields.items():
            if name not in values:
                make = field.default_factory
                setattr(row, name, field.default if make is None else make())
        await self._insert.run(self.session, **vars(row))
        return row

    async def delete(self, row: M) -> None:
        """Delete the row now."""
        await self.session.delete(row)
        await self.session.flush()

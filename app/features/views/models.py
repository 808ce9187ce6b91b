"""Tables of the views feature."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field

from app.core import clock
from app.core.ids import new_id
from app.core.models import Table, UtcDateTime


class ListView(Table, table=True):
    """A list as somebody likes to see it, under a name."""

    __tablename__ = "core_list_views"
    __table_args__ = (
        UniqueConstraint("owner_id", "path", "name", name="uq_core_list_views_name"),
        Index("ix_core_list_views_path", "path", "is_shared"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner_id: UUID = Field(foreign_key="core_users.id", ondelete="CASCADE")
    path: str = Field(max_length=100)
    name: str = Field(max_length=60)
    query: str = Field(max_length=2000)
    is_shared: bool = False
    created_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )
    updated_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )

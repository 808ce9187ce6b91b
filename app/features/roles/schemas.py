"""What crosses the border of the roles feature."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.permissions import PermissionSet


class RoleRead(BaseModel):
    """A role and what it grants."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str = Field(examples=["admin"])
    description: str
    grants: tuple[str, ...] = Field(description="Permissions and wildcards, sorted.")

    @property
    def is_administrator(self) -> bool:
        """Whether the role grants everything."""
        return "*" in self.grants

    def is_within(self, grants: PermissionSet) -> bool:
        """Whether someone with these grants already holds all that the role grants."""
        return all(grant in grants for grant in self.grants)

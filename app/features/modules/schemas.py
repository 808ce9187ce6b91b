"""What modules look like from outside."""

from pydantic import BaseModel, Field


class ModuleRead(BaseModel):
    """A module and what it contributes."""

    id: str = Field(examples=["users"])
    permissions: list[str] = Field(examples=[["user.read", "user.create"]])
    pages: list[str] = Field(description="Their addresses.", examples=[["/users"]])
    routes: int = Field(description="How many REST routes.", examples=[9])
    jobs: list[str] = Field(
        description="What it does from time to time.", examples=[["auth.forget_expired"]]
    )

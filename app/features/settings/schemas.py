"""What settings look like from outside."""

from pydantic import BaseModel, Field

from app.settings import Shown


class SettingRead(BaseModel):
    """A setting and where it is set."""

    name: str = Field(examples=["server.port"])
    value: Shown = Field(description="In force; a secret is masked.", examples=[8000])
    variable: str = Field(
        description="The environment variable that sets it.", examples=["ATRIUM_SERVER__PORT"]
    )

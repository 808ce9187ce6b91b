"""What settings look like from outside."""

from pydantic import BaseModel, Field

from app.setting_facts import Shown, Source


class SettingRead(BaseModel):
    """A setting and where it is set."""

    name: str = Field(examples=["server.port"])
    value: Shown = Field(
        description="In force; a secret is masked, or *generated*.", examples=[8000]
    )
    unit: str = Field(description="What a number counts; empty for no quantity.", examples=[""])
    source: Source = Field(
        description="Who says it: nobody (the default), a file, a variable, the platform itself "
        "(generated), or a program that starts it.",
        examples=["file"],
    )
    place: str = Field(
        description="The file or variable, or where a generated secret is; empty for none.",
        examples=["config/production.yaml"],
    )
    description: str = Field(description="What it means.", examples=["The port where it listens."])
    variable: str = Field(
        description="The environment variable that sets it.", examples=["ATRIUM_SERVER__PORT"]
    )

"""What schemas of requests say of themselves."""

from typing import Any, Literal

from pydantic import ConfigDict


def example(body: dict[str, Any], *, extra: Literal["forbid"] | None = None) -> ConfigDict:
    """A model's configuration with a whole body that is accepted when it is sent.

    Args:
        body: The body. An id in it stands for one that exists.
        extra: What becomes of fields that there are not, where the model's base does not say.
    """
    config = ConfigDict(json_schema_extra={"examples": [body]})
    if extra is not None:
        config["extra"] = extra
    return config

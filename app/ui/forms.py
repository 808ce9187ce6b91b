"""What a form sent, checked against a schema."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.core.errors import Invalid
from app.core.validation import findings, messages, summary

T = TypeVar("T", bound=BaseModel)


def parse(schema: type[T], given: Mapping[str, Any]) -> T:
    """The schema's object.

    Raises:
        Invalid: The input does not fit; its `fields` name the form's fields.
    """
    try:
        return schema.model_validate(dict(given))
    except ValidationError as error:
        wrong = findings(error.errors(include_input=False, include_url=False))
        raise Invalid("form.invalid", summary(wrong), fields=messages(wrong)) from error

"""Text from outside: what no field accepts."""

from pydantic_core import PydanticCustomError


def plain_text(value: object) -> object:
    """Refuse NUL and lone surrogates: no database stores them.

    Raises:
        PydanticCustomError: The text contains one.
    """
    if isinstance(value, str) and any(
        character == "\0" or "\ud800" <= character <= "\udfff" for character in value
    ):
        code, message = "wrong_characters", "This contains characters that are not text."
        raise PydanticCustomError(code, message)
    return value

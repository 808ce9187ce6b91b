"""E-mail addresses: one spelling of each."""

import unicodedata

from email_validator import EmailNotValidError, validate_email
from pydantic_core import PydanticCustomError


def normalise_email(text: str) -> str:
    """The one spelling of an address: NFKC, lower case, without surrounding space.

    Raises:
        ValueError: It is not an e-mail address.
    """
    try:
        # Wide and narrow letters are the same ones to everybody but a program.
        plain = unicodedata.normalize("NFKC", text).strip()
        parts = validate_email(plain, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError) as error:
        code, message = "wrong_format", "This is not an e-mail address."
        raise PydanticCustomError(code, message) from error
    # A capital with an accent may have no composed form of its own while the small letter does.
    return unicodedata.normalize("NFKC", parts.normalized.lower())

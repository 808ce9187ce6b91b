"""What is wrong with an input, in sentences of ours.

pydantic says what kind of problem it found and with which limits; the words people read are made
here. A validator of ours raises `PydanticCustomError` with a sentence of its own, which is kept.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic_core.core_schema import ErrorType

_PLACES = ("body", "query", "path", "header", "cookie")
_QUOTED = re.compile(r"'([^']*)'")
_MOST_FINDINGS = 20
_LONGEST_FIELD = 200
_THEIRS = frozenset(get_args(ErrorType))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where, its stable code, and a sentence."""

    field: str
    code: str
    message: str


_ID = "Must be a UUID, like 01890000-0000-7000-8000-000000000000."
_MOMENT = "Write a date and time with its zone, like 2026-01-31T09:30:00Z."
_DATE = "Write a date, like 2026-01-31."
_TIME = "Write a time, like 09:30:00."
_WHOLE_NUMBER = "Must be a whole number."
_NUMBER = "Must be a number."
_OBJECT = "Must be an object with named fields."
_LIST = "Must be a list."
_ADDRESS = "Write an address, like https://example.com."

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("required", "This is required."),
    "extra_forbidden": ("unknown_field", "There is no such field."),
    "unknown_parameter": ("unknown_parameter", "There is no such parameter."),
    "repeated_parameter": ("repeated", "Give this once only."),
    "none_required": ("wrong_type", "Must be null."),
    "json_invalid": ("wrong_format", "Must be JSON."),
    "json_type": ("wrong_format", "Must be JSON."),
    "string_type": ("wrong_type", "Must be text."),
    "string_unicode": ("wrong_format", "This contains characters that are not text."),
    "string_not_ascii": ("wrong_format", "Use only letters, digits and signs of ASCII."),
    "string_pattern_mismatch": ("wrong_format", "This does not have the expected form."),
    "string_too_short": ("too_short", "Use at least {min_length} character{s}."),
    "string_too_long": ("too_long", "Use at most {max_length} character{s}."),
    "bytes_type": ("wrong_type", "Must be text."),
    "bytes_too_short": ("too_short", "Use at least {min_length} byte{s}."),
    "bytes_too_long": ("too_long", "Use at most {max_length} byte{s}."),
    "too_short": ("too_short", "Give at least {min_length} value{s}."),
    "too_long": ("too_long", "Give at most {max_length} value{s}."),
    "bool_type": ("wrong_type", "Must be true or false."),
    "bool_parsing": ("wrong_type", "Must be true or false."),
    "int_type": ("wrong_type", _WHOLE_NUMBER),
    "int_parsing": ("wrong_type", _WHOLE_NUMBER),
    "int_from_float": ("wrong_type", _WHOLE_NUMBER),
    "int_parsing_size": ("too_large", "This number is too large."),
    "float_type": ("wrong_type", _NUMBER),
    "float_parsing": ("wrong_type", _NUMBER),
    "finite_number": ("wrong_type", "Must be a finite number."),
    "decimal_type": ("wrong_type", _NUMBER),
    "decimal_parsing": ("wrong_type", _NUMBER),
    "decimal_max_digits": ("too_long", "Use at most {max_digits} digit{s}."),
    "decimal_max_places": ("too_long", "Use at most {decimal_places} digit{s} after the point."),
    "decimal_whole_digits": ("too_long", "Use at most {whole_digits} digit{s} before the point."),
    "greater_than": ("too_small", "Must be more than {gt}."),
    "greater_than_equal": ("too_small", "Must be at least {ge}."),
    "less_than": ("too_large", "Must be less than {lt}."),
    "less_than_equal": ("too_large", "Must be at most {le}."),
    "multiple_of": ("not_allowed", "Must be a multiple of {multiple_of}."),
    "enum": ("not_allowed", "Must be {allowed}."),
    "literal_error": ("not_allowed", "Must be {allowed}."),
    "list_type": ("wrong_type", _LIST),
    "tuple_type": ("wrong_type", _LIST),
    "set_type": ("wrong_type", _LIST),
    "frozen_set_type": ("wrong_type", _LIST),
    "iterable_type": ("wrong_type", _LIST),
    "dict_type": ("wrong_type", _OBJECT),
    "mapping_type": ("wrong_type", _OBJECT),
    "model_type": ("wrong_type", _OBJECT),
    "model_attributes_type": ("wrong_type", _OBJECT),
    "dataclass_type": ("wrong_type", _OBJECT),
    "invalid_key": ("unknown_field", "The name of a field contains characters that are not text."),
    "uuid_type": ("wrong_type", _ID),
    "uuid_parsing": ("wrong_format", _ID),
    "uuid_version": ("wrong_format", _ID),
    "datetime_type": ("wrong_type", _MOMENT),
    "datetime_parsing": ("wrong_format", _MOMENT),
    "datetime_from_date_parsing": ("wrong_format", _MOMENT),
    "datetime_object_invalid": ("wrong_format", _MOMENT),
    "datetime_past": ("not_allowed", "Must be in the past."),
    "datetime_future": ("not_allowed", "Must be in the future."),
    "timezone_naive": ("wrong_format", "Write a date and time without a zone."),
    "timezone_aware": ("wrong_format", _MOMENT),
    "timezone_offset": ("wrong_format", _MOMENT),
    "date_type": ("wrong_type", _DATE),
    "date_parsing": ("wrong_format", _DATE),
    "date_from_datetime_parsing": ("wrong_format", _DATE),
    "date_from_datetime_inexact": ("wrong_format", _DATE),
    "date_past": ("not_allowed", "Must be in the past."),
    "date_future": ("not_allowed", "Must be in the future."),
    "time_type": ("wrong_type", _TIME),
    "time_parsing": ("wrong_format", _TIME),
    "time_delta_type": ("wrong_type", "Write a length of time, like PT30M."),
    "time_delta_parsing": ("wrong_format", "Write a length of time, like PT30M."),
    "url_type": ("wrong_type", _ADDRESS),
    "url_parsing": ("wrong_format", _ADDRESS),
    "url_syntax_violation": ("wrong_format", _ADDRESS),
    "url_scheme": ("not_allowed", "The address must begin with {expected_schemes}."),
    "url_too_long": ("too_long", "Use at most {max_length} character{s}."),
}
_OTHERWISE = ("invalid", "This value is not valid.")


def findings(found: Sequence[Any]) -> list[Finding]:
    """What pydantic found, at most one thing per field; fields read `email` or `roles.0`.

    Returns:
        At most 20: who sends hundreds of wrong fields is told of the first.
    """
    by_field: dict[str, Finding] = {}
    for problem in found:
        if len(by_field) >= _MOST_FINDINGS:
            break
        place = [str(part) for part in problem["loc"]]
        if place and place[0] in _PLACES:
            place = place[1:]
        field = ".".join(place)[:_LONGEST_FIELD] or "body"
        code, message = _words(problem)
        by_field.setdefault(field, Finding(field, code, message))
    return list(by_field.values())


def messages(found: Sequence[Finding]) -> dict[str, str]:
    """The sentences by field."""
    return {finding.field: finding.message for finding in found}


def summary(found: Sequence[Finding]) -> str:
    """All of it in one line, each sentence after the name of its field."""
    return " ".join(f"{finding.field}: {finding.message}" for finding in found)


def _words(problem: Mapping[str, Any]) -> tuple[str, str]:
    kind = problem["type"]
    if kind not in _THEIRS and kind not in _SENTENCES:
        return kind, problem["msg"]
    facts = dict(problem.get("ctx") or {})
    if facts.get("field_type") == "Value":
        # A secret, which is text; pydantic calls nothing else so.
        kind = f"string_{kind}"
    code, sentence = _SENTENCES.get(kind, _OTHERWISE)
    limit = next((value for value in facts.values() if isinstance(value, int)), None)
    facts["s"] = "" if limit == 1 else "s"
    expected = str(facts.get("expected", ""))
    *others, last = _QUOTED.findall(expected) or [expected]
    facts["allowed"] = f"{', '.join(others)} or {last}" if others else last
    try:
        return code, sentence.format_map(facts)
    except KeyError:
        return _OTHERWISE

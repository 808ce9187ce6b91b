"""Values that fields are tried with."""

from typing import Any

from app.core.resources.fields import Field, Reference

WRONG = [
    "", " ", "\0", "\ud800", "x" * 100_000, "\u202eabc", "<script>", "-1", "1e400", "NaN",
    "0x10", "null",
    0, -1, 1, 2**53, 2**63, 2**64, -(2**64), 10**400, 0.1, 1e308, float("inf"), float("nan"),
    True, [], [[]], {}, {"id": "x"}, {"amount": "1"}, {"amount": "1e99", "currency": "EUR"},
    "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    "2026-02-30", "P999999999D", "PT-1S", "99:99", "javascript:alert(1)", "http://", "a@b",
    "00000000-0000-0000-0000-000000000000",
]  # fmt: skip


def operand(field: Field[Any], value: Any) -> Any:
    """What a filter for this value is given."""
    return value.id if isinstance(field, Reference) else getattr(value, "amount", value)


def asked_for(field: Field[Any], value: Any) -> str:
    """The same as an address writes it."""
    return str(getattr(value, "amount", "") or field.to_text(value))

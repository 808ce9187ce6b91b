"""What is made of the answers about published weaknesses."""

from typing import Any

import pytest

from scripts.audit import problems

FINE = {"name": "fine", "version": "1.0", "vulns": []}
WEAK = {
    "name": "weak",
    "version": "1.0",
    "vulns": [{"id": "CVE-2026-1", "fix_versions": ["1.1"]}],
}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], None),
        ([UNKNOWN, UNKNOWN], None),
        ([FINE], []),
        ([FINE, WEAK], ["weak 1.0: CVE-2026-1, mended in 1.1"]),
        ([FINE, UNKNOWN], ["unknown: not found"]),
    ],
)
def test_problems(found: list[dict[str, Any]], expected: list[str] | None) -> None:
    """Weak packages are told, and so are those that nobody looked up, unless that is all."""
    assert problems(found) == expected

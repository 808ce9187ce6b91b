"""What is checked before a tag becomes a release."""

import pytest

from scripts.release import notes

CHANGELOG = """# Changelog

## Unreleased

- More.

## 1.2.3 - 2026-11-30

### Added

- This.

## 1.2.2

- That.
"""


def test_notes() -> None:
    """The notes of a version are its part of the changelog, without its neighbours."""
    assert notes("v1.2.3", "1.2.3", CHANGELOG) == "### Added\n\n- This."


@pytest.mark.parametrize(
    ("tag", "version", "sentence"),
    [
        ("v1.2.4", "1.2.3", "not v1.2.3"),
        ("", "1.2.3", "none"),
        ("v2.0.0", "2.0.0", "no part `## 2.0.0`"),
    ],
)
def test_refused(tag: str, version: str, sentence: str) -> None:
    """A tag of another version, or one that the changelog does not know, is no release."""
    with pytest.raises(ValueError, match=sentence):
        notes(tag, version, CHANGELOG)

"""Kinds of outages."""

import pytest

from app.core.outages import Outage


@pytest.mark.parametrize("outage", Outage)
def test_error(outage: Outage) -> None:
    """Each has a code of its own, a sentence, and says when to try again."""
    error = outage.error()

    assert error.code.startswith("database.")
    assert error.message.endswith(".")
    assert (error.status, error.retry_after_seconds) == (503, 5)
    assert [other for other in Outage if other.error().code == error.code] == [outage]

"""How long entries are kept."""

from datetime import UTC, datetime, timedelta

import pytest

from app.features.audit.retention import Retention, kind_of
from app.settings import AuditSettings

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("action", "outcome", "kind"),
    [
        ("user.create", "succeeded", "security"),
        ("auth.sign_in", "failed", "security"),
        ("role.update", "succeeded", "security"),
        ("audit.prune", "succeeded", "security"),
        ("user.export", "succeeded", "reads"),
        ("audit.export", "succeeded", "reads"),
        ("user.export", "denied", "security"),
        ("blog.post.publish", "succeeded", "changes"),
        ("blog.post.publish", "denied", "security"),
        ("blog.post.read", "succeeded", "reads"),
    ],
)
def test_classes(action: str, outcome: str, kind: str) -> None:
    """What was refused, and what is about accounts and rights, is security."""
    assert kind_of(action, outcome) == kind


def test_everything_is_kept_by_default() -> None:
    """Without a policy nothing goes."""
    assert list(Retention(AuditSettings()).expired(NOW)) == []


def test_longest_kept_class_counts() -> None:
    """A range of several classes goes when the last of them may; never with one kept for ever."""
    policy = Retention(AuditSettings(keep_reads_days=10, keep_changes_days=30))

    assert dict(policy.expired(NOW)) == {
        "reads": NOW - timedelta(days=10),
        "changes": NOW - timedelta(days=30),
        "changes,reads": NOW - timedelta(days=30),
    }

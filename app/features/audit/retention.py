"""How long audit entries are kept: rules without a database."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import combinations
from typing import Literal, get_args

from app.features.audit.notes import NOTES
from app.settings import AuditSettings

Kind = Literal["changes", "proof", "reads", "security"]
"""What an entry is about, as far as its keeping is concerned."""

_READS = ("export", "read")
_SECURITY = frozenset({"audit", "auth", "role", "session", "user"})


def kind_of(action: str, outcome: str) -> Kind:
    """The class of an entry: whatever was refused, and accounts and rights, is `security`.

    Signed notes are `proof`, which is always kept: verification needs them.
    """
    if action in NOTES and outcome == "succeeded":
        return "proof"
    if outcome == "denied":
        return "security"
    if action.rpartition(".")[2] in _READS:
        return "reads"
    return "security" if action.partition(".")[0] in _SECURITY else "changes"


class Retention:
    """How many days each class is kept; None keeps it for ever."""

    def __init__(self, settings: AuditSettings) -> None:
        self._days: Mapping[Kind, int | None] = {
            "changes": settings.keep_changes_days,
            "proof": None,
            "reads": settings.keep_reads_days,
            "security": settings.keep_security_days,
        }

    def expired(self, now: datetime) -> Iterator[tuple[str, datetime]]:
        """Which ranges may go: the classes they hold, comma-separated, and how old they must be.

        A range goes when the class in it that is kept longest may.
        """
        for size in range(1, len(get_args(Kind)) + 1):
            for kinds in combinations(get_args(Kind), size):
                days = [self._days[kind] for kind in kinds]
                limited = [each for each in days if each is not None]
                if len(limited) == len(days):
                    yield ",".join(kinds), now - timedelta(days=max(limited))

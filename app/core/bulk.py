"""What one action would do to many things, said before it is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

MOST = 10_000
"""How many things one bulk action looks at."""

NAMED = 5
"""How many of them are named."""


@dataclass(slots=True)
class Group:
    """Some things, of which the first few are named."""

    count: int = 0
    names: list[str] = field(default_factory=list)
    is_exact: bool = True
    """Whether there are no more than these."""

    def add(self, *names: str) -> None:
        """Some more."""
        self.count += len(names)
        self.names = [*self.names, *names][:NAMED]

    @property
    def in_words(self) -> str:
        """*Anna Berg, Mei-Ling Chen and 12 more*."""
        more = self.count - len(self.names)
        rest = f" and {more:,} more" if self.is_exact else f" and more than {more:,} more"
        return ", ".join(self.names) + (rest if more else "")


@dataclass(slots=True)
class BulkPreview:
    """What a bulk action would change, and what it would leave alone and why."""

    ids: list[UUID] = field(default_factory=list)
    changed: Group = field(default_factory=Group)
    skipped: dict[str, Group] = field(default_factory=dict)
    """By reason, in words that follow a name: *suspended already*."""
    is_cut: bool = False
    """There are more than `MOST`, for which the action has to be repeated."""

    def take(self, thing_id: UUID, name: str) -> None:
        """Change this one."""
        self.ids.append(thing_id)
        self.changed.add(name)

    def skip(self, reason: str, names: Sequence[str]) -> None:
        """Leave these alone."""
        if names:
            self.skipped.setdefault(reason, Group()).add(*names)

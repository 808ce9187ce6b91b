"""The permission grammar.

A permission is lower-case words joined by dots, `[namespace.]resource.action`:
`user.create`, `blog.post.publish`. A grant may end in `*`, which stands for
one or more words: `user.*` covers `user.create`, `*` covers everything.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Self

PUBLIC: Final = "public"
"""Anyone may call the operation, signed in or not."""

SIGNED_IN: Final = "signed_in"
"""Any signed-in actor may call the operation; it concerns only themselves."""

_WORD = "[a-z][a-z0-9_]*"
_PERMISSION = re.compile(rf"{_WORD}(\.{_WORD}){{1,3}}")
_GRANT = re.compile(rf"\*|{_WORD}(\.{_WORD}){{0,2}}\.\*|{_WORD}(\.{_WORD}){{1,3}}")


def is_permission(text: str) -> bool:
    """Whether the text names one permission exactly."""
    return _PERMISSION.fullmatch(text) is not None


def is_grant(text: str) -> bool:
    """Whether the text is a permission or a wildcard over permissions."""
    return _GRANT.fullmatch(text) is not None


class PermissionName(StrEnum):
    """Base of a feature's permissions: `CREATE = "user.create", "Create users"`."""

    description: str

    def __new__(cls, code: str, description: str) -> Self:
        """A member that equals its code and carries a description."""
        if not is_permission(code):
            message = f"{code!r} is not a permission; expected [namespace.]resource.action"
            raise ValueError(message)
        member = str.__new__(cls, code)
        member._value_ = code
        member.description = description
        return member


class PermissionSet:
    """The grants of one actor; answers `permission in grants`. Immutable."""

    __slots__ = ("_known", "_prefixes", "grants")

    def __init__(self, grants: Iterable[str] = ()) -> None:
        self.grants: Final = frozenset(grants)
        self._prefixes = tuple(grant[:-1] for grant in self.grants if grant.endswith("*"))
        self._known: dict[str, bool] = {}

    def __contains__(self, permission: str) -> bool:
        answer = self._known.get(permission)
        if answer is None:
            answer = permission in self.grants or permission.startswith(self._prefixes)
            self._known[permission] = answer
        return answer

    def __repr__(self) -> str:
        return f"PermissionSet({sorted(self.grants)})"

"""The permission grammar.

A permission is lower-case words joined by dots, `[namespace.]resource.action`:
`user.create`, `blog.post.publish`. A grant may begin or end with `*`, which
stands for one or more words: `user.*` covers `user.create`, `*.read` covers
`blog.post.read`, `*` covers everything.
"""

import re
from enum import StrEnum
from typing import Final, Self

PUBLIC: Final = "public"
"""Anyone may call the operation, signed in or not."""

SIGNED_IN: Final = "signed_in"
"""Any signed-in actor may call the operation; it concerns only themselves."""

_WORD = "[a-z][a-z0-9_]*"
_PERMISSION = re.compile(rf"{_WORD}(\.{_WORD}){{1,3}}")
_GRANT = re.compile(
    rf"\*|{_WORD}(\.{_WORD}){{0,2}}\.\*|\*(\.{_WORD}){{1,3}}|{_WORD}(\.{_WORD}){{1,3}}"
)


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


def covers(grant: str, permission: str) -> bool:
    """Whether a grant stands for all that a permission, or another grant, names."""
    if grant in ("*", permission):
        return True
    if grant.endswith(".*"):
        return permission.startswith(grant[:-1])
    if grant.startswith("*."):
        return permission.endswith(grant[1:]) and not permission.endswith("*")
    return False


def resource_of(permission: str) -> str:
    """What a permission is about: all but its last word."""
    return permission.rpartition(".")[0]

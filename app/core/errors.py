"""What can go wrong, in categories that every edge knows how to show.

A code reads `namespace.resource.problem` and is part of the public contract.
"""

from collections.abc import Mapping
from typing import ClassVar


class PlatformError(Exception):
    """Something the platform refuses or cannot do. Use one of the categories below.

    Args:
        code: Stable name of the problem, e.g. `user.email.taken`.
        message: One sentence for the person who reads it.
        details: Facts that programs may read beside the code.
    """

    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, code: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: Mapping[str, object] = details


class Invalid(PlatformError):
    """The input breaks a rule; `fields` says which and why, by field name."""

    status = 422
    title = "Invalid input"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        **details: object,
    ) -> None:
        super().__init__(code, message, **details)
        self.fields = dict(fields or {})


class Unauthenticated(PlatformError):
    """Nobody is signed in, or the proof of it is wrong."""

    status = 401
    title = "Not signed in"


class ReauthenticationRequired(Unauthenticated):
    """The actor is known, but has not shown for a while that it is really they."""

    title = "Confirm it is you"

    def __init__(self) -> None:
        message = "Confirm with your password that it is you."
        super().__init__("auth.reauthentication_required", message)


class PermissionDenied(PlatformError):
    """The actor is known and lacks the named permission; no name when something else is missing."""

    status = 403
    title = "Permission denied"

    def __init__(self, permission: str, message: str = "", *, code: str = "") -> None:
        details = {"permission": permission} if permission else {}
        super().__init__(
            code or "permission.denied",
            message or f"This needs the permission {permission}.",
            **details,
        )
        self.permission = permission


class NotFound(PlatformError):
    """No such thing, or it is not the actor's to see."""

    status = 404
    title = "Not found"


class Conflict(PlatformError):
    """The request is fine, the current state does not allow it."""

    status = 409
    title = "Conflict"


class PreconditionFailed(PlatformError):
    """The request names another version in `If-Match` than there is."""

    status = 412
    title = "Changed since"


class AlreadyDone(Conflict):
    """What was asked for is so already: nothing was tried, so no failure is recorded."""


class RateLimited(PlatformError):
    """Too many attempts; `retry_after_seconds` says how long to wait."""

    status = 429
    title = "Too many attempts"

    def __init__(self, code: str, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(code, message, retry_after_seconds=retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(PlatformError):
    """Something the platform depends on does not answer; `retry_after_seconds` says when to try."""

    status = 503
    title = "Temporarily unavailable"

    def __init__(self, code: str, message: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(code, message, retry_after_seconds=retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds

    @property
    def reason(self) -> str:
        """What happened, for the log and for operators: it may name hosts and files."""
        cause = self.__cause__
        return (str(cause) or type(cause).__name__) if cause else self.message


class ModuleError(Exception):
    """A module or feature contributes something impossible; the start stops with this sentence."""

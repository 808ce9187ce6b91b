"""How large and how slow a request may be; each route may say more for itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.admission.budgets import Rate
from app.admission.refusal import Message, Receive, Refused, Scope

SIGNED_IN_BODY_BYTES = 64 * 1024
STRANGER_BODY_BYTES = 4 * 1024
MOST_VALUES = 1_000
MOST_FORM_FIELDS = 50
MOST_ADDRESS_BYTES = 2 * 1024
MOST_PARAMETERS = 50
_LENGTH_DIGITS = 15


@dataclass(frozen=True, slots=True)
class RouteLimits:
    """What one route takes.

    Attributes:
        max_body_bytes: Of a body.
        max_values: Keys and items of a JSON body, at all depths together.
        per_user: Requests of one person, counted apart from all others; None: no budget of its own.
        per_ip: The same of one network address.
    """

    max_body_bytes: int = STRANGER_BODY_BYTES
    max_values: int = MOST_VALUES
    per_user: Rate | None = None
    per_ip: Rate | None = None


NO_ROUTE = RouteLimits()
"""For addresses where there is nothing, and for pages: what strangers may send."""


def check_address(scope: Scope) -> None:
    """Refuse a long address, and many parameters.

    Raises:
        Refused: 414, or 400 for the parameters.
    """
    query: bytes = scope["query_string"] or b""
    # The path is decoded; what came may have been up to three times as long.
    path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    if len(path) + len(query) > MOST_ADDRESS_BYTES:
        detail = f"The address is longer than {MOST_ADDRESS_BYTES} bytes."
        raise Refused(414, "Address too long", "request.address.too_long", detail)
    if query.count(b"&") >= MOST_PARAMETERS:
        detail = f"The address has more than {MOST_PARAMETERS} parameters."
        raise Refused(400, "Malformed request", "request.parameters.too_many", detail)


def declared_length(headers: Sequence[tuple[bytes, bytes]]) -> int | None:
    """The length that a body is said to have; None if nothing is said.

    Raises:
        Refused: Two lengths, a length beside an encoding that has none, or no number. Servers
            behind one another would disagree on where the body ends.
    """
    lengths = [value for name, value in headers if name == b"content-length"]
    if not lengths:
        return None
    if len(lengths) > 1 or any(name == b"transfer-encoding" for name, _ in headers):
        detail = "Say the length of the body once, or send it in chunks."
        raise Refused(400, "Malformed request", "request.length.ambiguous", detail)
    if not lengths[0].isdigit():
        detail = "The length of the body is no number."
        raise Refused(400, "Malformed request", "request.length.invalid", detail)
    return int(lengths[0][:_LENGTH_DIGITS])


def too_large(limit: int) -> Refused:
    """The refusal of a body."""
    detail = f"The body is larger than {limit} bytes."
    return Refused(413, "Request body too large", "request.body.too_large", detail)


class LimitedBody:
    """Receives a request's body: at most so many bytes, complete after so many seconds."""

    def __init__(self, receive: Receive, most_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._limit = self._left = most_bytes
        self._seconds = seconds
        self._due = asyncio.get_running_loop().time() + seconds
        self._is_complete = False

    async def __call__(self) -> Message:
        """The next message.

        Raises:
            Refused: 413 or 408.
        """
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._due):
                message = await self._receive()
        except TimeoutError as error:
            detail = f"The body was not complete after {self._seconds:g} s."
            code = "request.body.too_slow"
            raise Refused(408, "Request timeout", code, detail, {"Connection": "close"}) from error
        self._is_complete = not message.get("more_body", False)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise too_large(self._limit)
        return message

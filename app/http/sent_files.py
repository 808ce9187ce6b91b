"""Bodies of requests that are files; and that no body comes packed."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastapi import Request

from app.admission.refusal import Refused

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def takes_file(*media_types: str) -> Callable[[Endpoint], Endpoint]:
    """Say that the body of a request is a file, which the endpoint reads as it is.

    Args:
        *media_types: What it may be by its `Content-Type`; the first is documented.
    """

    def decorate(endpoint: Endpoint) -> Endpoint:
        endpoint.__file__ = media_types  # type: ignore[attr-defined]  # read by OperationRoute
        return endpoint

    return decorate


def documented(media_types: Sequence[str]) -> dict[str, Any]:
    """What OpenAPI says of a body that is a file; nothing when there are no types of one."""
    content = {each: {"schema": {"type": "string"}} for each in media_types[:1]}
    return {"requestBody": {"required": True, "content": content}} if content else {}


def refuse_other(request: Request, media_types: Sequence[str]) -> None:
    """Refuse a body that says that it is something else.

    Raises:
        Refused: It does, or says nothing.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in media_types:
        detail = f"Send the file as {media_types[0]}."
        raise Refused(415, "Unsupported media type", "request.media_type", detail)


def refuse_encoded(request: Request) -> None:
    """Refuse a body that would have to be unpacked first.

    Raises:
        Refused: It says that it is encoded.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Refused(
            415,
            "Unsupported media type",
            "request.content_encoding",
            "Send the body as it is, without Content-Encoding.",
            {"Accept-Encoding": "identity"},
        )

"""Preconditions of requests: `If-Match`, `If-None-Match`, and `ETag`, which tells what they name.

The tag of a record has two parts, like `"3-9f86d081884c7d65"`: its version, and a hash of the
answer. A change needs the same version; an answer is known if all of it is the same, for it may
hold names of other records, or other fields. The tag of a list is the hash.
"""

import re
from hashlib import blake2b
from typing import Any

import orjson
from fastapi import Response
from pydantic import BaseModel

from app.core.errors import Invalid

IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The version to change: `ETag` as it was told, or the version alone, like "
    '`"3"`; else 412.',
    "schema": {"type": "string"},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "`ETag` of an answer that the caller has; 304 when it is still the same.",
    "schema": {"type": "string"},
}
KNOWN_ANSWER: dict[int | str, dict[str, Any]] = {
    304: {"description": "The same as the answer that `If-None-Match` names."}
}
_HASH_BYTES = 8
_ETAGS = re.compile(r'\s*(?:(?P<weak>W/)?"(?P<tag>[\x21\x23-\x7e]*)"\s*(?:,|$)|,)')


def versions_in(header: str) -> frozenset[str] | None:
    """The versions that `If-Match` names; None for `*`, which means any.

    A weak tag (`W/"1"`) is never the same as a version: RFC 9110, section 13.1.1.

    Raises:
        Invalid: It is no list of tags.
    """
    tags = _tags("If-Match", header)
    if tags is None:
        return None
    return frozenset(tag.partition("-")[0] for tag, is_weak in tags if not is_weak)


def _tags(name: str, header: str) -> list[tuple[str, bool]] | None:
    """The tags of a list and whether each is weak; None for `*`."""
    if header.strip() == "*":
        return None
    place, tags = 0, []
    while place < len(header):
        found = _ETAGS.match(header, place)
        if found is None:
            message = f'Write `{name}` as `ETag` tells it: "1", in quotation marks.'
            code = f"request.{name.lower().replace('-', '_')}.invalid"
            raise Invalid(code, message)
        if found["tag"] is not None:
            tags.append((found["tag"], found["weak"] is not None))
        place = found.end()
    return tags


def has_version(model: Any) -> bool:
    """Whether answers of a route tell the version of one record."""
    return (
        isinstance(model, type) and issubclass(model, BaseModel) and "version" in model.model_fields
    )


def add_etag(response: Response, *, tells_version: bool) -> None:
    """Say which answer this is, and of which version of a record if it holds one."""
    body = getattr(response, "body", b"")
    if not body:
        return
    tag = blake2b(body, digest_size=_HASH_BYTES).hexdigest()
    version = orjson.loads(body).get("version") if tells_version else None
    response.headers["ETag"] = f'"{tag}"' if version is None else f'"{version}-{tag}"'


def unless_known(header: str, response: Response) -> Response:
    """An answer, or only that it is the one which `If-None-Match` names.

    Raises:
        Invalid: The header is no list of tags.
    """
    tags = _tags("If-None-Match", header)
    tag = response.headers.get("ETag")
    if tag is None or (tags is not None and tag.strip('"') not in {each for each, _ in tags}):
        return response
    return Response(status_code=304, headers={"ETag": tag})

"""Preconditions of requests: the versions that `If-Match` names, and `ETag`, which tells them."""

import re
from typing import Any

import orjson
from fastapi import Response
from pydantic import BaseModel

from app.core.errors import Invalid

IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": 'The version to change, as `ETag` tells it, like `"3"`; else 412.',
    "schema": {"type": "string"},
}
_ETAGS = re.compile(r'\s*(?:(?P<weak>W/)?"(?P<tag>[\x21\x23-\x7e]*)"\s*(?:,|$)|,)')


def tags_of(header: str) -> frozenset[str] | None:
    """The versions that `If-Match` names; None for `*`, which means any.

    A weak tag (`W/"1"`) is never the same as a version: RFC 9110, section 13.1.1.

    Raises:
        Invalid: It is no list of tags.
    """
    if header.strip() == "*":
        return None
    place, tags = 0, set()
    while place < len(header):
        found = _ETAGS.match(header, place)
        if found is None:
            message = 'Write `If-Match` as `ETag` tells the version: "1", in quotation marks.'
            raise Invalid("request.if_match.invalid", message)
        if found["tag"] is not None and not found["weak"]:
            tags.add(found["tag"])
        place = found.end()
    return frozenset(tags)


def has_version(model: Any) -> bool:
    """Whether answers of a route tell the version of one record."""
    return (
        isinstance(model, type) and issubclass(model, BaseModel) and "version" in model.model_fields
    )


def add_etag(response: Response) -> None:
    """Tell the version of the record that an answer holds."""
    version = orjson.loads(response.body).get("version")
    if version is not None:
        response.headers["ETag"] = f'"{version}"'

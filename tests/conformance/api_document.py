"""The API's document, as tests generated from it read it."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.bootstrap import build_container, build_registry
from app.http.api import build_api
from app.settings import load_settings


@functools.cache
def document() -> dict[str, Any]:
    """The document of the application as it is."""
    registry = build_registry()
    container = build_container(load_settings(environment="test"), registry)
    return build_api(registry, container).openapi()


@dataclass(frozen=True)
class Documented:
    """One operation of the document."""

    method: str
    path: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        """What reports of tests call it."""
        return str(self.facts["operationId"])

    @property
    def body(self) -> Mapping[str, Any] | None:
        """The schema of its body; None when it takes none."""
        content = self.facts.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        return resolved(content["application/json"]["schema"])

    @property
    def example(self) -> dict[str, Any]:
        """The body that the document shows."""
        assert self.body is not None
        return dict(self.body["examples"][0])


def operations() -> Iterator[Documented]:
    """All of them."""
    for path, item in document()["paths"].items():
        for method, facts in item.items():
            yield Documented(method.upper(), path, facts)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema itself, where the document only refers to it."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return document()["components"]["schemas"][name] if name else schema

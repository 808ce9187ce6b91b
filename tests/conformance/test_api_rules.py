"""The API's document keeps the rules of the linters of OpenAPI documents.

The rules are those that Redocly recommends, by its names; see docs/decisions/0021. Each is tried
on a document that breaks it.
"""

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.conformance.api_document import document

pytestmark = pytest.mark.slow

Found = Iterator[str]
Rule = Callable[[dict[str, Any]], Found]
RULES: dict[str, Rule] = {}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def rule(name: str) -> Callable[[Rule], Rule]:
    """Enter a function that finds what is wrong under the rule's name."""

    def enter(find: Rule) -> Rule:
        RULES[name] = find
        return find

    return enter


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method} {path}", operation


def _schemas(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document that has the look of a schema."""
    if isinstance(value, dict):
        if isinstance(value.get("type"), str) or "anyOf" in value:
            yield place, value
        for name, each in value.items():
            if name not in ("example", "examples", "default"):
                yield from _schemas(each, f"{place}/{name}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _schemas(each, f"{place}/{number}")


@rule("no-empty-servers")
def _servers(document: dict[str, Any]) -> Found:
    if not document.get("servers"):
        yield "no server"


@rule("info-license")
def _licence(document: dict[str, Any]) -> Found:
    licence = document["info"].get("license", {})
    if not licence.get("name") or not (licence.get("identifier") or licence.get("url")):
        yield "no licence"


@rule("security-defined")
def _security(document: dict[str, Any]) -> Found:
    schemes = document["components"]["securitySchemes"]
    for where, operation in _operations(document):
        if "security" not in operation:
            yield where
        for each in operation.get("security", ()):
            yield from (f"{where}: {name}" for name in each if name not in schemes)


@rule("operation-operationId")
def _ids(document: dict[str, Any]) -> Found:
    names = Counter(operation.get("operationId") for _, operation in _operations(document))
    yield from (f"{name}: {count} times" for name, count in names.items() if count > 1)
    for where, operation in _operations(document):
        # A short name of two to four words, as a function has one in most languages.
        if not re.fullmatch(r"[a-z]+(_[a-z]+){0,4}", operation.get("operationId", "")):
            yield where


@rule("operation-summary")
def _summaries(document: dict[str, Any]) -> Found:
    for where, operation in _operations(document):
        if not operation.get("summary") or not operation.get("description"):
            yield where


@rule("operation-tag-defined")
def _tags(document: dict[str, Any]) -> Found:
    for where, operation in _operations(document):
        if len(operation.get("tags", ())) != 1:
            yield where


@rule("operation-4xx-response")
def _refusals(document: dict[str, Any]) -> Found:
    for where, operation in _operations(document):
        if not any(status.startswith("4") for status in operation["responses"]):
            yield where


@rule("operation-2xx-response")
def _answers(document: dict[str, Any]) -> Found:
    for where, operation in _operations(document):
        if not any(status.startswith("2") for status in operation["responses"]):
            yield where


@rule("operation-parameters-unique")
def _parameters(document: dict[str, Any]) -> Found:
    for where, operation in _operations(document):
        names = Counter((each["in"], each["name"]) for each in operation.get("parameters", ()))
        yield from (f"{where}: {name}" for name, count in names.items() if count > 1)


@rule("path-parameters-defined")
def _path_parameters(document: dict[str, Any]) -> Found:
    for where, operation in _operations(document):
        named = set(re.findall(r"\{(\w+)\}", where))
        given = {
            each["name"]
            for each in operation.get("parameters", ())
            if each["in"] == "path" and each.get("required")
        }
        if named != given:
            yield where


@rule("no-identical-paths")
def _identical(document: dict[str, Any]) -> Found:
    shapes = Counter(re.sub(r"\{\w+\}", "{}", path) for path in document["paths"])
    yield from (shape for shape, count in shapes.items() if count > 1)


@rule("no-path-trailing-slash")
def _slashes(document: dict[str, Any]) -> Found:
    yield from (path for path in document["paths"] if path.endswith("/") or "?" in path)


@rule("no-unresolved-refs")
def _references(document: dict[str, Any]) -> Found:
    for reference in set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))):
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part.get(name) if isinstance(part, dict) else None
        if part is None:
            yield reference


@rule("no-unused-components")
def _unused(document: dict[str, Any]) -> Found:
    text = json.dumps(document)
    for kind in ("schemas", "headers"):
        for name in document["components"].get(kind, ()):
            if f'"#/components/{kind}/{name}"' not in text:
                yield f"{kind}/{name}"


@rule("no-enum-type-mismatch")
def _enums(document: dict[str, Any]) -> Found:
    kinds = {"string": str, "integer": int, "boolean": bool}
    for place, schema in _schemas(document):
        kind = kinds.get(str(schema.get("type")))
        if kind and not all(isinstance(each, kind) for each in schema.get("enum", ())):
            yield place


@rule("no-required-schema-properties-undefined")
def _required(document: dict[str, Any]) -> Found:
    for place, schema in _schemas(document):
        if schema.get("type") == "object" and isinstance(schema.get("required"), list):
            missing = set(schema["required"]) - schema.get("properties", {}).keys()
            yield from (f"{place}: {name}" for name in missing)


@rule("no-invalid-schema-examples")
def _examples(document: dict[str, Any]) -> Found:
    components = {"components": document["components"]}
    for place, schema in _schemas(document):
        examples = schema.get("examples")
        if not isinstance(examples, list):
            continue
        validator = jsonschema_rs.Draft202012Validator(schema | components)
        yield from (place for each in examples if not validator.is_valid(each))


@rule("no-invalid-media-type-examples")
def _media_examples(document: dict[str, Any]) -> Found:
    components = {"components": document["components"]}
    for where, operation in _operations(document):
        bodies = [*operation["responses"].values(), operation.get("requestBody", {})]
        for body in bodies:
            for content in body.get("content", {}).values():
                if "example" in content:
                    schema = content["schema"] | components
                    if not jsonschema_rs.is_valid(schema, content["example"]):
                        yield where


def _users(document: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"]["/api/v1/users"]["get"]
    return operation


def _schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    schema: dict[str, Any] = document["components"]["schemas"][name]
    return schema


def _problem(document: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = _users(document)["responses"]["401"]["content"]
    return content["application/problem+json"]  # type: ignore[no-any-return]  # from JSON


BREAK: dict[str, Callable[[dict[str, Any]], object]] = {
    "no-empty-servers": lambda d: d.pop("servers"),
    "info-license": lambda d: d["info"].pop("license"),
    "security-defined": lambda d: _users(d).pop("security"),
    "operation-operationId": lambda d: _users(d).update(operationId="list_users_api_v1_get"),
    "operation-summary": lambda d: _users(d).update(summary=""),
    "operation-tag-defined": lambda d: _users(d).update(tags=[]),
    "operation-4xx-response": lambda d: _users(d).update(responses={"200": {}}),
    "operation-2xx-response": lambda d: _users(d)["responses"].pop("200"),
    "operation-parameters-unique": lambda d: _users(d)["parameters"].extend(
        _users(d)["parameters"][:1]
    ),
    "path-parameters-defined": lambda d: d["paths"].update({"/x/{id}": {"get": _users(d)}}),
    "no-identical-paths": lambda d: d["paths"].update({"/api/v1/users/{id}": {}}),
    "no-path-trailing-slash": lambda d: d["paths"].update({"/api/v1/users/": {}}),
    "no-unresolved-refs": lambda d: d["components"]["schemas"].pop("Count"),
    "no-unused-components": lambda d: d["components"]["schemas"].update(Nobody={}),
    "no-enum-type-mismatch": lambda d: _schema(d, "UserStatus").update(enum=[1]),
    "no-required-schema-properties-undefined": lambda d: _schema(d, "Count").update(
        required=["number"]
    ),
    "no-invalid-schema-examples": lambda d: _schema(d, "RoleAssignment").update(
        examples=[{"roles": "user"}]
    ),
    "no-invalid-media-type-examples": lambda d: _problem(d).update(example={}),
}


@pytest.mark.parametrize("name", RULES)
class TestRules:
    """One rule each."""

    def test_is_kept(self, name: str) -> None:
        """There is nothing to find."""
        assert list(RULES[name](document())) == []

    def test_finds(self, name: str) -> None:
        """And it would be found."""
        broken = copy.deepcopy(document())
        BREAK[name](broken)

        assert list(RULES[name](broken)) != []

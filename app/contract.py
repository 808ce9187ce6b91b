"""What programs relied on in the OpenAPI document, and no longer can.

One question is asked of every schema: is all that the first one means accepted by the second? Of
what programs send, the first is the old one; of what they are answered, the new one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Any

Document = Mapping[str, Any]
Schema = Mapping[str, Any]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# The keyword, and whether a larger value takes more.
_LIMITS = {
    "maxLength": True,
    "maxItems": True,
    "maxProperties": True,
    "maximum": True,
    "exclusiveMaximum": True,
    "minLength": False,
    "minItems": False,
    "minProperties": False,
    "minimum": False,
    "exclusiveMinimum": False,
}
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems", "const")


def breaking_changes(old: Document, new: Document) -> list[str]:
    """What breaks programs that were written for the old document, one line each."""
    return list(dict.fromkeys(_of_paths(old, new)))


def _of_paths(old: Document, new: Document) -> Iterator[str]:
    for path, item in old["paths"].items():
        for method in _METHODS:
            before = item.get(method)
            if before is None:
                continue
            after = new["paths"].get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if after is None:
                yield f"{where}: is gone"
            else:
                yield from _of_operation(where, before, after, _Comparison(old, new))


@dataclass(frozen=True)
class _Comparison:
    """Whether all that a schema of one document means is accepted by one of another.

    Attributes:
        given: The document of the first schemas.
        taken: The document of the second.
    """

    given: Document
    taken: Document
    is_answer: bool = False

    def reversed(self) -> "_Comparison":
        """The same of answers."""
        return _Comparison(self.taken, self.given, is_answer=True)

    def __call__(
        self, where: str, given: Schema, taken: Schema, seen: frozenset[Any] = frozenset()
    ) -> Iterator[str]:
        """What the second does not accept of the first, one line each."""
        pair = (given.get("$ref"), taken.get("$ref"))
        if all(pair):
            if pair in seen:
                return
            seen |= {pair}
        given, taken = _resolved(given, self.given), _resolved(taken, self.taken)
        others = _variants(taken)
        for each in _variants(given):
            found = [list(self._one(where, each, other, seen)) for other in others]
            if all(found):
                # The nearest one says what is wrong.
                yield from min(found, key=lambda lines: (_is_type(lines), len(lines)))

    def _one(self, where: str, given: Schema, taken: Schema, seen: frozenset[Any]) -> Iterator[str]:
        if "$ref" in given or "$ref" in taken:
            yield from self(where, given, taken, seen)
            return
        if _types(taken) and not _types(given) <= _types(taken):
            yield f"{where}: {_TYPE} {self._words(given, taken, _type_words)}"
            return
        if "enum" in taken:
            more = [each for each in _values(given) if each not in taken["enum"]]
            if more or not _values(given):
                names = ", ".join(map(str, more)) or "other values"
                yield f"{where}: {self._say('may now be', 'no longer takes')} {names}"
        changed = [each for each in _EXACT if each in taken and given.get(each) != taken[each]]
        changed += [
            each
            for each, is_most in _LIMITS.items()
            if each in taken and _exceeds(given.get(each), taken[each], is_most=is_most)
        ]
        for keyword in changed:
            words = self._words(given, taken, methodcaller("get", keyword))
            yield f"{where}: {keyword} {words}"
        yield from self._inside(where, given, taken, seen)

    def _inside(
        self, where: str, given: Schema, taken: Schema, seen: frozenset[Any]
    ) -> Iterator[str]:
        ours, theirs = given.get("properties", {}), taken.get("properties", {})
        for name in taken.get("required", ()):
            if name not in given.get("required", ()):
                may_lack = "need no longer be there" if name in ours else "is gone"
                yield f"{where}.{name}: {self._say(may_lack, 'is required now')}"
        for name, schema in ours.items():
            if name in theirs:
                yield from self(f"{where}.{name}", schema, theirs[name], seen)
            elif not self.is_answer and taken.get("additionalProperties") is False:
                yield f"{where}.{name}: is no longer taken"
        if self.is_answer:
            gone = theirs.keys() - ours.keys() - set(taken.get("required", ()))
            yield from (f"{where}.{name}: is gone" for name in sorted(gone))
        for keyword in ("items", "additionalProperties"):
            mine, other = given.get(keyword), taken.get(keyword)
            if isinstance(other, Mapping):
                yield from self(
                    f"{where}[]", mine if isinstance(mine, Mapping) else {}, other, seen
                )

    def _say(self, of_answer: str, of_request: str) -> str:
        return of_answer if self.is_answer else of_request

    def _words(self, given: Schema, taken: Schema, tell: Any) -> str:
        before, after = (taken, given) if self.is_answer else (given, taken)
        return f"was {tell(before)}, is {tell(after)}"


_TYPE = "type"


def _is_type(lines: Sequence[str]) -> bool:
    return any(f": {_TYPE} was " in line for line in lines)


def _of_operation(
    where: str, old: Mapping[str, Any], new: Mapping[str, Any], asked: _Comparison
) -> Iterator[str]:
    if old.get("operationId") != new.get("operationId"):
        yield f"{where}: is called {new.get('operationId')}, was {old.get('operationId')}"
    if old.get("x-permission") != new.get("x-permission"):
        yield f"{where}: needs {new.get('x-permission')}, needed {old.get('x-permission')}"
    if new.get("x-recent-sign-in") and not old.get("x-recent-sign-in"):
        yield f"{where}: needs a recent sign-in now"
    if new.get("x-max-body-bytes", 0) < old.get("x-max-body-bytes", 0):
        yield f"{where}: takes smaller bodies"
    yield from _of_parameters(where, old, new, asked)
    yield from _of_body(where, old.get("requestBody"), new.get("requestBody"), asked)
    for status, before in old["responses"].items():
        if not status.startswith("2"):
            continue
        after = new["responses"].get(status)
        if after is None:
            yield f"{where}: no longer answers {status}"
            continue
        gone = before.get("headers", {}).keys() - after.get("headers", {}).keys()
        yield from (f"{where}: header {name} is gone" for name in sorted(gone))
        yield from _of_content(
            f"{where} {status}",
            before.get("content", {}),
            after.get("content", {}),
            asked.reversed(),
        )


def _of_parameters(
    where: str, old: Mapping[str, Any], new: Mapping[str, Any], asked: _Comparison
) -> Iterator[str]:
    before, after = (
        {(each["in"], each["name"]): each for each in operation.get("parameters", ())}
        for operation in (old, new)
    )
    for key, parameter in before.items():
        name = f"{where} {key[1]}"
        if key not in after:
            yield f"{name}: is no longer taken"
            continue
        if after[key].get("required") and not parameter.get("required"):
            yield f"{name}: is required now"
        yield from asked(name, parameter.get("schema", {}), after[key].get("schema", {}))
    for key in after.keys() - before.keys():
        if after[key].get("required"):
            yield f"{where} {key[1]}: is required now"


def _of_body(where: str, old: Any, new: Any, asked: _Comparison) -> Iterator[str]:
    if new is None:
        if old is not None:
            yield f"{where}: takes no body any more"
        return
    if new.get("required") and not (old or {}).get("required"):
        yield f"{where}: the body is required now"
    yield from _of_content(f"{where} body", (old or {}).get("content", {}), new["content"], asked)


def _of_content(
    where: str, old: Mapping[str, Any], new: Mapping[str, Any], compare: _Comparison
) -> Iterator[str]:
    for kind, before in old.items():
        if kind not in new:
            yield f"{where}: is not {kind} any more"
            continue
        schemas = before.get("schema", {}), new[kind].get("schema", {})
        yield from compare(where, *(reversed(schemas) if compare.is_answer else schemas))


def _resolved(schema: Schema, document: Document) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if len(schema.get("allOf", ())) == 1:
        rest = {name: value for name, value in schema.items() if name != "allOf"}
        return {**_resolved(schema["allOf"][0], document), **rest}
    return schema


def _variants(schema: Schema) -> Sequence[Schema]:
    found: Sequence[Schema] = schema.get("anyOf") or schema.get("oneOf") or [schema]
    return found


def _types(schema: Schema) -> frozenset[str]:
    named = schema.get("type", ())
    types = {named} if isinstance(named, str) else set(named)
    return frozenset(types | ({"integer"} if "number" in types else set()))


def _type_words(schema: Schema) -> str:
    named = schema.get("type", "anything")
    return named if isinstance(named, str) else " or ".join(named)


def _values(schema: Schema) -> Sequence[Any]:
    values: Sequence[Any] = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return values


def _exceeds(given: Any, taken: Any, *, is_most: bool) -> bool:
    if given is None:
        return True
    return bool(given > taken if is_most else given < taken)

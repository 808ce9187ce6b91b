"""YAML from outside, read as strictly as a request's JSON."""

from collections.abc import Hashable
from typing import Any

import yaml

_MOST_DEPTH = 32
_MOST_CHARACTERS = 5_000_000


class NotYaml(ValueError):
    """The text is not what we take for YAML; the message is one sentence about where."""


class _Loader(yaml.SafeLoader):
    """Every key once, nothing by reference, no dates: those are texts until a schema reads them."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _at(_event(self), "an alias (*) stands here; write out what it means")
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise _at(_event(self), f"this is nested deeper than {_MOST_DEPTH} levels")
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as the library calls it
        seen: set[object] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                raise _at(key, "a key must be a simple word")
            if key.value in seen:
                raise _at(key, f"{key.value} stands here a second time in the same place")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, expression) for tag, expression in known if not tag.endswith(":timestamp")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _event(loader: _Loader) -> Any:
    return loader.peek_event()  # type: ignore[no-untyped-call]  # the library has no types here


def _at(where: Any, what: str) -> NotYaml:
    return NotYaml(f"line {where.start_mark.line + 1}: {what}.")


def read_yaml(text: str) -> Any:
    """The value of a document; None when there is nothing in it.

    Raises:
        NotYaml: It is not YAML, has a key twice in one place, uses aliases, or is nested too deep.
    """
    if len(text) > _MOST_CHARACTERS:
        message = f"it is longer than {_MOST_CHARACTERS:,} characters."
        raise NotYaml(message)
    loader = None
    try:
        loader = _Loader(text.removeprefix("\ufeff"))
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise NotYaml(f"{line}{error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise NotYaml(" ".join(str(error).split()) + ".") from error
    except (ValueError, OverflowError) as error:
        if isinstance(error, NotYaml):
            raise
        raise NotYaml(f"{error}.") from error
    finally:
        if loader is not None:
            loader.dispose()

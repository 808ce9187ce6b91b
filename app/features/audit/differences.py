"""What differs between two values of a field, piece by piece."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

Part = dict[str, str]
"""`{"kind", "text", "label"}`; the kind is `same`, `added`, `removed`, or `folded` for what stayed
as it was and is only shown when asked for, under its label."""

_WORDS = re.compile(r"\w+\s*|[^\w\s]+\s*|\s+")
_LONG = 60
"""Characters from which on a text is compared word by word."""
_MOST_WORDS = 4000
_ALIKE = 0.3
"""Texts that have less in common are shown one beside the other."""
_AROUND = 5
"""Words and signs that are shown on either side of a difference."""


def of_items(before: Sequence[str], after: Sequence[str]) -> list[Part]:
    """What was removed from a list, added to it, and how much stayed."""
    removed = [_part("removed", item) for item in before if item not in after]
    added = [_part("added", item) for item in after if item not in before]
    stayed = [item for item in after if item in before]
    if not (removed or added):
        return []
    noun = "entry" if len(stayed) == 1 else "entries"
    label = f"{len(stayed):,} {noun} unchanged"
    return [*removed, *added, *([_part("folded", ", ".join(stayed), label)] if stayed else [])]


def of_texts(before: str, after: str) -> list[Part]:
    """The differences between two long texts, word by word, with some words around each.

    Returns:
        Nothing for texts that are short, or have little in common.
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(before), len(after)) < _LONG or max(len(old), len(new)) > _MOST_WORDS:
        return []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return []
    return [part for each in _pieces(matcher, old, new) for part in each]


def _pieces(
    matcher: "SequenceMatcher[str]", old: Sequence[str], new: Sequence[str]
) -> Iterator[list[Part]]:
    steps = matcher.get_opcodes()
    for tag, i, j, k, end in steps:
        if tag == "equal":
            at_start, at_end = i == 0, j == len(old)
            yield _kept(new[k:end], at_start=at_start, at_end=at_end)
            continue
        pieces = [("removed", "".join(old[i:j])), ("added", "".join(new[k:end]))]
        yield [_part(kind, text) for kind, text in pieces if text]


def _kept(words: Sequence[str], *, at_start: bool, at_end: bool) -> list[Part]:
    """What stayed, folded but for the words beside what did not."""
    head = 0 if at_start else _AROUND
    tail = 0 if at_end else _AROUND
    middle = words[head : len(words) - tail]
    if len(middle) <= 2 * _AROUND:
        return [_part("same", "".join(words))]
    count = sum(1 for word in middle if word[0].isalnum())
    parts = [
        _part("same", "".join(words[:head])),
        _part("folded", "".join(middle), f"{count:,} words unchanged"),
        _part("same", "".join(words[len(words) - tail :]) if tail else ""),
    ]
    return [part for part in parts if part["text"]]


def _part(kind: str, text: str, label: str = "") -> Part:
    return {"kind": kind, "text": text, "label": label}

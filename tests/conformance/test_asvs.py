"""docs/security/asvs.md says of every requirement how it is met, and names tests that exist."""

import ast
import functools
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security" / "asvs.md"
STATES = ("met", "partly", "not yet", "not applicable")

# Levels of the requirements of ASVS 5.0.0: a line per chapter, a word per section, a digit each.
LEVELS = (
    "22 1111122223 112222222223 222 123",
    "122 112 12223 23",
    "3 113 12223 11222233 11122333 3 22333",
    "12233 23333 22 1222",
    "2 112333 113 222",
    "122 111111112222 11223333 112233 22222333 2223 33 2222",
    "222 1111 22 11222 223 22",
    "1233 1123 133 23",
    "111 1222",
    "22 223 22223 1111122222233333 22222 22 222",
    "2233 22233 11233 1222 23 23 33",
    "12233 11 22223",
    "2333 222223 2233 1222233",
    "22 12223333 122",
    "12233 12233 1222222 3333",
    "2 22222 2222 222 2223",
    "23 22223333 22",
)
WANTED = {
    f"{chapter}.{section}.{number}": level
    for chapter, sections in enumerate(LEVELS, 1)
    for section, levels in enumerate(sections.split(), 1)
    for number, level in enumerate(levels, 1)
    if level != "3"
}

TEXT = PAGE.read_text(encoding="utf-8")


class Row(NamedTuple):
    """What the page says of one requirement."""

    id: str
    level: str
    state: str
    asks: str
    how: str
    proof: str

    @property
    def chapter(self) -> str:
        """The number of its chapter."""
        return self.id.partition(".")[0]


ROWS = [
    Row(*line.removeprefix("| v5.0.0-").removesuffix(" |").split(" | "))
    for line in TEXT.splitlines()
    if line.startswith("| v5.0.0-")
]
TESTS = sorted(set(re.findall(r"`(tests/[^`]+)`", "\n".join(row.proof for row in ROWS))))


@functools.cache
def names_in(path: Path) -> set[str]:
    """The classes and functions of a file: `TestSignIn`, `test_found`, `TestSignIn::test_once`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inside = (each for each in node.body if hasattr(each, "name"))
            found |= {f"{node.name}::{each.name}" for each in inside}
    return found


def test_every_requirement_once() -> None:
    """Each requirement of levels 1 and 2 has one row, with its level and a known state."""
    assert [(row.id, row.level) for row in ROWS] == list(WANTED.items())
    assert {row.state for row in ROWS} <= set(STATES)


def test_says_what_is_missing() -> None:
    """Whatever is not wholly met says why."""
    assert [row.id for row in ROWS if not row.asks or not row.how] == []
    partly = [row for row in ROWS if row.state == "partly"]
    assert [row.id for row in partly if "Missing:" not in row.how and ", but " not in row.how] == []


@pytest.mark.parametrize("name", TESTS)
def test_named_tests_exist(name: str) -> None:
    """Every test that is named as a proof is there."""
    file, _, inside = name.partition("::")

    assert (ROOT / file).is_file()
    assert inside in names_in(ROOT / file)


def test_summary_is_counted() -> None:
    """The numbers at the top are those of the rows, by chapter and level and over all."""
    by_chapter = Counter((row.chapter, row.level, row.state) for row in ROWS)
    over_all = Counter((row.level, row.state) for row in ROWS)
    expected = {
        (chapter, level): [by_chapter[chapter, level, state] for state in STATES]
        for chapter, level in sorted({(row.chapter, row.level) for row in ROWS})
    } | {("All", level): [over_all[level, state] for state in STATES] for level in "12"}

    line = re.compile(r"^\| (?:V(\d+) [^|]+|\*\*(All)\*\*) \| ([12]) \| (.+) \|$", re.MULTILINE)
    summary = line.findall(TEXT)
    written = {
        (chapter or every, level): [int(number) for number in numbers.split(" | ")]
        for chapter, every, level, numbers in summary
    }

    assert written == expected
    assert len(summary) == len(expected)

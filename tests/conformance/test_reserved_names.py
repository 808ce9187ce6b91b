"""What pages read has no name that Reflex would take for a method of its own."""

import dataclasses
import importlib
import re

from reflex.vars import ObjectVar

from app.settings import PROJECT_ROOT

RESERVED = {name for name in dir(ObjectVar) if not name.startswith("_")}


def test_rows() -> None:
    """No dataclass beside a state has such a field."""
    checked = 0
    for folder in ("app/features", "app/ui"):
        for path in sorted((PROJECT_ROOT / folder).glob("**/*state.py")):
            name = ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts)
            for thing in vars(importlib.import_module(name)).values():
                if isinstance(thing, type) and dataclasses.is_dataclass(thing):
                    checked += 1
                    fields = {field.name for field in dataclasses.fields(thing)}
                    assert not fields & RESERVED, thing
    assert checked > 3


def test_are_documented() -> None:
    """CONTRIBUTING.md names all of them."""
    text = (PROJECT_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("### Names that Reflex keeps for itself")[2].partition("\n## ")[0]

    assert set(re.findall(r"`(\w+)`", section)) >= RESERVED

"""What a component runs in the browser: a module that stands beside it."""

import os
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_FOLDER = "external/components"


def browser_module(name: str) -> str:
    """Where Reflex imports a browser module from.

    As `rx.asset(name, shared=True).importable_path`, which finds out who calls by reading the
    sources of everybody on the stack; with two dozen modules that is a third of a second.

    Args:
        name: Its file in this folder, e.g. `menu.jsx`.

    Raises:
        FileNotFoundError: There is no such file.
    """
    source = (_HERE / name).resolve(strict=True)
    # A server serves what was built before.
    if os.environ.get("REFLEX_BACKEND_ONLY", "").lower() != "true":
        link = Path.cwd() / "assets" / _FOLDER / name
        if not link.is_symlink() or link.resolve() != source:
            link.parent.mkdir(parents=True, exist_ok=True)
            # Other processes may do the same at this moment.
            new = link.with_name(f".{name}.{os.getpid()}")
            new.symlink_to(source)
            new.replace(link)
    return f"$/public/{_FOLDER}/{name}"

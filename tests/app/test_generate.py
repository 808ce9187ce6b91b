"""The files made from the code are those in the repository."""

from app.generate import generated_files
from app.settings import load_settings


def test_generated_files_are_current() -> None:
    """`make generate` has been run since settings, permissions, routes or tokens changed."""
    stale = [
        path.name
        for path, text in generated_files(load_settings()).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]

    assert stale == [], (
        "run `make generate` and commit what it writes; it says what programs would miss that use"
        " the API, and `platformctl generate --accept-breaking` writes it all the same"
    )

"""What runs in the browser keeps to the content security policy."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "components").glob("*.jsx"))
FORBIDDEN = re.compile(
    r"\beval\(|new Function|innerHTML|dangerouslySetInnerHTML|document\.write|https?://"
)


@pytest.mark.parametrize(
    "path", [*MODULES, ROOT / "components" / "boot.js"], ids=lambda path: path.name
)
def test_module_needs_no_exception(path: Path) -> None:
    """No evaluated code, no raw markup, nobody else's server."""
    assert FORBIDDEN.findall(path.read_text()) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_module_is_used_once(path: Path) -> None:
    """Each module is wrapped by one component, which other files import."""
    wrapped = f'browser_module("{path.name}")'
    users = [each for each in (ROOT / "components").glob("*.py") if wrapped in each.read_text()]

    assert len(users) == 1


def test_style_sheets_load_nothing_from_elsewhere() -> None:
    """Fonts come from our own assets, with their licence."""
    for name in ("theme.css", "console.css"):
        addresses = re.findall(r"url\(\"?([^\")]+)", (ROOT / "assets" / name).read_text())
        assert all(address.startswith("/fonts/") for address in addresses)
    assert "SIL Open Font License" in (ROOT / "assets" / "fonts" / "inter-LICENSE.txt").read_text()


def test_kit_knows_no_feature() -> None:
    """Nothing in the kit imports the application or a module."""
    for path in (ROOT / "components").glob("*.py"):
        assert not re.findall(
            r"^\s*(?:from|import) (?:app|modules)\b", path.read_text(), re.MULTILINE
        )

"""The tokens are the only place with literals, and they can be read."""

import re
from pathlib import Path

import pytest

from components import theme

ROOT = Path(__file__).parents[2]
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|oklch|lab|lch)\(")
LENGTH = re.compile(r"(?<![\w-])\d*\.?\d+(?:px|rem)\b")
CONSOLE = ROOT / "assets" / "console.css"
THEMES = {"light": theme.LIGHT, "dark": theme.DARK}


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_style_sheet_is_written_from_tokens() -> None:
    """`assets/theme.css` is what `python -m components.theme` writes."""
    assert theme.css() == (ROOT / "assets" / "theme.css").read_text()


def test_themes_name_the_same_colours() -> None:
    """No colour exists in one theme only."""
    assert list(theme.LIGHT) == list(theme.DARK)


@pytest.mark.parametrize(
    "path",
    [
        CONSOLE,
        *(ROOT / "components").glob("*.jsx"),
        *(path for path in (ROOT / "components").glob("*.py") if path.name != "theme.py"),
    ],
    ids=lambda path: path.name,
)
def test_colours_are_written_in_the_theme_only(path: Path) -> None:
    """A component says `var(--…)`."""
    found = COLOUR.findall(path.read_text())

    assert found == []


def test_sizes_are_written_in_the_theme_only() -> None:
    """The component classes hold no length, but for the widths at which the layout changes."""
    rules = "\n".join(
        line for line in CONSOLE.read_text().splitlines() if not line.startswith("@media")
    )

    assert LENGTH.findall(rules) == []


def test_every_used_token_exists() -> None:
    """No component asks for a token that nobody wrote."""
    used = set(re.findall(r"var\(--([\w-]+)", CONSOLE.read_text()))
    set_by_the_browser = {"width"}

    assert used - set_by_the_browser <= {*theme.LIGHT, *theme.SIZES}


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *(
            (text, ground)
            for text in ("text", "text-muted", "text-faint", "accent-text", "danger")
            for ground in ("canvas", "surface", "surface-subtle")
        ),
        ("text", "surface-active"),
        ("text-muted", "surface-active"),
        ("on-accent", "accent"),
        ("on-accent", "accent-hover"),
        ("on-danger", "danger-solid"),
        ("on-danger", "danger-solid-hover"),
        ("accent-text", "accent-soft"),
        *((tone, f"{tone}-soft") for tone in ("success", "warning", "danger", "info")),
        *(("text", f"{tone}-soft") for tone in ("success", "warning", "danger", "info", "accent")),
    ],
)
def test_text_can_be_read(name: str, text: str, ground: str) -> None:
    """Words have a contrast of at least 4.5:1 on what they stand on."""
    colours = THEMES[name]

    assert _contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("edge", ["border-control", "accent-text"])
def test_controls_can_be_seen(name: str, edge: str) -> None:
    """The edges of controls and the focus ring have a contrast of at least 3:1."""
    colours = THEMES[name]

    assert _contrast(colours[edge], colours["surface"]) >= 3

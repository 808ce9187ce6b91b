"""The gallery shows the whole kit."""

import ast
from pathlib import Path

import pytest

from components.gallery import gallery_page, gallery_sign_in_page

KIT = Path(__file__).parents[2] / "components"
NOT_COMPONENTS = {"gallery", "head", "theme", "values"}
SHOWN_BY_THE_SHELL = {
    "address_words",
    "auth_layout",
    "command_key",
    "command_palette",
    "connection_state",
    "drawn_once",
    "for_record",
    "keyboard_help",
    "leave_guard",
    "navigation",
    "refresh",
    "session_ended",
    "shortcuts",
    "sidebar",
}


def _public_functions() -> list[str]:
    modules = [
        ast.parse(path.read_text())
        for path in sorted(KIT.glob("*.py"))
        if path.stem.split("_")[0] not in NOT_COMPONENTS
    ]
    return [
        node.name
        for module in modules
        for node in module.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and isinstance(node.returns, ast.Attribute)
        and node.returns.attr == "Component"
    ]


def _called_in_gallery() -> set[str]:
    modules = [ast.parse(path.read_text()) for path in KIT.glob("gallery*.py")]
    return {
        node.func.id
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


@pytest.mark.parametrize("function", _public_functions())
def test_every_component_is_shown(function: str) -> None:
    """A component that is not in the gallery is not in the kit."""
    assert function in _called_in_gallery() | SHOWN_BY_THE_SHELL


def test_pages_render() -> None:
    """Both pages can be built, with the words a developer looks for."""
    assert "Every component in every state" in str(gallery_page())
    assert "Welcome back." in str(gallery_sign_in_page())

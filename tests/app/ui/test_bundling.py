"""The bundler's settings."""

import re

import pytest
from reflex_base.compiler.templates import vite_config_template

from app.ui.bundling import GROUPS, with_groups
from components.browser_module import browser_module

SETTINGS = vite_config_template(
    base="/", hmr=False, force_full_reload=False, experimental_hmr=False, sourcemap=False
)


def test_groups_are_added_once() -> None:
    """Whether the settings are new or those of the last build."""
    once = with_groups(SETTINGS)

    assert all(f'name: "{name}"' in once for name in GROUPS)
    assert with_groups(once) == once


def test_other_settings_are_refused() -> None:
    """A build that cut the scripts otherwise would not be noticed."""
    with pytest.raises(RuntimeError, match="otherwise than it did"):
        with_groups(SETTINGS.replace("reflex-env", "environment"))


@pytest.mark.parametrize(
    ("name", "is_in_kit"), [("form.jsx", True), ("link.jsx", True), ("histogram.jsx", False)]
)
def test_kit(name: str, is_in_kit: bool) -> None:
    """What all pages need, and not what one of them draws."""
    assert bool(re.search(GROUPS["kit"], browser_module(name))) is is_in_kit

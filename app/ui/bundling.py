"""How the pages' scripts are cut into files: what is small comes together.

Left to itself the bundler makes a file of every icon, and of every module that two pages share. A
file costs a request and 600 bytes of headers, and compresses worse than a part of a larger one.
"""

from collections.abc import Callable
from typing import Any

from reflex_base import constants
from reflex_base.plugins import Plugin

GROUPS = {
    "icons": r"lucide-react\/dist\/esm\/icons\/",
    # Without those that only one page needs, and that are large.
    "kit": r"external\/components\/(?!chart|histogram|matrix|permission_matrix)",
}
"""Names of files, and the modules that they are made of."""

_ANCHOR = 'name: "reflex-env",\n            },'
"""The end of Reflex's own group: where the server is, which is written anew for each origin."""


class SmallModulesTogether(Plugin):
    """Tells the bundler of `GROUPS`."""

    def pre_compile(self, **context: Any) -> None:
        """Have the bundler's settings changed once they are written."""
        modify: Callable[..., None] = context["add_modify_task"]
        modify(constants.ReactRouter.VITE_CONFIG_FILE, with_groups)


def with_groups(settings: str) -> str:
    """The bundler's settings with our groups after Reflex's own, which goes first.

    Raises:
        RuntimeError: Reflex writes them otherwise than it did.
    """
    groups = "".join(f'\n{{ name: "{name}", test: /{test}/ }},' for name, test in GROUPS.items())
    if groups in settings:
        return settings
    if settings.count(_ANCHOR) != 1:
        message = "Reflex writes the settings of the bundler otherwise than it did."
        raise RuntimeError(message)
    return settings.replace(_ANCHOR, _ANCHOR + groups)

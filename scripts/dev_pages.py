"""The pages as `scripts.dev` compiles them: those that are open first, then all others.

Only what changed is written, because Vite tells the browser of every file that is.
"""

import contextlib
import dataclasses
import os
import re
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from scripts.build_frontend import ROOT
from scripts.dev_server import Place, end_with_parent

MOST_FIRST = 3
"""How many pages are compiled one by one ahead of the others."""


def compile_pages(place: Place, open_ones_done: Connection, environment: Mapping[str, str]) -> None:
    """Compile every page, in a process that has imported nothing of ours yet.

    Args:
        place: Where the pages are.
        open_ones_done: Told when those that are open are compiled.
        environment: The variables of a build.
    """
    end_with_parent()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(place.folder)
    link_assets(place.folder / "assets")
    began = time.monotonic()
    with (place.folder / "pages.log").open("w") as log, contextlib.redirect_stdout(log):
        try:
            from app.app import app as console  # noqa: PLC0415 - the sources as they are now
        except Exception:  # noqa: BLE001 - the server, which starts next, says what it is
            traceback.print_exc(file=log)
            sys.exit(1)
        app: Any = console
        _keep_apart(app)
        _write_address(place.web)
        names = [path.name for path in _last_opened(place.opened)]
        routes = first(names, app._unevaluated_pages)
        for route in routes:
            _compile_one(app, route)
            _say(f"/{route}".replace("/index", "/"), began)
        open_ones_done.send(None)
        # Whoever waits for an open page, in the browser or for the server, comes first.
        os.nice(10)
        # npm packages come from the build: nothing is downloaded while somebody types.
        app._get_frontend_packages = lambda _imports: None
        app._compile(use_rich=False)
    _say("all pages" if routes else "pages", began)


def first(opened: Sequence[str], routes: Iterable[str]) -> list[str]:
    """The routes that are compiled before all others.

    Args:
        opened: Files of the pages that were opened, the last one first.
        routes: All that there are.
    """
    from reflex.compiler.utils import get_page_path  # noqa: PLC0415 - for this process only

    by_file = {Path(get_page_path(route)).name: route for route in routes}
    return [by_file[name] for name in opened if name in by_file][:MOST_FIRST]


def link_assets(folder: Path) -> None:
    """Make a directory as Reflex expects it: our files, beside the links that it makes itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for link in folder.iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink()
    for path in (ROOT / "assets").iterdir():
        link = folder / path.name
        if path.name != "external" and not link.is_symlink():
            link.symlink_to(path)


def _last_opened(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)


def _keep_apart(app: Any) -> None:
    """Give each page a file of its own for its parts, which pages of one module share otherwise.

    Else a page could not be compiled without the others.
    """
    for route, page in app._unevaluated_pages.items():
        name = re.sub(r"\W+", "_", route)
        app._unevaluated_pages[route] = dataclasses.replace(
            page, _source_module=f"{page._source_module}.page_{name}"
        )


def _compile_one(app: Any, route: str) -> None:
    """Write a page with its parts and the states, as the compiler writes all of them."""
    from reflex.compiler import compiler, utils  # noqa: PLC0415 - for this process only
    from reflex.compiler.plugins import default_page_plugins  # noqa: PLC0415 - likewise
    from reflex_base.config import get_config  # noqa: PLC0415 - likewise
    from reflex_base.plugins import CompileContext, CompilerHooks  # noqa: PLC0415 - likewise

    plugins, radix = compiler._resolve_radix_themes_plugin(app, get_config().plugins)
    hooks = CompilerHooks(plugins=default_page_plugins(style=app.style, plugins=plugins))
    context = CompileContext(app=app, pages=[app._unevaluated_pages[route]], hooks=hooks)
    with context:
        context.compile()
    parts, _ = compiler.compile_memo_components(context.auto_memo_components.values())
    pages: list[Any] = [
        (page.output_path, page.output_code) for page in context.compiled_pages.values()
    ]
    # A page must not come before what it is made of.
    for path, code in (compiler.compile_contexts(app._state, radix.get_theme()), *parts, *pages):
        utils.write_file(utils.resolve_path_of_web_dir(path), code)


def _write_address(web: Path) -> None:
    """Tell the browser our server's port; the host is that of the page."""
    from reflex.utils.path_ops import write_file  # noqa: PLC0415 - for this process only

    from app.settings import load_settings  # noqa: PLC0415 - the sources as they are now

    settings = web / "env.json"
    address = f"://localhost:{load_settings().server.port}/"
    write_file(settings, re.sub(r"://[^/\"]+/", address, settings.read_text(encoding="utf-8")))


def _say(what: str, began: float) -> None:
    sys.stderr.write(f"  {what} compiled after {time.monotonic() - began:.1f} s\n")

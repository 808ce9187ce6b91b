"""What a developer waits for: from saving a file to what it does."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from bench.effort import Effort
from bench.figures import Figure
from bench.parts.browser import signed_in
from bench.servers import Server, sign_in
from bench.statistics import median
from scripts.programs import CHROMIUM_ARGS, ensure, find_chromium
from scripts.running import running_development

GOAL_PAGE_SECONDS = 3
GOAL_SERVICE_SECONDS = 2
MOST_SECONDS = 60
REST_SECONDS = 10
"""Between two changes: the pages that nobody looks at are compiled then."""
_OUTLINE = "getComputedStyle(document.body).outlineWidth"


def measure(effort: Effort) -> Iterator[Figure]:
    """Edit a copy of the sources while a browser shows the list of users."""
    began = time.monotonic()
    with running_development(ATRIUM_RATE_LIMITING__ENABLED="false") as (address, sources):
        yield Figure("dev", "start, with all packages there", time.monotonic() - began, "s")
        server = Server(address, ())
        token = asyncio.run(sign_in(server))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=ensure(find_chromium, "chromium"), args=list(CHROMIUM_ARGS)
            )
            page = _users(browser, server)
            for title, goal, edit in (
                ("page saved to its text in the tab", GOAL_PAGE_SECONDS, _pages(page, sources)),
                ("script saved to what it does there", GOAL_PAGE_SECONDS, _scripts(page, sources)),
                ("style saved to how it looks there", GOAL_PAGE_SECONDS, _styles(page, sources)),
                (
                    "service saved to its answer",
                    GOAL_SERVICE_SECONDS,
                    _services(server, token, sources),
                ),
            ):
                yield _figure(page, title, goal, edit, effort.starts)
            if page.evaluate("window.isTheSame") is not True:
                message = "The tab was reloaded."
                raise RuntimeError(message)
            browser.close()


def _figure(page: Page, title: str, goal: float, edit: "Edit", count: int) -> Figure:
    times = []
    for number in range(1, count + 1):
        start = time.monotonic()
        edit(number)
        times.append(time.monotonic() - start)
        page.wait_for_timeout(REST_SECONDS * 1000)
    note = f"best {min(times):.2f} s, worst {max(times):.2f} s"
    return Figure("dev", f"{title}, p50", median(times), "s", at_most=goal, note=note)


def _users(browser: Browser, server: Server) -> Page:
    page = signed_in(browser, server).new_page()
    page.set_default_timeout(MOST_SECONDS * 1000)
    page.goto(f"{server.address}/users")
    page.wait_for_selector("tbody tr.row")
    page.wait_for_timeout(REST_SECONDS * 1000)
    page.evaluate("window.isTheSame = true")
    return page


Edit = Callable[[int], object]
"""Makes the edit of this number, and returns when it is seen."""


def _pages(page: Page, sources: Path) -> Edit:
    write = _writer(sources / "app/features/users/pages.py", '"New user", href', '"New {}", href')

    def edit(number: int) -> None:
        write(number)
        page.wait_for_selector(f"text=New {number}")

    return edit


def _scripts(page: Page, sources: Path) -> Edit:
    write = _writer(sources / "components/search_input.jsx", 'role="search"', 'role="search{}"')

    def edit(number: int) -> None:
        write(number)
        page.wait_for_selector(f"[role=search{number}]")

    return edit


def _styles(page: Page, sources: Path) -> Edit:
    write = _writer(sources / "assets/console.css", "", "body {{ outline: {}px solid; }}\n")

    def edit(number: int) -> None:
        write(number)
        _until(lambda: bool(page.evaluate(_OUTLINE) == f"{number}px"))

    return edit


def _services(server: Server, token: str, sources: Path) -> Edit:
    write = _writer(
        sources / "app/features/modules/service.py", "id=module.id", 'id=f"{{module.id}}-{}"'
    )
    # Playwright has the loop of this thread, so nothing asynchronous here.
    headers = {"Authorization": f"Bearer {token}"}
    asked = Request(f"{server.address}/api/v1/modules", headers=headers)

    def answer() -> bytes:
        with urlopen(asked, timeout=MOST_SECONDS) as response:
            return bytes(response.read())

    def edit(number: int) -> None:
        write(number)
        _until(lambda: f'"users-{number}"'.encode() in answer())

    return edit


def _writer(path: Path, text: str, edited: str) -> Callable[[int], object]:
    """What writes a file with a text in it replaced by one that has a number."""
    original = path.read_text()
    if text not in original:
        message = f"{path.name} has no {text}: the measurement edits it."
        raise RuntimeError(message)
    return lambda number: path.write_text(original.replace(text, edited.format(number), 1))


def _until(is_seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        # A server that is about to end may close a connection.
        with contextlib.suppress(OSError):
            if is_seen():
                return
        time.sleep(0.02)
    message = "The change was not seen."
    raise RuntimeError(message)

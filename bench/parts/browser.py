"""What a person waits for in the browser: a page, the next one, a record, a search."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench import data, servers
from bench.data import FIRST_NAMES
from bench.effort import Effort
from bench.figures import Figure
from bench.servers import Server
from bench.statistics import percentile
from scripts.programs import CHROMIUM_ARGS, ensure, find_chromium

GOAL_CLICK_MILLISECONDS = 50
GOAL_SEARCH_MILLISECONDS = 120
GOAL_FIRST_MILLISECONDS = 600
GOAL_RELOAD_MILLISECONDS = 400
GOAL_FIRST_KILOBYTES = 260
GOAL_CACHED_KILOBYTES = 20
ROWS = 50
WARM_UP = 5
LETTER_MILLISECONDS = 120
"""Between the keys of somebody who types fast."""
OPENING_MILLISECONDS = 1500
"""A new window first loads pages of Chromium's own: as much work as one of ours."""

# What is waited for is looked at whenever the document changes, in ways that force no layout.
_WAIT = """
window.until = (start, done) => new Promise((resolve, reject) => {
  const observer = new MutationObserver(() => {
    if (!done()) return;
    observer.disconnect();
    resolve(performance.now() - start);
  });
  const everything = {childList: true, subtree: true, characterData: true, attributes: true};
  observer.observe(document.body, everything);
  setTimeout(() => reject(new Error("nothing new")), 30000);
});
window.rows = () => document.querySelectorAll("tbody tr.row");
window.shown = null;
new MutationObserver(() => {
  if (window.shown === null && window.rows().length >= 50) window.shown = performance.now();
}).observe(document, {childList: true, subtree: true});
"""
_TURN = """
(name) => {
  const before = rows()[0].dataset.row;
  const count = rows().length;
  const start = performance.now();
  document.querySelector(`button[aria-label="${name}"]`).click();
  return until(start, () => rows()[0]?.dataset.row !== before && rows().length === count);
}
"""
_OPEN = """
(number) => {
  const link = rows()[number].querySelector("a");
  const name = link.textContent;
  const start = performance.now();
  link.click();
  return until(start, () => document.querySelector("main h1")?.textContent === name
    && document.querySelector('main input[name="display_name"]'));
}
"""
_FOUND = """
() => {
  const input = document.querySelector("input[data-shortcut='/']");
  let last = 0;
  input.addEventListener("input", () => { last = performance.now(); });
  window.found = until(0, () => rows().length === 0).then((at) => at - last);
}
"""


def measure(effort: Effort) -> Iterator[Figure]:
    """Drive a browser over 10,000 users in SQLite."""
    with (
        data.sqlite("users", (data.SMALL, effort.rows)) as (url, _),
        servers.platform(url) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=ensure(find_chromium, "chromium"), args=list(CHROMIUM_ARGS)
        )
        yield from _loads(browser, server)
        yield from _pages(browser, server, effort)
        yield from _records(browser, server, effort)
        yield from _searches(browser, server, effort)
        browser.close()


def _pages(browser: Browser, server: Server, effort: Effort) -> Iterator[Figure]:
    """Go to and fro between the first pages, as a person does."""
    with _users(browser, server) as page:
        frames = _count_frames(page)
        times = []
        for number in range(WARM_UP + effort.samples):
            name = "Previous page" if number % 10 >= 5 else "Next page"  # noqa: PLR2004 - half
            page.wait_for_selector(f'button[aria-label="{name}"]:enabled')
            if number == WARM_UP:
                frames.clear()
            times.append(page.evaluate(_TURN, name))
    times = times[WARM_UP:]
    sent, received = (
        sum(1 for way, _ in frames if way == wanted) / len(times) for wanted in ("sent", "received")
    )
    size = sum(size for way, size in frames if way == "received") / len(times) / 1000
    messages = f"{sent:.1f} messages out, {received:.1f} in with {size:.1f} kB"
    yield _waited(
        f"click on Next page to {ROWS} new rows", times, GOAL_CLICK_MILLISECONDS, messages
    )


def _records(browser: Browser, server: Server, effort: Effort) -> Iterator[Figure]:
    """Open one record of the list after the other."""
    with _users(browser, server) as page:
        times = []
        for number in range(WARM_UP + effort.samples):
            times.append(page.evaluate(_OPEN, number % ROWS))
            page.go_back()
            page.wait_for_selector(f"tbody tr.row:nth-child({ROWS})")
    yield _waited("click on a user to the form", times[WARM_UP:], GOAL_CLICK_MILLISECONDS)


def _searches(browser: Browser, server: Server, effort: Effort) -> Iterator[Figure]:
    """Type first names, and a letter more, until no user is left."""
    with _users(browser, server) as page:
        times = []
        for number in range(WARM_UP + max(effort.samples // 10, 5)):
            page.evaluate(_FOUND)
            page.locator("input[data-shortcut='/']").press_sequentially(
                f"{FIRST_NAMES[number % len(FIRST_NAMES)]}q", delay=LETTER_MILLISECONDS
            )
            times.append(page.evaluate("window.found"))
            page.locator("input[data-shortcut='/']").fill("")
            page.wait_for_selector(f"tbody tr.row:nth-child({ROWS})")
    yield _waited(
        "last letter of a search to its answer", times[WARM_UP:], GOAL_SEARCH_MILLISECONDS
    )


@contextlib.contextmanager
def _users(browser: Browser, server: Server) -> Iterator[Page]:
    context = signed_in(browser, server)
    page = context.new_page()
    page.add_init_script(_WAIT)
    page.goto(f"{server.address}/users")
    page.wait_for_selector(f"tbody tr.row:nth-child({ROWS})")
    yield page
    context.close()


def _waited(title: str, times: list[float], goal: float, note: str = "") -> Figure:
    middle = f"p50 {percentile(times, 50):.0f} ms"
    return Figure(
        "browser",
        f"{title}, p95",
        percentile(times, 95),
        "ms",
        at_most=goal,
        note="; ".join(filter(None, [middle, note])),
    )


def _loads(browser: Browser, server: Server) -> Iterator[Figure]:
    visitor = browser.new_context()
    person = signed_in(browser, server)
    for title, context, path, ready in (
        ("sign-in page", visitor, "/sign-in", "button[type=submit]"),
        ("users page", person, "/users", f"tbody tr.row:nth-child({ROWS})"),
    ):
        # A context of Playwright's has its own cache; signing in went without the browser.
        for kind, kilobytes, milliseconds in (
            ("first", GOAL_FIRST_KILOBYTES, GOAL_FIRST_MILLISECONDS),
            ("cached", GOAL_CACHED_KILOBYTES, GOAL_RELOAD_MILLISECONDS),
        ):
            loaded = _load(context, f"{server.address}{path}", ready)
            yield Figure(
                "browser",
                f"{title}, {kind} load",
                loaded.kilobytes,
                "kB",
                at_most=kilobytes,
                note=f"{loaded.requests} requests, {loaded.cached} more from the cache",
            )
            if loaded.milliseconds:
                yield Figure(
                    "browser",
                    f"{title}, {kind} load to {ROWS} rows",
                    loaded.milliseconds,
                    "ms",
                    at_most=milliseconds,
                )
    visitor.close()
    person.close()


@dataclass(slots=True)
class _Loaded:
    """What one visit took."""

    kilobytes: float = 0.0
    requests: int = 0
    cached: int = 0
    milliseconds: float = 0.0


def _load(context: BrowserContext, address: str, ready: str) -> _Loaded:
    page = context.new_page()
    page.add_init_script(_WAIT)
    # Whoever opens a page has a window.
    page.wait_for_timeout(OPENING_MILLISECONDS)
    loaded = _Loaded()
    session = context.new_cdp_session(page)
    session.send("Network.enable")

    def finished(event: dict[str, Any]) -> None:
        loaded.kilobytes += event["encodedDataLength"] / 1000
        if event["encodedDataLength"]:
            loaded.requests += 1
        else:
            loaded.cached += 1

    def framed(event: dict[str, Any]) -> None:
        loaded.kilobytes += len(event["response"]["payloadData"]) / 1000

    session.on("Network.loadingFinished", finished)
    session.on("Network.webSocketFrameReceived", framed)
    page.goto(address, wait_until="networkidle")
    page.wait_for_selector(ready)
    # Until the last request of the first paint and the answer of the socket are in.
    page.wait_for_timeout(500)
    loaded.milliseconds = page.evaluate("window.shown") or 0.0
    page.close()
    return loaded


def _count_frames(page: Page) -> list[tuple[str, int]]:
    """Collect the messages of the page's socket from now on."""
    frames: list[tuple[str, int]] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    for event, way in (
        ("Network.webSocketFrameSent", "sent"),
        ("Network.webSocketFrameReceived", "received"),
    ):

        def count(frame: dict[str, Any], way: str = way) -> None:
            frames.append((way, len(frame["response"]["payloadData"])))

        session.on(event, count)
    return frames


def signed_in(browser: Browser, server: Server) -> BrowserContext:
    """A visitor with the administrator's session and an empty cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    form: dict[str, Any] = {**servers.CREDENTIALS, "next": "/"}
    answer = context.request.post(f"{server.address}/session/sign-in", form=form, max_redirects=0)
    assert answer.status == 303, answer.text()  # noqa: PLR2004, S101 - a redirect
    return context

"""What a person waits for in the browser: a click on *Next page*, and the first look at a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench import data, servers
from bench.effort import Effort
from bench.figures import Figure
from bench.servers import Server
from bench.statistics import percentile
from scripts.programs import CHROMIUM_ARGS, ensure, find_chromium

GOAL_CLICK_MILLISECONDS = 50
GOAL_FIRST_KILOBYTES = 330
GOAL_CACHED_KILOBYTES = 10
ROWS = 50
WARM_UP = 5

_CLICK = """
([name, rows]) => new Promise((resolve, reject) => {
  const first = () => document.querySelector("tbody tr")?.innerText;
  const before = first();
  const button = document.querySelector(`button[aria-label="${name}"]`);
  const start = performance.now();
  const done = () => {
    if (first() !== before && document.querySelectorAll("tbody tr").length === rows) {
      observer.disconnect();
      resolve(performance.now() - start);
    }
  };
  const observer = new MutationObserver(done);
  observer.observe(document.body, {childList: true, subtree: true, characterData: true});
  setTimeout(() => reject(new Error("no new rows")), 10000);
  button.click();
})
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
        yield from _clicks(browser, server, effort)
        browser.close()


def _clicks(browser: Browser, server: Server, effort: Effort) -> Iterator[Figure]:
    context = signed_in(browser, server)
    page = context.new_page()
    page.goto(f"{server.address}/users")
    page.wait_for_selector(f"tbody tr:nth-child({ROWS})")
    frames = _count_frames(page)
    times = []
    for number in range(WARM_UP + effort.samples):
        # To and fro between the first pages, as a person does.
        name = "Previous page" if number % 10 >= 5 else "Next page"  # noqa: PLR2004 - half
        page.wait_for_selector(f'button[aria-label="{name}"]:enabled')
        if number == WARM_UP:
            frames.clear()
        times.append(page.evaluate(_CLICK, [name, ROWS]))
    context.close()
    times = times[WARM_UP:]
    sent, received = (
        sum(1 for way, _ in frames if way == wanted) / len(times) for wanted in ("sent", "received")
    )
    size = sum(size for way, size in frames if way == "received") / len(times) / 1000
    yield Figure(
        "browser",
        f"click on Next page to {ROWS} new rows, p95",
        percentile(times, 95),
        "ms",
        at_most=GOAL_CLICK_MILLISECONDS,
        note=f"p50 {percentile(times, 50):.0f} ms; "
        f"{sent:.1f} messages out, {received:.1f} in with {size:.1f} kB",
    )


def _loads(browser: Browser, server: Server) -> Iterator[Figure]:
    visitor = browser.new_context()
    person = signed_in(browser, server)
    for title, context, path, ready in (
        ("sign-in page", visitor, "/sign-in", "button[type=submit]"),
        ("users page", person, "/users", f"tbody tr:nth-child({ROWS})"),
    ):
        # A context of Playwright's has its own cache; signing in went without the browser.
        for kind, goal in (("first", GOAL_FIRST_KILOBYTES), ("cached", GOAL_CACHED_KILOBYTES)):
            loaded = _load(context, f"{server.address}{path}", ready)
            yield Figure(
                "browser",
                f"{title}, {kind} load",
                loaded.kilobytes,
                "kB",
                at_most=goal,
                note=f"{loaded.requests} requests, {loaded.cached} more from the cache, "
                f"{loaded.milliseconds:.0f} ms until shown",
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
    loaded.milliseconds = page.evaluate("performance.getEntriesByType('paint').at(-1).startTime")
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

"""All roles and permissions on one screen, at a size at which it must not stutter."""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

from playwright.sync_api import Page, WebSocketRoute, sync_playwright

from bench import servers
from bench.effort import Effort
from bench.figures import Figure
from bench.parts.browser import signed_in
from bench.servers import Server
from bench.statistics import median, percentile
from scripts.programs import CHROMIUM_ARGS, ensure, find_chromium

ROLES = 40
LAYERS = 17
PERMISSIONS = 300
GOAL_FRAME_MILLISECONDS = 33
GOAL_FILTER_MILLISECONDS = 100
GOAL_LAYERS_MILLISECONDS = 100

_SCROLL = """
(steps) => new Promise((resolve) => {
  const box = document.querySelector(".crosstab-scroll");
  const frames = [];
  let last = performance.now();
  const step = () => {
    const now = performance.now();
    frames.push(now - last);
    last = now;
    if (frames.length > steps) return resolve(frames.slice(1));
    box.scrollBy(frames.length % 3 ? 0 : 40, 120);
    if (box.scrollTop + box.clientHeight >= box.scrollHeight) box.scrollTo(0, 0);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})
"""
_FILTER = """
(text) => new Promise((resolve) => {
  const field = document.querySelector(".crosstab-filter input");
  const shown = ".crosstab tbody tr:not(.crosstab-group):not([hidden])";
  const rows = () => document.querySelectorAll(shown).length;
  const before = rows();
  const start = performance.now();
  const look = () =>
    rows() === before ? requestAnimationFrame(look) : resolve(performance.now() - start);
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  set.call(field, text);
  field.dispatchEvent(new Event("input", {bubbles: true}));
  requestAnimationFrame(look);
})
"""


def measure(effort: Effort) -> Iterator[Figure]:
    """Scroll through the screen and filter it, with real roles and the permissions repeated."""
    with servers.platform() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=ensure(find_chromium, "chromium"), args=list(CHROMIUM_ARGS)
        )
        context = signed_in(browser, server)
        _add_roles(context.new_page(), server)
        page = context.new_page()
        page.route_web_socket("**", _enlarge)
        page.goto(f"{server.address}/access")
        page.wait_for_selector(f".crosstab tbody tr:nth-child({PERMISSIONS // 20})")
        size = page.evaluate(
            "[document.querySelectorAll('.crosstab td').length,"
            " document.querySelectorAll('.crosstab thead th').length - 1]"
        )
        assert size[1] >= ROLES, size  # noqa: S101 - what is measured must be right
        frames = page.evaluate(_SCROLL, effort.samples)
        yield Figure(
            "matrix",
            f"frame while scrolling {PERMISSIONS} permissions by {ROLES} roles, p95",
            percentile(frames, 95),
            "ms",
            at_most=GOAL_FRAME_MILLISECONDS,
            note=f"longest {max(frames):.0f} ms, {size[0]:,} cells",
        )
        times = [
            page.evaluate(_FILTER, "user" if number % 2 == 0 else "")
            for number in range(max(10, effort.samples // 10))
        ]
        yield Figure(
            "matrix",
            "letter typed into its filter to the rows, p95",
            percentile(times, 95),
            "ms",
            at_most=GOAL_FILTER_MILLISECONDS,
        )
        yield Figure(
            "matrix",
            f"answer with {2 * LAYERS} more roles in {LAYERS} layers, each including both below",
            median(_with_layers(page, server, effort.rounds)) * 1e3,
            "ms",
            at_most=GOAL_LAYERS_MILLISECONDS,
        )
        browser.close()


def _add_roles(page: Page, server: Server) -> None:
    headers = _headers(page, server)
    for number in range(ROLES):
        _add_role(page, server, headers, f"desk-{number:02}", ())
    page.close()


def _with_layers(page: Page, server: Server, times: int) -> list[float]:
    """Seconds of each answer with every role and permission."""
    headers = _headers(page, server)
    below: list[str] = []
    taken = []
    for layer in range(LAYERS):
        names = [f"layer-{layer:02}-{side}" for side in "ab"]
        for name in names:
            _add_role(page, server, headers, name, below)
        below = names
    for _ in range(times):
        start = time.perf_counter()
        found = page.request.get(f"{server.address}/api/v1/permissions/matrix", headers=headers)
        taken.append(time.perf_counter() - start)
        assert len(found.json()["roles"]) > 2 * LAYERS  # noqa: S101 - what is measured must be right
    return taken


def _headers(page: Page, server: Server) -> dict[str, str]:
    answer = page.request.post(f"{server.address}/api/v1/auth/login", data=servers.CREDENTIALS)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _add_role(
    page: Page, server: Server, headers: dict[str, str], name: str, includes: Sequence[str]
) -> None:
    role = {"name": name, "permissions": ["user.read", "audit.*"], "includes": list(includes)}
    made = page.request.post(f"{server.address}/api/v1/roles", data=role, headers=headers)
    assert made.status == 201, made.text()  # noqa: PLR2004, S101 - created


def _enlarge(socket: WebSocketRoute) -> None:
    """Let the server's rows come as many times as it takes to have so many permissions."""
    upstream = socket.connect_to_server()

    def pass_on(message: str | bytes) -> None:
        if isinstance(message, str) and '"cells"' in message:
            start = message.index("[")
            event = json.loads(message[start:])
            _repeat(event)
            message = message[:start] + json.dumps(event)
        socket.send(message)

    upstream.on_message(pass_on)


def _repeat(value: Any) -> None:
    if isinstance(value, dict):
        for part in value.values():
            _repeat(part)
    elif isinstance(value, list):
        if value and isinstance(value[0], dict) and "cells" in value[0]:
            real = list(value)
            value[:] = [
                row | {"name": f"{row['name']}{number // len(real) or ''}"}
                for number in range(PERMISSIONS)
                for row in [real[number % len(real)]]
            ]
        else:
            for part in value:
                _repeat(part)

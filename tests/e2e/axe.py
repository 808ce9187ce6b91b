"""Looking at pages with axe."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}


def add_role(site: Site) -> dict[str, Any]:
    """Make a role with all kinds of grants, and a member."""
    narrow = {"permission": "user.read", "rule": "own", "readable": ["email"], "reason": "Self"}
    new = {
        "name": f"Ax {uuid4().hex[:8]}",
        "permissions": ["session.*"],
        "grants": [narrow],
        "includes": ["guest"],
    }
    role: dict[str, Any] = site.api("POST", "/roles", json=new).json()
    user = site.add_user("Ax Memberson")
    site.api("POST", f"/roles/{role['id']}/members", json={"user_ids": [user["id"]]})
    return role


def look_at(page: Page, path: str, steps: Callable[[Page], Any] = lambda page: None) -> list[str]:
    """Open a page, do something there, and return what axe finds."""
    page.goto(path)
    page.locator("h1, h2").first.wait_for()
    if "/gallery" not in path:
        expect(page.locator(".skeleton, .table[aria-busy=true]")).to_have_count(0)
    steps(page)
    page.wait_for_timeout(250)
    return violations_of(page)


def violations_of(page: Page) -> list[str]:
    """What axe finds, one line each."""
    # What lies below the bar of a selection or of a form can be scrolled from under it.
    below = {".bulk-bar": "tbody", ".save-bar": ".matrix-rows"}
    covered = [
        rows
        for bar, rows in below.items()
        if page.locator(bar).locator("visible=true").count() and page.locator(rows).count()
    ]
    context = {"exclude": covered} if covered else None
    results = Axe().run(page, context=context, options=OPTIONS).response
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['html'][:150]}"
        for violation in results["violations"]
        for node in violation["nodes"]
    ]

"""`make dev` as a developer has it: a file is saved, and the open tab shows it."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from playwright.sync_api import Page, expect

from scripts.running import ADMIN_EMAIL, ADMIN_PASSWORD, running_development

pytestmark = pytest.mark.e2e

PATIENCE_SECONDS = 120


def test_sources_are_followed(frontend: None, browser_page: Page) -> None:
    """A page, a mistake, its correction and a service are seen without a reload."""
    with running_development(ATRIUM_RATE_LIMITING__ENABLED="false") as (address, sources):
        browser_page.set_default_timeout(PATIENCE_SECONDS * 1000)
        pages = sources / "app/features/auth/pages.py"
        service = sources / "app/features/modules/service.py"
        browser_page.goto(f"{address}/sign-in")
        browser_page.locator("input[name=email]").fill(ADMIN_EMAIL)

        write(pages, 'button("Sign in"', 'button("Come in"')
        seen(browser_page, "Come in")
        write(service, "class ModuleService", "class class ModuleService")
        until(lambda: "SyntaxError" in (sources.parent / "log").read_text())
        assert modules(address)[0] == "dashboard"
        write(service, "class class ModuleService", "class ModuleService")
        write(service, "id=module.id", 'id=f"my {module.id}"')
        until(lambda: modules(address)[0] == "my dashboard")

        # Neither change has taken away what was typed, and the form still leads somewhere.
        expect(browser_page.locator("input[name=email]")).to_have_value(ADMIN_EMAIL)
        browser_page.locator("input[name=password]").fill(ADMIN_PASSWORD)
        browser_page.get_by_role("button", name="Come in").click()
        expect(browser_page.get_by_role("link", name="Modules")).to_be_visible()

    until(lambda: not processes_in(sources))


def write(path: Path, text: str, edited: str) -> None:
    """Replace the first occurrence of a text in a source."""
    original = path.read_text()
    assert text in original
    path.write_text(original.replace(text, edited, 1))


def seen(page: Page, name: str) -> None:
    """Wait for a button."""
    expect(page.get_by_role("button", name=name)).to_be_visible(timeout=PATIENCE_SECONDS * 1000)


def modules(address: str) -> list[str]:
    """The modules that the API tells of."""
    given = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    with httpx.Client(base_url=f"{address}/api/v1") as client:
        token = client.post("/auth/login", json=given).raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.get("/modules", headers=headers).raise_for_status()
    return [module["id"] for module in answer.json()["items"]]


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; a server that is about to end may break off an answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if is_so():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail("it never was")


def processes_in(directory: Path) -> list[psutil.Process]:
    """Processes that run in a directory, or did until it was removed."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(directory) in process.cwd():
                found.append(process)
        except psutil.Error:
            continue
    return found

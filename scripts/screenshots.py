"""Take pictures of the console's pages: light and dark, desk and phone.

.venv/bin/python -m scripts.screenshots [FOLDER]
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from app.bootstrap import build_registry
from scripts.build_frontend import ROOT
from scripts.programs import CHROMIUM_ARGS, ensure, find_chromium
from scripts.running import ADMIN_EMAIL, ADMIN_PASSWORD, running_platform

SCREENS = {"desk": (1440, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")


def main() -> None:
    """Serve fresh data and picture every page whose address needs no record."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    chromium = ensure(find_chromium, "chromium")
    routes = [page.route for page in build_registry().pages if "[" not in page.route]
    with running_platform() as (address, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGS))
        for screen, size in SCREENS.items():
            for scheme in SCHEMES:
                take(browser, address, routes, folder / f"{screen}-{scheme}", size)
        browser.close()


def take(
    browser: Browser, address: str, routes: list[str], prefix: Path, size: tuple[int, int]
) -> None:
    """Picture the pages on one kind of screen."""
    width, height = size
    dark = prefix.name.endswith("dark")
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=f"{prefix}-sign-in.png")
    page.fill("[name=email]", ADMIN_EMAIL)
    page.fill("[name=password]", ADMIN_PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    for route in routes:
        if route == "/sign-in":
            continue
        page.goto(route)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=f"{prefix}-{route.strip('/').replace('/', '-') or 'home'}.png")
        print(f"{prefix.name}  {route}", flush=True)
    context.close()


if __name__ == "__main__":
    main()

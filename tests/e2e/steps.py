"""Steps that several journeys take."""

import re
from datetime import timedelta

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update
from sqlmodel import col

from app.core import clock
from app.features.auth.models import UserSession
from tests.e2e.conftest import Site
from tests.fixtures.server import Server, run_apart


def sign_in(page: Page, email: str, password: str) -> None:
    """Fill in the sign-in form and send it."""
    field(page, "E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    """Sign out by the person's menu."""
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def field(page: Page, label: str) -> Locator:
    """A line to be typed in."""
    return page.get_by_role("textbox", name=label, exact=True)


def save(page: Page) -> None:
    """Press the save bar's button."""
    page.get_by_role("button", name="Save", exact=True).click()


def press_save(page: Page) -> None:
    """Press the button that sends the form, whatever it is called."""
    page.locator("main form").first.get_by_role("button", name=re.compile("^(Save|Create)")).click()


def choose(page: Page, item: str) -> None:
    """Choose one of the record's further actions."""
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=item).click()


def message(page: Page, text: str) -> Locator:
    """A message in the corner."""
    return page.locator(".toast-message").filter(has_text=text)


def banner(page: Page, state: str) -> Locator:
    """The words that tell of the connection."""
    return page.locator(f".connection[data-state={state}]")


def chip(page: Page, text: str) -> Locator:
    """A filter in force."""
    return page.get_by_role("button", name=re.compile(re.escape(text)))


def names(page: Page) -> Locator:
    """The names in the list of users, which link to their records."""
    return page.locator("tbody").get_by_role("link")


def pages(page: Page) -> Locator:
    """Where in the list the page is."""
    return page.get_by_role("navigation", name="Pages")


def rows(first: int, last: int, total: int) -> str:
    """Which rows the page shows, as it says it."""
    return f"{first}\N{EN DASH}{last} of {total}"


def found(site: Site, text: str) -> list[dict[str, object]]:
    """The users that the API finds by a text."""
    items: list[dict[str, object]] = site.api("GET", "/users", params={"q": text}).json()["items"]
    return items


def end_sessions(server: Server) -> None:
    """Let everybody's console session reach its end."""

    async def work() -> None:
        async with server.platform() as platform:
            database = await platform.database()
            async with database.writing.begin() as connection:
                await connection.execute(
                    update(UserSession)
                    .where(col(UserSession.kind) == "console")
                    .values(expires_at=clock.now() - timedelta(seconds=1))
                )

    run_apart(work)

"""Journeys around what people sign in with: a password lost, a password asked for again."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.core import clock
from app.features.auth.models import UserSession
from tests.e2e.conftest import PHONE, Site
from tests.e2e.steps import choose, field, message, sign_in
from tests.fixtures.server import ADMIN_PASSWORD, Server, run_apart

pytestmark = pytest.mark.e2e

NEW = "a sentence that nobody else knows"


def grow_stale(server: Server) -> None:
    """Let two days pass since anybody gave their password."""

    async def work() -> None:
        async with server.platform() as platform:
            database = await platform.database()
            async with database.writing.begin() as connection:
                moment = clock.now() - timedelta(days=2)
                await connection.execute(update(UserSession).values(authenticated_at=moment))

    run_apart(work)


def confirm(page: Page, password: str) -> None:
    """Give one's password in the dialog."""
    dialog = page.get_by_role("dialog", name="Confirm it is you")
    given = dialog.get_by_label("Password", exact=True)
    expect(given).to_be_focused()
    given.fill(password)
    page.keyboard.press("Enter")


class TestRecentSignIn:
    """A session that is old enough to have been stolen is asked for the password."""

    @pytest.mark.parametrize("size", [(1280, 800), PHONE], ids=["desk", "phone"])
    def test_goes_on(self, site: Site, size: tuple[int, int]) -> None:
        """Wrong: at the field. Right: what was refused is done, and nothing typed was lost."""
        user = site.add_user("Stella Stale")
        page = site.administrator(f"/users/{user['id']}", size=size)
        expect(field(page, "Name")).to_have_value("Stella Stale")
        grow_stale(site.server)
        address = f"{uuid4().hex}@example.com"
        page.get_by_role("button", name="Change…").click()
        form = page.get_by_role("dialog", name="Change e-mail address")
        form.get_by_label("E-mail").fill(address)
        form.get_by_role("button", name="Save address").click()

        site.expect_refusal(422)
        confirm(page, "a guess")
        asked = page.get_by_role("dialog", name="Confirm it is you")
        given = asked.get_by_label("Password", exact=True)
        expect(given).to_have_accessible_description("This is not your current password.")
        expect(form.get_by_label("E-mail")).to_have_value(address)
        confirm(page, ADMIN_PASSWORD)

        expect(asked).to_be_hidden()
        expect(form).to_be_hidden()
        expect(message(page, "The address is saved.")).to_be_visible()
        assert site.api("GET", f"/users/{user['id']}").json()["email"] == address

    def test_left(self, site: Site) -> None:
        """Escape leaves everything as it is, and the focus is back where it was."""
        user = site.add_user("Lea Left")
        page = site.administrator(f"/users/{user['id']}")
        expect(field(page, "Name")).to_have_value("Lea Left")
        grow_stale(site.server)
        page.get_by_label("guest").check()
        save = page.get_by_role("button", name="Save roles")
        save.click()
        asked = page.get_by_role("dialog", name="Confirm it is you")
        expect(asked).to_be_visible()
        page.keyboard.press("Escape")

        expect(asked).to_be_hidden()
        expect(page.get_by_label("guest")).to_be_checked()
        assert site.api("GET", f"/users/{user['id']}").json()["roles"] == ["user"]


class TestReset:
    """Somebody has lost their password."""

    @pytest.mark.parametrize("size", [(1280, 800), PHONE], ids=["desk", "phone"])
    def test_by_link(self, site: Site, size: tuple[int, int]) -> None:
        """The link is shown once; its secret leaves the address at once and goes with the form."""
        user = site.add_user("Loa Lost")
        page = site.administrator(f"/users/{user['id']}", size=size)
        expect(field(page, "Name")).to_have_value("Loa Lost")
        choose(page, "Reset password…")
        dialog = page.get_by_role("dialog", name="Reset password")
        dialog.get_by_role("button", name="Make link").click()
        link = dialog.locator("code")
        expect(link).to_contain_text("/reset-password#token=")
        url = link.inner_text()
        dialog.get_by_role("button", name="Done").click()
        expect(dialog).to_be_hidden()

        told: list[str] = []
        other = site.visit("/sign-in", size=size)
        other.on("websocket", lambda ws: ws.on("framesent", lambda sent: told.append(str(sent))))
        other.on("request", lambda request: told.append(request.url))
        other.goto(url)
        password = other.get_by_label("New password")
        site.expect_refusal(422)
        password.fill("short")
        other.get_by_role("button", name="Set password").click()
        expect(password).to_have_accessible_description(re.compile("least"))
        expect(password).to_have_value("short")
        address = other.url
        password.fill(NEW)
        other.get_by_role("button", name="Set password").click()
        expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
        sign_in(other, user["email"], NEW)
        expect(other.get_by_role("heading", name="Overview")).to_be_visible()

        secret = url.partition("#token=")[2]
        assert address.endswith("/reset-password")
        assert [each for each in told if secret in each] == []

    def test_without_a_link(self, site: Site) -> None:
        """The page by itself is good for nothing, and says what to do."""
        page = site.visit("/reset-password")
        site.expect_refusal(401)
        page.get_by_label("New password").fill(NEW)
        page.get_by_role("button", name="Set password").click()

        expect(page.get_by_role("alert")).to_contain_text("Ask for a new one.")

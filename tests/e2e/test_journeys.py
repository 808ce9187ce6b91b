"""What people do with the console, from beginning to end."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import TimeoutError as NotInTime

from app.testing.factories import PASSWORD
from app.testing.fixtures import settings_for
from tests.e2e.conftest import PHONE, Site
from tests.e2e.steps import (
    banner,
    chip,
    end_sessions,
    field,
    found,
    message,
    names,
    press_save,
    save,
    sign_in,
    sign_out,
)
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

pytestmark = pytest.mark.e2e


class TestFirstRun:
    """The first minutes with a new installation."""

    @pytest.fixture
    def fresh(self, frontend: None, tmp_path: Path) -> Iterator[Server]:
        """A server that has just been started for the first time."""
        settings = settings_for(f"sqlite:///{tmp_path / 'atrium.db'}", tmp_path)
        server = Server(settings, tmp_path)
        server.start()
        yield server
        server.stop()

    def test_printed_password(self, fresh: Server, browser: Browser) -> None:
        """Sign in with the printed password, be made to change it, arrive at the overview."""
        found = re.search(r"Sign in as (\S+) with the password (\S+)", fresh.log())
        assert found
        email, printed = found.groups()
        chosen = "a sentence I will remember"
        site = Site(fresh, browser)
        site.expect_refusal(422)
        page = site.visit("/users?q=a")

        expect(page).to_have_url(re.compile(r"/sign-in\?next=/users%3Fq%3Da$"))
        sign_in(page, email, printed)
        expect(page).to_have_url(re.compile("/change-password$"))
        page.goto("/users")
        expect(page).to_have_url(re.compile("/change-password$"))

        current, new = page.get_by_label("Current password"), page.get_by_label("New password")
        expect(current).to_be_focused()
        current.fill("not the printed one")
        new.fill(chosen)
        page.get_by_role("button", name="Change password").click()
        expect(current).to_be_focused()
        expect(current).to_have_accessible_description(re.compile("not your current password"))
        expect(new).to_have_accessible_description(re.compile("At least 8 characters"))
        page.get_by_role("button", name="Sign out").click()
        sign_in(page, email, printed)
        expect(page).to_have_url(re.compile("/change-password$"))
        current.fill(printed)
        new.fill("short")
        page.get_by_role("button", name="Change password").click()
        expect(new).to_be_focused()
        expect(new).to_have_accessible_description(re.compile("at least 8 characters"))
        expect(current).to_have_value(printed)
        new.fill(chosen)
        page.get_by_role("button", name="Change password").click()

        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        sign_out(page)
        sign_in(page, email, chosen)
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        assert printed not in fresh.log().partition("must be changed")[2]
        site.close()

    def test_wrong_password(self, site: Site) -> None:
        """The answer says what to do, what was typed stays, the way back is kept."""
        site.expect_refusal(401)
        page = site.visit("/users?status=active")
        sign_in(page, ADMIN_EMAIL, "not the password")

        expect(page.get_by_role("alert")).to_have_text("E-mail address or password is wrong.")
        expect(field(page, "E-mail")).to_have_value(ADMIN_EMAIL)
        password = page.get_by_label("Password", exact=True)
        expect(password).to_be_focused()
        password.fill(ADMIN_PASSWORD)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/users\?status=active$"))
        expect(chip(page, "Status: active")).to_be_visible()


class TestLostConnection:
    """The server goes away while somebody types, and comes back."""

    @pytest.fixture(autouse=True)
    def _unreachable(self, site: Site) -> None:
        site.expect_complaint("ERR_CONNECTION_REFUSED|WebSocket|websocket|ERR_EMPTY_RESPONSE")

    def test_saving_a_record(self, site: Site, own_server: Server) -> None:
        """The page says so, keeps what was typed, and saves it when the server is back."""
        user = site.add_user("Connie Connected")
        path = f"/users/{user['id']}"
        page = site.administrator(path)
        name = field(page, "Name")
        expect(name).to_have_value("Connie Connected")
        name.fill("Typed Before")
        own_server.kill()
        expect(banner(page, "lost")).to_be_visible()
        name.fill("Typed Meanwhile")
        own_server.start()

        expect(banner(page, "lost")).to_be_hidden()
        expect(name).to_have_value("Typed Meanwhile")
        save(page)
        expect(message(page, "Saved.")).to_be_visible()
        assert site.api("GET", path).json()["display_name"] == "Typed Meanwhile"

    def test_saving_a_new_record(self, site: Site, own_server: Server) -> None:
        """A form that was opened more than once keeps its text as well."""
        email = f"{uuid4().hex}@example.com"
        page = site.administrator("/users/new")
        for _ in range(2):
            page.get_by_role("link", name="Cancel").click()
            page.get_by_role("link", name="New user").click()
        field(page, "Name").fill("Nora New")
        field(page, "E-mail").fill(email)
        page.get_by_role("radio", name=re.compile("From you")).check()
        page.get_by_label("Password", exact=True).fill("a password that is long enough")
        own_server.kill()
        expect(banner(page, "lost")).to_be_visible()
        own_server.start()

        expect(banner(page, "lost")).to_be_hidden()
        page.wait_for_timeout(500)
        expect(field(page, "E-mail")).to_have_value(email)
        page.get_by_role("button", name="Create user").click()
        expect(page.get_by_role("heading", name="Nora New")).to_be_visible()

    def test_saving_while_away(self, site: Site, own_server: Server) -> None:
        """Who presses the button while the server is away has saved when it is back."""
        user = site.add_user("Wanda Waiting")
        path = f"/users/{user['id']}"
        page = site.administrator(path)
        expect(field(page, "Name")).to_have_value("Wanda Waiting")
        own_server.kill()
        expect(banner(page, "lost")).to_be_visible()
        field(page, "Name").fill("Wanda Patient")
        save(page)
        own_server.start()

        expect(banner(page, "lost")).to_be_hidden()
        expect(field(page, "Name")).to_have_value("Wanda Patient")
        saved = page.get_by_role("heading", name="Wanda Patient")
        for _ in range(15):
            # The click may have been lost with the connection; then the button waits for another.
            with suppress(AssertionError):
                expect(saved).to_be_visible(timeout=1000)
                break
            with suppress(NotInTime):
                page.get_by_role("button", name="Save", exact=True).click(timeout=1000)
        expect(saved).to_be_visible()
        assert site.api("GET", path).json()["display_name"] == "Wanda Patient"


class TestSession:
    """Beginning and end of a session, seen from the page."""

    def test_signs_in_before_the_socket(self, site: Site) -> None:
        """Who is faster than the console's connection still comes to where they wanted to go."""
        site.expect_complaint("WebSocket|websocket")
        page = site.visit("/")
        page.route_web_socket("**/_event/**", lambda socket: socket.close())
        page.goto("/users?q=a")
        expect(page).to_have_url(re.compile("/sign-in"))
        sign_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)

        expect(page).to_have_url(re.compile(r"/users\?q=a$"))

    @pytest.mark.parametrize("form", ["a record", "a new record"])
    def test_expires_while_typing(self, site: Site, form: str) -> None:
        """Sign in again in another tab, come back, go on: nothing typed is lost."""
        user = site.add_user("Tina Typing")
        page = site.administrator(
            "/users/new" if form == "a new record" else f"/users/{user['id']}"
        )
        email = user["email"]
        field(page, "Name").fill("Tina Typed")
        if form == "a new record":
            email = f"{uuid4().hex}@example.com"
            field(page, "E-mail").fill(email)
            page.get_by_role("radio", name=re.compile("From you")).check()
            page.get_by_label("Password", exact=True).fill("a password that is long enough")
        end_sessions(site.server)
        dialog = page.get_by_role("alertdialog", name="Your session has ended")
        expect(dialog).to_contain_text("your session had reached its end")
        expect(page.get_by_role("main")).to_be_hidden()

        with page.context.expect_page() as opened:
            dialog.get_by_role("link", name="Sign in again").click()
        sign_in(opened.value, ADMIN_EMAIL, ADMIN_PASSWORD)
        expect(opened.value.get_by_role("heading", name="Overview")).to_be_visible()
        dialog.get_by_role("button", name="Go on").click()
        expect(dialog).to_be_hidden()
        page.wait_for_timeout(500)
        if form == "a new record":
            expect(field(page, "E-mail")).to_have_value(email)
        expect(field(page, "Name")).to_have_value("Tina Typed")
        press_save(page)
        expect(page.get_by_role("heading", name="Tina Typed")).to_be_visible()
        assert len(found(site, email)) == 1

    def test_sign_out(self, site: Site) -> None:
        """Afterwards the back button shows nothing any more."""
        page = site.administrator("/users")
        expect(names(page).first).to_be_visible()
        sign_out(page)
        expect(page).to_have_url(re.compile("/sign-in$"))
        page.go_back()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_text(ADMIN_EMAIL)).to_have_count(0)

    def test_two_people_at_one_browser(self, site: Site) -> None:
        """Who signs in next in the same tab sees nothing of who was there before."""
        site.expect_refusal(403)
        guest = site.add_user("Gus Guest", roles=["guest"])
        page = site.administrator("/users")
        expect(names(page).first).to_be_visible()
        sign_out(page)
        sign_in(page, guest["email"], PASSWORD)
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        page.goto("/users")
        expect(page.get_by_text("You may not open this")).to_be_visible()
        expect(page.get_by_text(ADMIN_EMAIL)).to_have_count(0)


class TestKeyboard:
    """Everything without a mouse."""

    def test_moving_around(self, site: Site) -> None:
        """Skip link, palette, search, new, help and going to pages."""
        page = site.administrator("/")
        expect(page.get_by_role("link", name="Active users")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("#main$"))
        page.keyboard.press("Tab")
        expect(page.get_by_role("main").locator(":focus")).to_have_count(1)

        page.keyboard.press("Control+k")
        palette = page.get_by_role("dialog", name="Command palette")
        expect(palette.get_by_role("combobox")).to_be_focused()
        page.keyboard.type("users")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Users")).to_be_visible()
        expect(palette).to_be_hidden()

        page.keyboard.press("/")
        search = page.get_by_role("searchbox")
        expect(search).to_be_focused()
        page.keyboard.type("administrator n")
        expect(page).to_have_url(re.compile(r"q=administrator\+n"))
        page.keyboard.press("Escape")
        expect(search).to_have_value("")
        expect(page).to_have_url(re.compile("/users$"))

        page.keyboard.press("Escape")
        page.locator("h1").click()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
        page.keyboard.press("n")
        expect(field(page, "Name")).to_be_focused()
        page.keyboard.type("ga")
        expect(field(page, "Name")).to_have_value("ga")
        page.keyboard.press("Backspace")
        page.keyboard.press("Backspace")
        page.locator("h1").click()
        page.keyboard.press("g")
        page.keyboard.press("a")
        expect(page.get_by_role("heading", name="Audit")).to_be_visible()

    def test_in_a_list(self, site: Site) -> None:
        """Rows are walked, selected and opened."""
        user = site.add_user("Kim Keyboard")
        page = site.administrator(f"/users?q={user['email']}")
        expect(names(page)).to_have_count(1)
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(page.get_by_role("region", name="Selected rows")).to_contain_text("1 selected")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Kim Keyboard")).to_be_visible()

    def test_in_a_dialog(self, site: Site) -> None:
        """The focus goes in, stays in, and comes back to where it was."""
        user = site.add_user("Dina Dialog")
        page = site.administrator(f"/users/{user['id']}")
        expect(field(page, "Name")).to_have_value("Dina Dialog")
        more = page.get_by_role("button", name="More actions")
        more.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("menuitem", name="Reset password…")).to_be_focused()
        page.keyboard.press("End")
        expect(page.get_by_role("menuitem", name="Delete…")).to_be_focused()
        page.keyboard.press("Escape")
        expect(more).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("menuitem", name="Reset password…")).to_be_focused()
        page.keyboard.press("Enter")

        dialog = page.get_by_role("dialog", name="Reset password")
        expect(dialog.get_by_label("End their open sessions at once")).to_be_focused()
        for _ in range(8):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body"
                " || document.querySelector('dialog[open]').contains(document.activeElement)"
            )
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(more).to_be_focused()


class TestOwnProfile:
    """What is one's own to change."""

    def test_name_and_password(self, site: Site) -> None:
        """The name is everywhere at once; a new password ends all other sessions."""
        user = site.add_user("Petra Profile")
        other = site.visit("/profile", email=user["email"])
        page = site.visit("/profile", email=user["email"])
        field(page, "Name").fill("Petra Renamed")
        save(page)
        expect(message(page, "Saved").first).to_be_visible()
        page.get_by_role("button", name="Your account").click()
        expect(page.get_by_role("menu")).to_contain_text("Petra Renamed")
        page.keyboard.press("Escape")

        page.get_by_label("Current password").fill(PASSWORD)
        page.get_by_label("New password").fill("another sentence to remember")
        page.get_by_role("button", name="Change password").click()
        expect(message(page, "Your password is changed.")).to_be_visible()
        other.reload()
        expect(other).to_have_url(re.compile(r"/sign-in\?next=/profile&why=\w+$"))

    def test_theme(self, site: Site) -> None:
        """The choice holds at once and after a reload."""
        user = site.add_user()
        page = site.visit("/profile", email=user["email"])
        page.get_by_role("radio", name="Dark").check()
        expect(page.locator("html")).to_have_class(re.compile("dark"))
        page.reload()
        expect(page.locator("html")).to_have_class(re.compile("dark"))


class TestAudit:
    """Who did what."""

    def test_find_a_denial(self, site: Site) -> None:
        """From the list to the entry and back."""
        site.expect_refusal(403)
        guest = site.add_user("Nosy Guest", roles=["guest"])
        nosy = site.visit("/users", email=guest["email"])
        expect(nosy.get_by_text("You may not open this")).to_be_visible()
        page = site.administrator("/audit")
        page.get_by_role("button", name="Outcome").click()
        page.get_by_role("menuitemradio", name="Denied").click()
        expect(page).to_have_url(re.compile("outcome=denied"))
        row = page.locator("tbody tr").filter(has_text="Nosy Guest").first
        # At once, perhaps on the rows from before: the filter stays.
        row.get_by_role("link").first.click()
        entry = page.get_by_role("dialog")
        expect(entry).to_contain_text("user.read")
        expect(entry).to_contain_text("127.0.0.1")
        page.keyboard.press("Escape")
        expect(entry).to_be_hidden()
        expect(page).to_have_url(re.compile("outcome=denied$"))

    def test_verify_and_export(self, site: Site) -> None:
        """The trail is verified before one's eyes, and what the list shows is saved."""
        page = site.administrator("/audit?outcome=succeeded")
        page.get_by_role("button", name="Verify").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Everything is as it was written")
        expect(dialog).to_contain_text("verified.")
        dialog.get_by_role("button", name="Close").last.click()
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="More for this list").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name="Export JSON lines").click()
        with ZipFile(download.value.path()) as archive:
            lines = archive.read("entries.jsonl").decode().splitlines()
        assert {json.loads(line)["entry"]["outcome"] for line in lines} == {"succeeded"}


class TestPhone:
    """The same at 390 pixels."""

    def test_navigation(self, site: Site) -> None:
        """The sidebar is a sheet; nothing is wider than the screen."""
        page = site.administrator("/", size=PHONE)
        page.get_by_role("button", name=re.compile("navigation", re.IGNORECASE)).click()
        page.get_by_role("dialog").get_by_role("link", name="Users").click()
        expect(page.get_by_role("heading", name="Users")).to_be_visible()
        expect(page.get_by_role("dialog")).to_be_hidden()
        for path in ("/", "/users", "/users/new", "/audit", "/profile"):
            page.goto(path)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path


@pytest.mark.postgres
@pytest.mark.redis
class TestTwoWorkers:
    """The console on an installation that has grown."""

    def test_whichever_worker_answers(self, two_workers: Server, browser: Browser) -> None:
        """Every reload may meet another worker; what was done with one is known to the other."""
        site = Site(two_workers, browser)
        user = site.add_user("Wilma Workers")
        page = site.visit(f"/users/{user['id']}")
        sign_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)
        for number in range(4):
            field(page, "Name").fill(f"Wilma {number}")
            save(page)
            expect(page.get_by_role("heading", name=f"Wilma {number}")).to_be_visible()
            page.reload()
            expect(field(page, "Name")).to_have_value(f"Wilma {number}")
        site.close()

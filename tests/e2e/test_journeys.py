"""What people do with the console, from beginning to end."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import update
from sqlmodel import col

from app.core import clock
from app.features.auth.models import UserSession
from app.testing.factories import PASSWORD
from app.testing.fixtures import settings_for
from tests.e2e.conftest import PHONE, Site
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, run_apart

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


class TestCreateUser:
    """Adding somebody."""

    def test_with_errors_first(self, site: Site) -> None:
        """Errors stand at their fields, the first gets the focus, and nothing typed is lost."""
        taken = site.add_user()
        email = f"{uuid4().hex}@example.com"
        page = site.administrator("/users")
        page.get_by_role("link", name="New user").click()

        name, address = field(page, "Name"), field(page, "E-mail")
        password = page.get_by_label("Password", exact=True)
        expect(name).to_be_focused()
        name.fill("Grace Hopper")
        address.fill("grace@invalid")
        password.fill("short")
        page.get_by_label("guest").check()
        create = page.get_by_role("button", name="Create user")
        create.click()
        expect(address).to_be_focused()
        expect(address).to_have_attribute("aria-invalid", "true")
        expect(address).to_have_accessible_description(re.compile("not an e-mail address"))

        address.fill(taken["email"])
        password.fill("a password that is long enough")
        create.click()
        expect(address).to_have_accessible_description(re.compile("taken"))
        expect(address).to_be_focused()
        expect(name).to_have_value("Grace Hopper")
        expect(password).to_have_value("a password that is long enough")
        expect(page.get_by_label("guest")).to_be_checked()

        address.fill(email)
        create.click()
        expect(page.get_by_role("heading", name="Grace Hopper")).to_be_visible()
        expect(message(page, "Grace Hopper can sign in now.")).to_be_visible()
        [made] = found(site, email)
        assert made["roles"] == ["guest", "user"]
        assert made["must_change_password"] is True

    def test_twice_makes_one(self, site: Site) -> None:
        """Whoever presses the button twice gets one user and no error."""
        email = f"{uuid4().hex}@example.com"
        page = site.administrator("/users/new")
        field(page, "Name").fill("Press Twice")
        field(page, "E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill("a password that is long enough")
        page.get_by_role("button", name="Create user").dblclick()

        expect(page.get_by_role("heading", name="Press Twice")).to_be_visible()
        page.wait_for_timeout(300)
        expect(page.get_by_role("heading", name="Press Twice")).to_be_visible()
        expect(page.locator(".toast-danger")).to_have_count(0)
        assert len(found(site, email)) == 1


class TestFindUsers:
    """The list of users: its place is in the address."""

    @pytest.fixture
    def family(self, site: Site) -> str:
        """A name that thirty users share; every third of them is suspended."""
        family = f"F{uuid4().hex[:8]}"
        for number in range(30):
            user = site.add_user(f"{family} {number:02}")
            if number % 3 == 0:
                site.api("POST", f"/users/{user['id']}/suspend")
        return family

    def test_search_filter_sort_and_page(self, site: Site, family: str) -> None:
        """Everything narrows the same list, and back, forward and reload keep the place."""
        page = site.administrator("/users")
        page.get_by_role("searchbox").fill(family)
        expect(pages(page)).to_contain_text(rows(1, 30, 30))
        expect(page).to_have_url(re.compile(f"q={family}"))

        page.get_by_role("button", name="Status").click()
        page.get_by_role("menuitemradio", name="Suspended").click()
        expect(pages(page)).to_contain_text(rows(1, 10, 10))
        page.get_by_role("button", name=re.compile("Status: suspended")).click()
        expect(pages(page)).to_contain_text(rows(1, 30, 30))

        page.get_by_role("button", name="Name").click()
        expect(page.get_by_role("columnheader", name="Name")).to_have_attribute(
            "aria-sort", "ascending"
        )
        expect(names(page).first).to_have_text(f"{family} 00")
        page.get_by_role("button", name="Name").click()
        expect(names(page).first).to_have_text(f"{family} 29")
        page.get_by_role("combobox", name="Rows").select_option("25")
        expect(pages(page)).to_contain_text(rows(1, 25, 30))

        page.get_by_role("button", name="Next page").click()
        expect(pages(page)).to_contain_text(rows(26, 30, 30))
        expect(names(page)).to_have_text([f"{family} {n:02}" for n in range(4, -1, -1)])
        page.reload()
        expect(pages(page)).to_contain_text(rows(26, 30, 30))
        names(page).first.click()
        expect(page.get_by_role("heading", name=f"{family} 04")).to_be_visible()
        page.go_back()
        expect(pages(page)).to_contain_text(rows(26, 30, 30))
        expect(names(page).first).to_have_text(f"{family} 04")
        page.go_back()
        expect(names(page).first).to_have_text(f"{family} 29")
        expect(pages(page)).to_contain_text(rows(1, 25, 30))
        page.go_forward()
        expect(names(page).first).to_have_text(f"{family} 04")
        page.get_by_role("button", name="Previous page").click()
        expect(pages(page)).to_contain_text(rows(1, 25, 30))

    def test_suspend_many(self, site: Site, family: str) -> None:
        """A bulk action says what it will change before it does."""
        page = site.administrator(f"/users?q={family}&sort=display_name")
        expect(names(page)).to_have_count(30)
        boxes = page.locator("tbody input[type=checkbox]")
        boxes.nth(0).click()
        boxes.nth(3).click(modifiers=["Shift"])
        selected = page.get_by_role("region", name="Selected rows")
        expect(selected).to_contain_text("4 selected")
        selected.get_by_role("button", name="Suspend").click()

        dialog = page.get_by_role("alertdialog")
        expect(dialog).to_contain_text("2 of the selected users can no longer sign in")
        expect(dialog).to_contain_text(f"{family} 01")
        expect(dialog).to_contain_text(f"2 skipped, suspended already: {family} 03, {family} 00.")
        page.reload()
        expect(names(page)).to_have_count(30)
        expect(dialog).to_be_hidden()
        expect(selected).to_be_hidden()

        boxes.nth(1).click()
        boxes.nth(2).click()
        selected.get_by_role("button", name="Suspend").click()
        dialog.get_by_role("button", name="Suspend").click()
        expect(message(page, "Suspended 2 users.")).to_be_visible()
        expect(page.locator("tbody").get_by_text("Suspended")).to_have_count(12)

    def test_suspend_all_that_match(self, site: Site, family: str) -> None:
        """What other pages show is selected and changed as well; Escape selects nothing."""
        page = site.administrator(f"/users?q={family}&limit=10")
        expect(names(page)).to_have_count(10)
        selected = page.get_by_role("region", name="Selected rows")
        page.get_by_label("Select all on this page").click()
        expect(selected).to_contain_text("10 selected")
        page.keyboard.press("Escape")
        expect(selected).to_be_hidden()

        page.get_by_label("Select all on this page").click()
        selected.get_by_role("button", name="Select all 30 that match").click()
        expect(selected).to_contain_text("All 30 that match are selected")
        selected.get_by_role("button", name="Suspend").click()
        dialog = page.get_by_role("alertdialog")
        expect(dialog).to_contain_text("20 of the selected users can no longer sign in")
        expect(dialog).to_contain_text("and 15 more")
        expect(dialog).to_contain_text("10 skipped, suspended already")
        dialog.get_by_role("button", name="Suspend").click()

        expect(message(page, "Suspended 20 users.")).to_be_visible()
        expect(page.locator("tbody").get_by_text("Suspended")).to_have_count(10)
        assert {user["status"] for user in found(site, family)} == {"suspended"}

    def test_export(self, site: Site, family: str) -> None:
        """The file holds what the list shows, in its order, of all pages."""
        page = site.administrator(f"/users?q={family}&status=suspended&sort=-display_name&limit=5")
        expect(names(page)).to_have_count(5)
        page.get_by_role("button", name="More for this list").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name="Export CSV").click()

        lines = download.value.path().read_text("utf-8").splitlines()
        assert download.value.suggested_filename.startswith("users-")
        assert lines[0].startswith("id,display_name,email,")
        assert [line.split(",")[1] for line in lines[1:]] == [
            f"{family} {number:02}" for number in range(27, -1, -3)
        ]

    def test_columns_by_keyboard(self, site: Site, family: str) -> None:
        """Arrow keys lead through the columns; widths and order survive a reload."""
        page = site.administrator(f"/users?q={family}")
        expect(names(page).first).to_be_visible()
        opener = page.get_by_role("button", name="Columns")
        opener.press("Enter")
        expect(page.get_by_role("menuitemcheckbox", name="Name")).to_be_focused()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("menuitemcheckbox", name="Roles")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("menuitem", name="Move Roles earlier")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("columns=display_name%2Croles%2Cemail"))
        expect(page.get_by_role("menuitem", name="Move Roles earlier")).to_be_focused()
        page.keyboard.press("Escape")
        expect(opener).to_be_focused()

        edge = page.get_by_role("separator", name="Width of Roles")
        edge.focus()
        before = page.get_by_role("columnheader", name="Roles").bounding_box()
        edge.press("ArrowRight")
        expect(page).to_have_url(re.compile(r"widths=roles\.\d+"))
        page.reload()
        expect(names(page).first).to_be_visible()
        after = page.get_by_role("columnheader", name="Roles").bounding_box()
        assert before is not None
        assert after is not None
        assert round(after["width"] - before["width"]) == 16

    def test_saved_views(self, site: Site, family: str) -> None:
        """A view is saved, shared, used by somebody else, changed and deleted."""
        colleague = site.add_user(f"Colleague {family}", roles=["admin"])
        page = site.administrator(f"/users?q={family}&status=suspended&density=compact")
        expect(names(page).first).to_be_visible()
        views = page.locator(".toolbar").get_by_role(
            "button", name=re.compile("^(Views|All of|Of)")
        )
        views.click()
        page.get_by_role("menuitem", name="Save as…").click()
        dialog = page.get_by_role("dialog", name="Save view")
        dialog.get_by_role("button", name="Save view").click()
        expect(field(page, "Name")).to_be_focused()
        field(page, "Name").fill(f"Of {family}")
        dialog.get_by_label("Share with everybody").check()
        dialog.get_by_role("button", name="Save view").click()
        expect(dialog).to_be_hidden()
        expect(views).to_have_text(f"Of {family}")
        expect(page).to_have_url(re.compile("view="))

        page.get_by_role("button", name=re.compile("Status: suspended")).click()
        expect(views).to_have_text(re.compile("modified"))
        page.reload()
        expect(views).to_have_text(re.compile("modified"))
        views.click()
        page.get_by_role("menuitem", name="Update").click()
        expect(message(page, f"View Of {family} shows this from now on.")).to_be_visible()
        expect(views).to_have_text(f"Of {family}")

        theirs = site.visit("/users", email=colleague["email"])
        theirs.locator(".toolbar").get_by_role("button", name="Views").click()
        theirs.get_by_role("menuitemradio", name=re.compile(f"Of {family}.*shared")).click()
        expect(pages(theirs)).to_contain_text(rows(1, 31, 31))
        expect(theirs.locator(".table-compact")).to_be_visible()
        theirs.locator(".toolbar").get_by_role("button", name=f"Of {family}").click()
        expect(theirs.get_by_role("menuitem", name="Save as…")).to_be_visible()
        expect(theirs.get_by_role("menuitem", name="Update")).to_have_count(0)

        views.click()
        page.get_by_role("menuitem", name="Delete…").click()
        question = page.get_by_role("alertdialog")
        expect(question).to_contain_text("disappears for everybody")
        question.get_by_role("button", name="Delete view").click()
        expect(views).to_have_text("Views")
        expect(page).to_have_url(re.compile(f"q={family}&density=compact$"))

    def test_nothing_found(self, site: Site) -> None:
        """The page says which filter excludes, and one button shows everything again."""
        page = site.administrator("/users?q=nobody-is-called-so")
        expect(page.get_by_text("No user matches")).to_be_visible()
        page.get_by_role("button", name="Clear filters").last.click()
        expect(page).to_have_url(re.compile("/users$"))
        expect(names(page).first).to_be_visible()


class TestEditUser:
    """One user's record."""

    @pytest.mark.parametrize("choice", ["Save mine", "Take theirs instead"])
    def test_conflict(self, site: Site, choice: str) -> None:
        """Who saves second is told what changed and by whom, and chooses."""
        colleague = site.add_user("Cora Colleague", roles=["admin"])
        user = site.add_user("Original Name")
        path = f"/users/{user['id']}"
        mine, theirs = site.administrator(path), site.visit(path, email=colleague["email"])
        for page, name in ((mine, "My Name"), (theirs, "Their Name")):
            expect(field(page, "Name")).to_have_value("Original Name")
            field(page, "Name").fill(name)
        save(theirs)
        expect(message(theirs, "Saved.")).to_be_visible()
        save(mine)

        dialog = mine.get_by_role("dialog", name="Save anyway?").or_(
            mine.get_by_role("alertdialog", name="Save anyway?")
        )
        expect(dialog).to_contain_text("Cora Colleague saved this user while you were typing.")
        expect(dialog.get_by_role("row").last).to_have_text("NameTheir NameMy Name")
        expect(field(mine, "Name")).to_have_value("My Name")
        dialog.get_by_role("button", name=choice).click()
        expect(dialog).to_be_hidden()
        kept = "My Name" if choice == "Save mine" else "Their Name"
        expect(mine.get_by_role("heading", name=kept)).to_be_visible()
        expect(field(mine, "Name")).to_have_value(kept)
        assert site.api("GET", path).json()["display_name"] == kept

    def test_suspending_ends_sessions(self, site: Site) -> None:
        """The other person is told at their next click, and cannot sign in again."""
        site.expect_refusal(401)
        user = site.add_user("Sam Suspended")
        theirs = site.visit("/profile", email=user["email"])
        expect(theirs.get_by_role("heading", name="Profile")).to_be_visible()
        page = site.administrator(f"/users/{user['id']}")
        choose(page, "Suspend")
        expect(message(page, "Sam Suspended is suspended")).to_be_visible()
        expect(page.get_by_role("main").get_by_text("Suspended", exact=True)).to_be_visible()

        field(theirs, "Name").fill("Too Late")
        save(theirs)
        expect(theirs.get_by_role("alertdialog", name="Your session has ended")).to_be_visible()
        theirs.goto("/profile")
        sign_in(theirs, user["email"], PASSWORD)
        expect(theirs.get_by_role("alert")).to_contain_text("wrong")

        choose(page, "Reactivate")
        expect(message(page, "Sam Suspended can sign in again.")).to_be_visible()

    def test_roles(self, site: Site) -> None:
        """Roles are given and taken; the person has them at the next page."""
        user = site.add_user("Rosa Roles", roles=["guest"])
        theirs = site.visit("/users", email=user["email"])
        site.expect_refusal(403)
        expect(theirs.get_by_text("user.read")).to_be_visible()
        page = site.administrator(f"/users/{user['id']}")
        page.get_by_label("admin").check()
        page.get_by_label("guest").uncheck()
        page.get_by_role("button", name="Save roles").click()
        expect(message(page, "Roles saved.")).to_be_visible()
        page.reload()
        expect(page.get_by_label("admin")).to_be_checked()
        expect(page.get_by_label("guest")).not_to_be_checked()

        theirs.goto("/users")
        expect(names(theirs).first).to_be_visible()

    def test_delete(self, site: Site) -> None:
        """The consequences are said in numbers, and the name has to be typed."""
        user = site.add_user("Dora Deleted")
        site.sign_in(user["email"])
        page = site.administrator(f"/users/{user['id']}")
        choose(page, "Delete…")
        dialog = page.get_by_role("alertdialog", name="Delete user?")
        expect(dialog).to_contain_text("1 open session ends")
        confirm = dialog.get_by_role("button", name="Delete user")
        confirm.click()
        expect(dialog).to_be_visible()
        dialog.get_by_role("textbox").fill("Dora Deleted")
        confirm.click()

        expect(message(page, "Dora Deleted is deleted.")).to_be_visible()
        expect(page).to_have_url(re.compile("/users$"))
        assert found(site, user["email"]) == []
        page.goto(f"/users/{user['id']}")
        expect(page.get_by_text("There is nothing here")).to_be_visible()

    def test_leaving_asks(self, site: Site) -> None:
        """What was typed is not lost by a wrong click."""
        user = site.add_user("Lea Leaving")
        page = site.administrator(f"/users/{user['id']}")
        field(page, "Name").fill("Half typed")
        page.get_by_role("link", name="Audit").click()
        asked = page.get_by_role("alertdialog", name="Leave without saving?")
        asked.get_by_role("button", name="Stay").click()
        expect(field(page, "Name")).to_have_value("Half typed")
        page.get_by_role("link", name="Audit").click()
        asked.get_by_role("button", name="Leave").click()
        expect(page.get_by_role("heading", name="Audit")).to_be_visible()


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
        expect(banner(page, "lost")).to_be_visible(timeout=15_000)
        name.fill("Typed Meanwhile")
        own_server.start()

        expect(banner(page, "lost")).to_be_hidden(timeout=15_000)
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
        page.get_by_label("Password", exact=True).fill("a password that is long enough")
        own_server.kill()
        expect(banner(page, "lost")).to_be_visible(timeout=15_000)
        own_server.start()

        expect(banner(page, "lost")).to_be_hidden(timeout=15_000)
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
        expect(banner(page, "lost")).to_be_visible(timeout=15_000)
        field(page, "Name").fill("Wanda Patient")
        save(page)
        own_server.start()

        expect(banner(page, "lost")).to_be_hidden(timeout=15_000)
        expect(field(page, "Name")).to_have_value("Wanda Patient")
        if page.get_by_role("button", name="Save", exact=True).is_visible():
            save(page)
        expect(page.get_by_role("heading", name="Wanda Patient")).to_be_visible()
        assert site.api("GET", path).json()["display_name"] == "Wanda Patient"


class TestSession:
    """Beginning and end of a session, seen from the page."""

    @pytest.mark.parametrize("form", ["a record", "a new record"])
    def test_expires_while_typing(self, site: Site, form: str) -> None:
        """Sign in again in another tab, come back, go on: nothing typed is lost."""
        user = site.add_user("Tina Typing")
        page = site.administrator(
            "/users/new" if form == "a new record" else f"/users/{user['id']}"
        )
        email = f"{uuid4().hex}@example.com"
        field(page, "Name").fill("Tina Typed")
        field(page, "E-mail").fill(email)
        if form == "a new record":
            page.get_by_label("Password", exact=True).fill("a password that is long enough")
        end_sessions(site.server)
        press_save(page)
        dialog = page.get_by_role("alertdialog", name="Your session has ended")
        expect(dialog).to_be_visible()
        expect(field(page, "Name")).to_have_value("Tina Typed")

        with page.context.expect_page() as opened:
            dialog.get_by_role("link", name="Sign in again").click()
        sign_in(opened.value, ADMIN_EMAIL, ADMIN_PASSWORD)
        expect(opened.value.get_by_role("heading", name="Overview")).to_be_visible()
        dialog.get_by_role("button", name="Go on").click()
        expect(dialog).to_be_hidden()
        page.wait_for_timeout(500)
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
        expect(page.get_by_role("menuitem", name="Set password")).to_be_focused()
        page.keyboard.press("End")
        expect(page.get_by_role("menuitem", name="Delete…")).to_be_focused()
        page.keyboard.press("Escape")
        expect(more).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("menuitem", name="Set password")).to_be_focused()
        page.keyboard.press("Enter")

        dialog = page.get_by_role("dialog", name="Set password")
        expect(dialog.get_by_label("New password")).to_be_focused()
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
        expect(other).to_have_url(re.compile(r"/sign-in\?next=/profile$"))

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


# What the journeys are made of.


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

"""Finding, creating and editing users, from beginning to end."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from app.testing.factories import PASSWORD
from tests.e2e.conftest import Site
from tests.e2e.steps import chip, choose, field, found, message, names, pages, rows, save, sign_in

pytestmark = pytest.mark.e2e


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
        page.get_by_role("radio", name=re.compile("From you")).check()
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
        page.get_by_role("radio", name=re.compile("From you")).check()
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

    def test_asks_the_server_once(self, site: Site, family: str) -> None:
        """The way to a filter, an order, a page and a view is known in the browser."""
        page = site.administrator("/users")
        sent: list[str] = []
        page.on("websocket", lambda ws: ws.on("framesent", lambda data: sent.append(str(data))))
        page.goto(f"{page.url}?q={family}&limit=25")
        expect(pages(page)).to_contain_text(rows(1, 25, 30))

        def events() -> list[str]:
            """The names of what was sent since it was asked last."""
            page.wait_for_timeout(100)
            found = [
                re.findall(r'"name":"[^"]*\.(\w+)"', each) for each in sent if each[:2] == "42"
            ]
            sent.clear()
            return [name for names in found for name in names]

        events()
        page.get_by_role("button", name="Next page").click()
        expect(pages(page)).to_contain_text(rows(26, 30, 30))
        assert events() == ["on_load_internal"]
        page.get_by_role("button", name="Status").click()
        page.get_by_role("menuitemradio", name="Suspended").click()
        expect(pages(page)).to_contain_text(rows(1, 10, 10))
        assert events() == ["on_load_internal"]
        page.get_by_role("button", name="Name", exact=True).click()
        expect(names(page).first).to_have_text(f"{family} 00")
        assert events() == ["on_load_internal"]
        page.get_by_role("button", name="Views").click()
        page.get_by_role("menuitemradio", name="All").click()
        expect(page.get_by_role("searchbox")).to_have_value("")
        assert events() == ["on_load_internal"]

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

    def test_roles_of_many(self, site: Site) -> None:
        """Those who never signed in are found, get a role together, and lose it by one Undo."""
        name = f"Rolf{uuid4().hex[:6]}"
        for number in range(3):
            site.add_user(f"{name} {number}")
        page = site.administrator(f"/users?q={name}")
        page.get_by_role("button", name="Sign-in", exact=True).click()
        page.get_by_role("menuitemradio", name="Never signed in").click()
        expect(chip(page, "Remove filter Sign-in: Never signed in")).to_be_visible()
        expect(pages(page)).to_contain_text(rows(1, 3, 3))
        page.get_by_role("checkbox", name="Select all on this page").click()
        bar = page.get_by_role("region", name="Selected rows")
        bar.get_by_role("button", name="Roles").click()
        page.get_by_role("menuitem", name="Give a role…").click()
        dialog = page.get_by_role("dialog", name="Give a role")
        dialog.get_by_label("Role").select_option("guest")
        dialog.get_by_role("button", name="Go on").click()
        preview = page.get_by_role("alertdialog", name="Give the role guest?")
        preview.get_by_role("button", name="Give").click()
        expect(message(page, "Gave the role to 3 users.")).to_be_visible()
        expect(page.get_by_role("cell", name="guest, user")).to_have_count(3)
        page.locator(".toast").get_by_role("button", name="Undo").click()
        expect(page.get_by_role("cell", name="guest, user")).to_have_count(0)
        page.get_by_role("button", name="Role", exact=True).click()
        page.get_by_role("option", name="No role").click()
        page.keyboard.press("Escape")
        expect(chip(page, "Remove filter Role: none")).to_be_visible()

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
        page.locator(".toast").get_by_role("button", name="Undo").click()
        expect(message(page, "2 taken back.")).to_be_visible()
        expect(page.locator("tbody").get_by_text("Suspended")).to_have_count(10)
        boxes.nth(1).click()
        selected.get_by_role("button", name="Reactivate").click()
        expect(dialog).to_contain_text("There is nobody to change.")
        expect(dialog.get_by_role("button")).to_have_text(["Close"])
        dialog.get_by_role("button", name="Close").click()

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

    def test_focus_stays(self, site: Site) -> None:
        """Who saves by keyboard goes on where they were, although the form is drawn anew."""
        page = site.administrator(f"/users/{site.add_user()['id']}")
        name = field(page, "Name")
        name.fill("Kay Board")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("heading", name="Kay Board")).to_be_visible()
        expect(name).to_be_focused()
        name.fill("Mo Use")
        save(page)
        expect(page.get_by_role("heading", name="Mo Use")).to_be_visible()
        expect(page.get_by_role("form", name="Details")).to_be_focused()

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
        """The other person is told at once, and cannot sign in again."""
        site.expect_refusal(401)
        user = site.add_user("Sam Suspended")
        theirs = site.visit("/profile", email=user["email"])
        expect(theirs.get_by_role("heading", name="Profile")).to_be_visible()
        field(theirs, "Name").fill("Too Late")
        page = site.administrator(f"/users/{user['id']}")
        choose(page, "Suspend")
        expect(message(page, "Sam Suspended is suspended")).to_be_visible()
        expect(page.get_by_role("main").get_by_text("Suspended", exact=True)).to_be_visible()

        ended = theirs.get_by_role("alertdialog", name="Your session has ended")
        expect(ended).to_contain_text("Your account is suspended.")
        theirs.goto("/profile")
        expect(theirs.get_by_text("Your account is suspended.")).to_be_visible()
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

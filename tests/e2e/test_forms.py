"""What is typed is not lost: by another form, another person, a lost server, a click on a link."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.bootstrap import build_registry
from app.testing.factories import PASSWORD
from tests.e2e.conftest import PHONE, Site
from tests.e2e.steps import banner, choose, field, message, save
from tests.fixtures.server import Server

pytestmark = pytest.mark.e2e

LOST = "ERR_CONNECTION_REFUSED|WebSocket|websocket|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET"

ONLY_ASK = {"Question", "Permission"}
"""Forms that only ask a question: nothing is lost with what is typed there."""

TYPE = """() => {
  const typed = [];
  for (const form of document.querySelectorAll("main form:not([action])")) {
    const editable = [...form.elements].filter((field) => field.name && !field.readOnly
      && field.getClientRects().length && field.dataset.unsaved !== "ignore");
    const text = editable.find((field) => ["text", "email", "textarea"].includes(field.type));
    const box = editable.find((field) => field.type === "checkbox");
    if (text) {
      const set = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(text), "value").set;
      set.call(text, "Typed Meanwhile");
      text.dispatchEvent(new Event("input", { bubbles: true }));
      typed.push([form.ariaLabel, text.name, "Typed Meanwhile"].join());
    } else if (box) {
      box.click();
      typed.push([form.ariaLabel, box.name + box.value, box.checked].join());
    }
  }
  return typed;
}"""
"""Types something into each form, and returns what, as `READ` finds it."""

READ = """(wanted) => {
  const found = [];
  for (const form of document.querySelectorAll("main form:not([action])")) {
    for (const { type, name, value, checked } of form.elements) {
      const what = type === "checkbox" ? [name + value, checked] : [name, value];
      found.push([form.ariaLabel, ...what].join());
    }
  }
  return wanted.every((each) => found.includes(each));
}"""


def leaving(page: Page) -> None:
    """Click on a link of the sidebar, or of the sheet that it is on a phone."""
    page.get_by_role("link", name="Overview", exact=True).first.click()


def test_all_pages(site: Site, own_server: Server) -> None:
    """On every page with forms what is typed survives the server, and leaving asks."""
    site.expect_complaint(LOST)
    user, [role, *_] = site.add_user("Rita Record"), site.api("GET", "/roles").json()["items"]
    ids = {"[user_id]": user["id"], "[role_id]": role["id"]}
    first = site.administrator("/")
    pages: dict[str, tuple[Page, list[str]]] = {}
    for spec in build_registry().pages:
        # What is drawn from descriptions has the same form, in tests/e2e/test_resources.py.
        if not spec.framed or spec.permission_at is not None:
            continue
        path = re.sub(r"\[\w+\]", lambda match: str(ids[match[0]]), spec.route)
        page = site.new_tab(first.context)
        page.goto(path)
        expect(page.locator("h1").first).not_to_have_text("…")
        page.wait_for_load_state("networkidle")
        typed = page.evaluate(TYPE)
        if typed:
            pages[path] = (page, typed)
        else:
            page.close()
    assert len(pages) > 5
    own_server.kill()
    own_server.start()

    for path, (page, typed) in pages.items():
        expect(banner(page, "lost")).to_be_hidden()
        page.wait_for_function(READ, arg=typed)
        leaving(page)
        if all(each.partition(",")[0] in ONLY_ASK for each in typed):
            expect(page.get_by_role("heading", name="Overview")).to_be_visible()
            continue
        question = page.get_by_role("alertdialog", name="Leave without saving?")
        expect(question, path).to_be_visible()
        expect(question.get_by_role("button", name="Stay"), path).to_be_focused()
        question.get_by_role("button", name="Stay").click()
        expect(page).to_have_url(re.compile(re.escape(path) + "$"))


class TestTwoForms:
    """A user's page has two: the name and the roles."""

    def test_each_keeps_its_own(self, site: Site) -> None:
        """Saving one, an action of the menu and somebody else's change leave the other alone."""
        user = site.add_user("Tom Two", roles=["user"])
        address = f"/users/{user['id']}"
        page = site.administrator(address)
        name, guest = field(page, "Name"), page.get_by_role("checkbox", name="guest")
        name.fill("Tom Both")
        guest.check()
        save(page)
        expect(page.get_by_role("heading", name="Tom Both")).to_be_visible()
        expect(guest).to_be_checked()
        expect(page.get_by_role("button", name="Save roles")).to_be_visible()

        name.fill("Tom Suspended")
        choose(page, "Suspend")
        expect(message(page, "is suspended")).to_be_visible()
        expect(name).to_have_value("Tom Suspended")
        expect(guest).to_be_checked()
        choose(page, "Reactivate")
        expect(message(page, "can sign in again")).to_be_visible()
        expect(name).to_have_value("Tom Suspended")
        expect(guest).to_be_checked()

        # Somebody else renames them: saving the roles shows nothing of it, saving the name asks.
        site.api("PATCH", address, json={"display_name": "Tom Theirs"})
        page.get_by_role("button", name="Save roles").click()
        expect(message(page, "Roles saved.")).to_be_visible()
        assert sorted(site.api("GET", address).json()["roles"]) == ["guest", "user"]
        expect(name).to_have_value("Tom Suspended")
        admin = page.get_by_role("checkbox", name="admin")
        admin.check()
        save(page)
        question = page.get_by_role("alertdialog", name="Save anyway?")
        expect(question).to_contain_text("Tom Theirs")
        question.get_by_role("button", name="Take theirs instead").click()
        expect(name).to_have_value("Tom Theirs")
        expect(page.get_by_role("button", name="Save", exact=True)).to_be_hidden()
        expect(admin).to_be_checked()

    def test_by_keyboard(self, site: Site) -> None:
        """Ctrl with S saves all that was changed; the focus stays, nothing on the page moves."""
        user = site.add_user("Kai Keys", roles=["user"])
        address = f"/users/{user['id']}"
        page = site.administrator(address)
        name, guest = field(page, "Name"), page.get_by_role("checkbox", name="guest")
        height = "document.documentElement.scrollHeight"
        expect(name).to_have_value("Kai Keys")
        before = page.evaluate(height)
        guest.check()
        name.fill("Kai Kept")
        assert page.evaluate(height) == before
        page.keyboard.press("Control+s")
        expect(page.get_by_role("heading", name="Kai Kept")).to_be_visible()
        expect(message(page, "Roles saved.")).to_be_visible()
        expect(name).to_be_focused()
        saved = site.api("GET", address).json()
        assert (saved["display_name"], sorted(saved["roles"])) == ("Kai Kept", ["guest", "user"])

        name.press("End")
        page.keyboard.type("!")
        page.get_by_role("button", name="Save", exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Kai Kept!")).to_be_visible()
        expect(page.get_by_role("button", name="Save", exact=True)).to_be_hidden()
        expect(name).to_be_focused()
        # Nothing is changed: the browser does not ask where to save the page either.
        page.evaluate(
            "addEventListener('keydown', (event) => { window.wasOurs = event.defaultPrevented; })"
        )
        page.keyboard.press("Control+s")
        assert page.evaluate("window.wasOurs") is True


class TestLostServer:
    """The server goes away between *Save* and the answer."""

    @pytest.fixture(autouse=True)
    def _unreachable(self, site: Site) -> None:
        site.expect_complaint(LOST)
        site.expect_complaint("Error loading route module|Failed to fetch dynamically")

    def test_leaving_asks_and_staying_saves(self, site: Site, own_server: Server) -> None:
        """Who stays has saved when the server is back, and then goes where they wanted to go."""
        user = site.add_user("Wilma Waits")
        page = site.administrator(f"/users/{user['id']}")
        field(page, "Name").fill("Wilma Saved")
        own_server.kill()
        save(page)
        leaving(page)
        question = page.get_by_role("alertdialog", name="Leave before it is saved?")
        expect(question).to_contain_text("saved as soon as it is back")
        question.get_by_role("button", name="Stay").click()
        own_server.start()

        expect(page.get_by_role("heading", name="Wilma Saved")).to_be_visible()
        assert site.api("GET", f"/users/{user['id']}").json()["display_name"] == "Wilma Saved"
        leaving(page)
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    def test_leaving_all_the_same(self, site: Site, own_server: Server) -> None:
        """It is not saved, says so, and never touches another record."""
        user, other = site.add_user("Lea Left"), site.add_user("Olga Other")
        page = site.administrator(f"/users/{other['id']}")
        expect(field(page, "Name")).to_have_value("Olga Other")
        page.get_by_role("link", name="Users", exact=True).first.click()
        page.goto(f"/users/{user['id']}")
        field(page, "Name").fill("Lea Lost")
        own_server.kill()
        save(page)
        leaving(page)
        page.get_by_role("alertdialog").get_by_role("button", name="Leave").click()
        expect(page.get_by_text("The server is out of reach").first).to_be_visible()
        own_server.start()

        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        expect(page.get_by_text("There is no such user")).to_have_count(0)
        assert site.api("GET", f"/users/{user['id']}").json()["display_name"] == "Lea Left"

    def test_page_that_is_not_loaded_yet(self, site: Site, own_server: Server) -> None:
        """Clicked or typed into the address, it is ours that waits, and comes by itself."""
        page = site.administrator("/users", size=PHONE)
        expect(page.locator("tbody").get_by_role("link").first).to_be_visible()
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        own_server.kill()
        expect(banner(page, "lost")).to_be_visible()
        page.locator("tbody").get_by_role("link").first.click()
        waiting = page.get_by_text("The server is out of reach").first
        expect(waiting).to_be_visible()
        own_server.start()
        expect(page).to_have_url(re.compile("/users/[0-9a-f-]{36}$"))
        expect(field(page, "Name")).to_be_visible()

        own_server.kill()
        page.goto("/roles")
        expect(page.get_by_role("heading", name="The server is out of reach")).to_be_visible()
        own_server.start()
        expect(page.get_by_role("heading", name="Roles", exact=True)).to_be_visible()


class TestSignedOut:
    """A session ends while its tab is open."""

    @pytest.mark.parametrize("how", ["ended", "suspended"])
    def test_idle_tab(self, site: Site, how: str) -> None:
        """The tab shows no data any more, and the sign-in says why and leads back."""
        user = site.add_user("Ida Idle", roles=["admin"])
        page = site.visit("/roles", email=user["email"])
        expect(page.locator("tbody").get_by_role("link").first).to_be_visible()
        if how == "ended":
            site.api("DELETE", f"/users/{user['id']}/sessions")
        else:
            site.api("POST", f"/users/{user['id']}/suspend")
        words = {"ended": "An administrator ended", "suspended": "Your account is suspended"}
        expect(page.get_by_text(words[how])).to_be_visible()
        expect(page).to_have_url(re.compile(r"/sign-in\?next="))
        expect(page.locator("tbody")).to_have_count(0)
        if how == "ended":
            field(page, "E-mail").fill(user["email"])
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", name="Roles", exact=True)).to_be_visible()

    def test_with_something_typed(self, site: Site) -> None:
        """The page is hidden, but what was typed waits for its person."""
        user = site.add_user("Theo Typed", roles=["admin"])
        page = site.visit("/users/new", email=user["email"])
        field(page, "Name").fill("Not Lost")
        site.api("DELETE", f"/users/{user['id']}/sessions")
        dialog = page.get_by_role("alertdialog", name="Your session has ended")
        expect(dialog).to_contain_text("An administrator ended your session.")
        expect(page.locator("main")).to_be_hidden()
        site.expect_complaint("WebSocket|websocket")
        again = site.new_tab(page.context)
        again.goto("/sign-in")
        field(again, "E-mail").fill(user["email"])
        again.get_by_label("Password", exact=True).fill(PASSWORD)
        again.get_by_role("button", name="Sign in").click()
        expect(again.get_by_role("heading", name="Overview")).to_be_visible()
        dialog.get_by_role("button", name="Go on").click()
        expect(field(page, "Name")).to_be_visible()
        expect(field(page, "Name")).to_have_value("Not Lost")

"""The audit trail in a browser: finding, watching, reading and taking back."""

import re
import time
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, Site

pytestmark = pytest.mark.e2e


def pick(page: Page, label: str, typed: str) -> None:
    """Choose in a filter, without a mouse."""
    page.get_by_role("button", name=label, exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label(f"Search: {label}")).to_be_focused()
    page.keyboard.type(typed)
    listed = page.get_by_role("listbox", name=label).get_by_role("option")
    expect(listed.filter(has_text=re.compile(typed, re.IGNORECASE))).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")


def rows(page: Page) -> list[str]:
    """The rows as text."""
    return page.locator("[data-row]").all_inner_texts()


class TestFinding:
    """Filters of the list."""

    def test_by_person_and_action(self, site: Site) -> None:
        """By keyboard; the address keeps it, the export follows it, a chip takes it away."""
        name = f"Finder {uuid4().hex[:8]}"
        user = site.add_user(name)
        site.visit("/", email=user["email"])
        page = site.administrator("/audit")
        pick(page, "Who", name)
        expect(page).to_have_url(re.compile(f"actor_id={user['id']}"))
        pick(page, "Action", "auth.sign_in")
        expect(page).to_have_url(re.compile("action=auth.sign_in"))
        page.keyboard.press("Escape")
        filters = page.get_by_role("group", name="Filters in force")
        expect(filters).to_contain_text(f"Who{name}")
        expect(filters).to_contain_text("ActionSigned in")
        expect(page.locator("[data-row]")).to_have_count(1)

        page.reload()
        expect(filters).to_contain_text(f"Who{name}")
        expect(page.locator("[data-row]")).to_have_count(1)
        page.get_by_role("button", name="More for this list").click()
        export = page.get_by_role("menuitem", name="Export CSV").get_attribute("href") or ""
        assert user["id"] in export
        assert "auth.sign_in" in export
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Remove filter Action").click()
        expect(page).not_to_have_url(re.compile("auth.sign_in"))

    def test_by_words_and_days(self, site: Site) -> None:
        """Who is called so, on which days; the wrong way round is said."""
        # Names are found as soon as the entry is sealed.
        while not site.api("GET", "/audit?outcome=succeeded&text=administrator").json()["items"]:
            time.sleep(0.2)
        page = site.administrator("/audit?outcome=succeeded")
        page.keyboard.press("/")
        page.keyboard.type("administrator")
        expect(page).to_have_url(re.compile("q=administrator"))
        expect(page.locator("[data-row]").first).to_contain_text("Administrator")
        page.get_by_role("button", name="When").first.click()
        page.get_by_role("menuitem", name="Choose days…").click()
        dialog = page.get_by_role("dialog", name="Choose days")
        dialog.get_by_label("First day").fill("2026-01-31")
        dialog.get_by_label("Last day").fill("2026-01-01")
        dialog.get_by_role("button", name="Show these days").click()
        expect(dialog).to_contain_text("This is before the first day.")
        dialog.get_by_label("Last day").fill("2026-02-01")
        dialog.get_by_role("button", name="Show these days").click()
        expect(page).to_have_url(re.compile("since=2026-01-31&until=2026-02-01"))
        expect(dialog).to_be_hidden()

    def test_saved_view(self, site: Site) -> None:
        """What was found once is found again by its name."""
        name = f"Refusals {uuid4().hex[:6]}"
        page = site.administrator("/audit?outcome=denied&access_only=true")
        page.get_by_role("button", name="Views").click()
        page.get_by_role("menuitem", name="Save as…").click()
        page.get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_role("button", name=name)).to_be_visible()
        page.goto("/audit")
        page.get_by_role("button", name="Views").click()
        page.get_by_role("menuitemradio", name=name).click()
        expect(page).to_have_url(re.compile("outcome=denied&access_only=true"))
        only = "Remove filter Only: changes to permissions"
        expect(page.get_by_role("button", name=only)).to_be_visible()

    def test_on_a_phone(self, site: Site) -> None:
        """The filters stand behind one button."""
        page = site.administrator("/audit", size=PHONE)
        expect(page.get_by_role("button", name="Outcome")).to_be_hidden()
        page.get_by_role("button", name="Filters").click()
        page.get_by_role("button", name="Outcome").click()
        page.get_by_role("menuitemradio", name="Succeeded").click()
        expect(page).to_have_url(re.compile("outcome=succeeded"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


class TestWatching:
    """What happens while one looks, and the charts."""

    def test_news(self, site: Site) -> None:
        """They are announced, nothing moves, and a click shows them."""
        page = site.administrator("/audit?action=user.create&outcome=succeeded")
        expect(page.locator("[data-row]").first).to_be_visible()
        before = rows(page)
        user = site.add_user()
        page.mouse.move(300, 300)
        news = page.get_by_role("button", name="1 new entry")
        expect(news).to_be_visible()
        assert rows(page)[0].split("\n")[0] == before[0].split("\n")[0]
        news.click()
        expect(page.locator("[data-row]").first).to_contain_text(user["email"])
        expect(news).to_be_hidden()

    def test_charts(self, site: Site) -> None:
        """By keyboard to what was refused; by a click to one action; folded they stay folded."""
        site.expect_refusal(403)
        guest = site.add_user(roles=["guest"])
        nosy = site.visit("/users", email=guest["email"])
        expect(nosy.get_by_text("You may not open this")).to_be_visible()
        page = site.administrator(f"/audit?actor_id={guest['id']}")
        chart = page.get_by_role("listbox", name="Entries over time")
        expect(page.get_by_role("table", name="Entries over time")).to_contain_text("Denied")
        chart.focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowDown")
        expect(page.locator(".histogram-pointed")).to_contain_text("1 denied")
        page.keyboard.press("Enter")
        expect(page).to_have_url(
            re.compile(r"since=20.*until=20.*outcome=denied|outcome=denied.*since")
        )
        expect(page.locator("[data-row]")).to_have_count(1)

        page.goto(f"/audit?actor_id={guest['id']}")
        frequent = page.get_by_role("list", name="Most frequent actions")
        frequent.get_by_role("button", name="Signed in").click()
        expect(page).to_have_url(re.compile("action=auth.sign_in"))

        page.get_by_role("button", name="Activity", exact=True).click()
        expect(chart).to_be_hidden()
        page.reload()
        expect(page.locator("[data-row]").first).to_be_visible()
        expect(chart).to_be_hidden()


LATE_CLOSE = """
    let held = false;
    addEventListener("close", (event) => {
        if (held || !(event.target instanceof HTMLDialogElement)) return;
        event.stopImmediatePropagation();
        setTimeout(() => {
            held = true;
            event.target.dispatchEvent(new Event("close"));
            held = false;
        }, 500);
    }, true);
"""
"""A browser so busy that it tells late of a dialog's end."""


class TestReading:
    """One entry."""

    def test_opened_again_at_once(self, site: Site) -> None:
        """The end of the first look does not end the second."""
        site.add_user()
        page = site.administrator("/")
        page.add_init_script(LATE_CLOSE)
        page.goto("/audit?action=user.create")
        entry = page.get_by_role("dialog", name="Audit entry")
        for _ in range(2):
            page.locator("tbody a").first.click()
            expect(entry).to_be_visible()
            page.keyboard.press("Escape")
            expect(entry).to_be_hidden()
        page.locator("tbody a").first.click()
        expect(entry).to_be_visible()
        page.wait_for_timeout(700)
        expect(entry).to_be_visible()

    def test_goes_on_by_keys(self, site: Site) -> None:
        """To the entry below and back, as in the list; Back leads out at once."""
        site.add_user()
        site.add_user()
        page = site.administrator("/")
        page.goto("/audit?action=user.create")
        page.locator("tbody a").first.click()
        entry = page.get_by_role("dialog", name="Audit entry")
        expect(entry).to_be_visible()
        first = page.url
        page.keyboard.press("j")
        expect(page).not_to_have_url(first)
        expect(entry.get_by_role("link", name="Newer")).to_be_visible()
        page.keyboard.press("k")
        expect(page).to_have_url(first)
        expect(entry.get_by_role("button", name="Newer")).to_be_disabled()
        page.go_back()
        expect(entry).to_be_hidden()
        expect(page).to_have_url(re.compile("action=user.create$"))

    def test_a_refusal_is_explained(self, site: Site) -> None:
        """From the entry to the page that says why."""
        site.expect_refusal(403)
        guest = site.add_user("Why Guest", roles=["guest"])
        nosy = site.visit("/users", email=guest["email"])
        expect(nosy.get_by_text("You may not open this")).to_be_visible()
        page = site.administrator(f"/audit?outcome=denied&actor_id={guest['id']}")
        page.locator("tbody a").first.click()
        page.get_by_role("dialog").get_by_role("link", name="Why?").click()
        expect(page).to_have_url(re.compile("/access/explain"))
        expect(page.get_by_role("main")).to_contain_text("user.read")

    def test_tells_lists_and_requests(self, site: Site) -> None:
        """What was added to a list; what else the same request did; and back."""
        user = site.add_user(roles=["user"])
        page = site.administrator(f"/users/{user['id']}")
        page.get_by_label("guest").check()
        page.get_by_role("button", name="Save roles").click()
        expect(page.get_by_text("Roles saved.").first).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Taken back.").first).to_be_visible()
        page.goto(f"/audit?action=audit.undo&target_id={user['id']}")
        page.locator("tbody a").first.click()
        entry = page.get_by_role("dialog", name="Audit entry")
        expect(entry.get_by_role("heading", name="In the same request")).to_be_visible()
        entry.get_by_role("link", name="Changed the roles of").click()
        expect(entry.locator("del")).to_have_text(
            re.compile(r"^guest \(given by Administrator, \d{4}-\d\d-\d\d\)$")
        )
        expect(entry).to_contain_text("1 entry unchanged")


class TestUndo:
    """Taking back."""

    def test_beside_the_entry(self, site: Site) -> None:
        """It says what would be put back; and who stands in the way, with the way there."""
        user = site.add_user("First")
        for name in ("Second", "Third"):
            site.api("PATCH", f"/users/{user['id']}", json={"display_name": name})
        page = site.administrator(f"/audit?action=user.update&target_id={user['id']}&sort=at")
        page.locator("[data-row] a").first.click()
        entry = page.get_by_role("dialog", name="Audit entry")
        expect(entry).to_contain_text("This is put back")
        entry.get_by_role("button", name="Take this back").click()
        expect(entry).to_contain_text("Administrator changed this since")
        entry.get_by_role("link", name="Administrator, ").click()
        expect(entry.locator("ins")).to_have_text("Third")
        entry.get_by_role("button", name="Take this back").click()
        expect(page.get_by_text("Taken back.").first).to_be_visible()
        assert site.api("GET", f"/users/{user['id']}").json()["display_name"] == "Second"

    def test_without_letters(self, site: Site) -> None:
        """Where letters are turned off, the message names no key, and none does anything."""
        page = site.administrator("/")
        page.add_init_script("localStorage.setItem('atrium.letters', 'off')")
        page.goto(f"/users/{site.add_user()['id']}")
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name="Suspend").click()
        expect(page.get_by_role("button", name="Undo")).to_be_visible()
        page.keyboard.press("z")
        expect(page.get_by_role("status").filter(has_text="suspended")).not_to_contain_text("key")
        expect(page.locator("main").get_by_text("Suspended", exact=True)).to_be_visible()

    def test_from_the_message(self, site: Site) -> None:
        """By the key that the message names; the page shows what is true again."""
        user = site.add_user()
        page = site.administrator(f"/users/{user['id']}")
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name="Suspend").click()
        expect(page.get_by_role("button", name="Undo")).to_be_visible()
        expect(page.locator("main").get_by_text("Suspended", exact=True)).to_be_visible()
        page.keyboard.press("z")
        expect(page.get_by_text("Taken back.").first).to_be_visible()
        expect(page.locator("main").get_by_text("Active", exact=True)).to_be_visible()
        assert site.api("GET", f"/users/{user['id']}").json()["status"] == "active"
        expect(page.get_by_role("button", name="Undo")).to_be_hidden()

    def test_says_who_was_there_in_between(self, site: Site) -> None:
        """Nothing is overwritten."""
        user = site.add_user("Before")
        page = site.administrator(f"/users/{user['id']}")
        page.get_by_label("Name").fill("After")
        page.get_by_role("button", name="Save", exact=True).click()
        undo = page.get_by_role("button", name="Undo")
        expect(undo).to_be_visible()
        site.api("PATCH", f"/users/{user['id']}", json={"display_name": "Later"})
        undo.click()
        expect(page.get_by_text("Administrator changed this since").first).to_be_visible()
        assert site.api("GET", f"/users/{user['id']}").json()["display_name"] == "Later"

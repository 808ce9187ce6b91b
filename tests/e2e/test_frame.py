"""What surrounds every page: palette, messages, sessions, and what is gone."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from app.testing.factories import PASSWORD
from tests.e2e.conftest import PHONE, Site

pytestmark = pytest.mark.e2e

WIDE = (1920, 1080)


class TestPalette:
    """Actions by name."""

    def test_changes_the_theme_and_signs_out(self, site: Site) -> None:
        """What the menus do, without them; the key is called as on this machine."""
        page = site.administrator("/")
        expect(page.get_by_role("button", name="Search everything")).to_contain_text("Ctrl K")
        run(page, "dark theme")
        expect(page.locator("html")).to_have_class(re.compile("dark"))
        run(page, "keyboard help")
        expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
        page.keyboard.press("Escape")
        run(page, "sign out")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    def test_change_password(self, site: Site) -> None:
        """The focus is where typing begins."""
        page = site.visit("/", email=site.add_user()["email"])
        run(page, "change password")
        expect(page.get_by_label("Current password")).to_be_focused()

    def test_opens_though_it_was_asked_before_it_could(self, site: Site) -> None:
        """The page is drawn before its scripts are there; the key is not lost on it."""
        page = site.administrator("/")
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route(re.compile(r"/assets/.*\.js"), hold)
        page.reload(wait_until="commit")
        expect(page.get_by_role("button", name="Search everything")).to_be_visible()
        page.wait_for_timeout(200)
        page.keyboard.press("Control+k")
        page.route(re.compile(r"/assets/.*\.js"), lambda route: route.continue_())
        for route in held:
            route.continue_()
        expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()

    def test_acts_on_the_open_record(self, site: Site) -> None:
        """A record adds what can be done with it, as it stands now."""
        user = site.add_user("Pia Palette")
        page = site.administrator(f"/users/{user['id']}")
        expect(page.get_by_role("heading", name="Pia Palette")).to_be_visible()
        run(page, "suspend")
        expect(page.get_by_role("main").get_by_text("Suspended", exact=True)).to_be_visible()
        run(page, "reactivate")
        expect(page.get_by_role("main").get_by_text("Active", exact=True)).to_be_visible()

    def test_offers_only_what_one_may(self, site: Site) -> None:
        """Neither the palette nor the keyboard nor its help leads where one may not go."""
        page = site.visit("/", email=site.add_user(roles=["guest"])["email"])
        expect(page.get_by_text("Your recent activity")).to_be_visible()
        page.keyboard.press("Control+k")
        palette = page.get_by_role("dialog", name="Command palette")
        expect(palette.get_by_role("option", name="My profile")).to_be_visible()
        expect(palette.get_by_role("option", name=re.compile("New user|Users"))).to_have_count(0)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        help_ = page.get_by_role("dialog", name="Keyboard")
        expect(help_).to_contain_text("Overview")
        expect(help_).not_to_contain_text("Audit")
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        page.keyboard.press("u")
        page.wait_for_timeout(300)
        expect(page).to_have_url(re.compile("/$"))


class TestMessages:
    """The corner of the page."""

    def test_pass_by_themselves(self, site: Site) -> None:
        """Pointing at one holds it, also while another page opens; then it goes."""
        user = site.add_user("Mia Message")
        page = site.administrator(f"/users/{user['id']}")
        page.get_by_role("textbox", name="Name", exact=True).fill("Mia Renamed")
        page.get_by_role("button", name="Save", exact=True).click()
        toast = page.locator(".toast")
        expect(toast).to_have_text(re.compile("Saved"))
        toast.hover()
        page.get_by_role("link", name="Activity").press("Enter")
        expect(page.get_by_text("What the audit trail tells of this user")).to_be_visible()
        # With something to press it lasts ten seconds.
        page.wait_for_timeout(10_500)
        expect(toast).to_be_visible()
        page.mouse.move(0, 0)
        expect(toast).to_have_count(0)

    def test_the_same_again_is_one(self, site: Site) -> None:
        """Pressing twice does not pile messages up."""
        page = site.administrator("/")
        again = page.get_by_role("button", name="Check again")
        again.click()
        expect(page.locator(".toast")).to_have_count(1)
        again.click()
        page.wait_for_timeout(500)
        expect(page.locator(".toast")).to_have_count(1)


class TestSessions:
    """Where one is signed in."""

    def test_end_ones_own(self, site: Site) -> None:
        """One of two browsers is ended; this one is marked and stays."""
        site.expect_refusal(401)
        user = site.add_user("Sia Sessions")
        other = site.visit("/profile", email=user["email"])
        expect(other.get_by_role("heading", name="Profile")).to_be_visible()
        page = site.visit("/profile", email=user["email"])
        page.get_by_role("link", name="Sessions").click()
        expect(page.get_by_text("This session")).to_be_visible()
        expect(page.locator("tbody tr.row")).to_have_count(2)
        page.get_by_role("button", name="End", exact=True).click()
        expect(page.locator("tbody tr.row")).to_have_count(1)

        other.reload()
        expect(other).to_have_url(re.compile(r"/sign-in\?next="))
        page.reload()
        expect(page.get_by_text("This session")).to_be_visible()

    def test_end_somebody_elses(self, site: Site) -> None:
        """An administrator finds them on the record."""
        user = site.add_user("Ole Open")
        site.sign_in(user["email"])
        site.sign_in(user["email"], PASSWORD)
        page = site.administrator(f"/users/{user['id']}")
        page.get_by_role("link", name="Sessions").click()
        expect(page).to_have_title("Sessions · Ole Open · Atrium")
        expect(page.locator("tbody tr.row")).to_have_count(2)
        page.get_by_role("button", name="End all").click()
        expect(page.get_by_text("Signed in nowhere")).to_be_visible()


class TestRecord:
    """A record's name, and its end."""

    def test_is_named_everywhere(self, site: Site) -> None:
        """In the browser's tab and above the page, whose crumbs lead back to the record."""
        user = site.add_user("Nina Named")
        page = site.administrator(f"/users/{user['id']}/activity")
        expect(page).to_have_title("Activity · Nina Named · Atrium")
        crumbs = page.get_by_role("navigation", name="Breadcrumbs")
        crumbs.get_by_role("link", name="Nina Named").click()
        expect(page).to_have_url(re.compile(f"/users/{user['id']}$"))
        expect(page).to_have_title("Nina Named · Atrium")

    @pytest.mark.parametrize("size", [(1280, 800), PHONE])
    def test_deleted_while_typing(self, site: Site, size: tuple[int, int]) -> None:
        """The page says so, offers nothing more, and keeps what was typed."""
        user = site.add_user("Gina Gone")
        page = site.administrator(f"/users/{user['id']}", size=size)
        name = page.get_by_role("textbox", name="Name", exact=True)
        name.fill("Gina Typed")
        site.api("DELETE", f"/users/{user['id']}")
        page.get_by_role("button", name="Save", exact=True).click()

        expect(page.get_by_role("alert")).to_contain_text("This user no longer exists")
        expect(name).to_have_value("Gina Typed")
        expect(name).not_to_be_editable()
        for gone in ("Save", "Save roles", "More actions"):
            expect(page.get_by_role("button", name=gone, exact=True)).to_have_count(0)


class TestOverview:
    """Numbers that follow what happens."""

    def test_follows(self, site: Site) -> None:
        """News come without a click when somebody comes back to the tab."""
        page = site.administrator("/")
        tile = page.locator(".stat").filter(has_text="Active users").locator(".stat-value")
        expect(tile).to_have_text(re.compile(r"\d"))
        before = int(tile.inner_text().replace(",", ""))
        site.add_user()
        page.wait_for_timeout(5200)
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(tile).to_have_text(f"{before + 1:,}")

    def test_failures_lead_to_their_entries(self, site: Site) -> None:
        """Failed sign-ins of console and API are counted, and listed by the link."""
        site.expect_refusal(401)
        page = site.visit("/sign-in")
        page.get_by_role("textbox", name="E-mail").fill("nobody@example.com")
        page.get_by_label("Password", exact=True).fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("wrong")

        page = site.administrator("/")
        page.get_by_role("link", name="Failed sign-ins").click()
        expect(page.locator("tbody tr.row").first).to_contain_text("nobody@example.com")


class TestNowhere:
    """An address that leads nowhere."""

    def test_keeps_the_console(self, site: Site) -> None:
        """Who is signed in goes on by the sidebar; a visitor sees no console."""
        site.expect_refusal(404)
        page = site.administrator("/no/such/page")
        expect(page.get_by_text("There is nothing here")).to_be_visible()
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Users").click()
        expect(page.get_by_role("heading", name="Users")).to_be_visible()

        visitor = site.visit("/no-such-page")
        expect(visitor.get_by_text("There is nothing here")).to_be_visible()
        expect(visitor.get_by_role("navigation", name="Main")).to_have_count(0)
        # A resource could be there, of which a stranger learns nothing.
        visitor.goto("/no/such/page")
        expect(visitor.get_by_role("heading", name="Sign in")).to_be_visible()


class TestWideScreen:
    """Large screens."""

    @pytest.mark.parametrize("path", ["/", "/profile", "/users/new"])
    def test_is_centred(self, site: Site, path: str) -> None:
        """As much room at the right of the content as at its left."""
        page = site.administrator(path, size=WIDE)
        expect(page.locator("h1")).to_be_visible()
        box = page.get_by_role("main").bounding_box()
        assert box is not None
        left, right = box["x"] - 240, WIDE[0] - box["x"] - box["width"]
        assert abs(left - right) < 20


class TestApiDocumentation:
    """The API's own page."""

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_follows_the_theme(self, site: Site, scheme: str) -> None:
        """In the colours of the device, with the way back."""
        page = site.visit("/docs", scheme=scheme)
        expect(page.get_by_text("Everything the console does")).to_be_visible()
        assert page.evaluate("document.documentElement.classList.contains('dark')") is (
            scheme == "dark"
        )
        page.get_by_role("link", name="Back to the console").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_letters_can_be_turned_off(site: Site) -> None:
    """Who speaks to their machine is not taken elsewhere by a word."""
    page = site.administrator("/users")
    run(page, "keyboard help")
    help_ = page.get_by_role("dialog", name="Keyboard")
    help_.get_by_role("checkbox", name="Single letters do something").uncheck()
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    page.reload()
    expect(
        page.get_by_role("button", name="New user").or_(page.get_by_role("link", name="New user"))
    ).to_be_visible()
    for key in ("?", "n", "g", "a"):
        page.keyboard.press(key)
    run(page, "keyboard help")
    expect(page).to_have_url(re.compile("/users$"))
    help_.get_by_role("checkbox", name="Single letters do something").check()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/users/new$"))


def run(page: Page, words: str) -> None:
    """Choose what the palette finds first."""
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Command palette")
    expect(palette).to_be_visible()
    page.keyboard.type(words)
    expect(palette.get_by_role("option").first).to_contain_text(words, ignore_case=True)
    page.keyboard.press("Enter")

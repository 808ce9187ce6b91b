"""Nobody is kept out: axe looks at everything that opens, goes wrong or is missing on a page."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import add_role, look_at
from tests.e2e.conftest import PHONE, Screen, Site

pytestmark = pytest.mark.e2e


class TestStates:
    """What pages look like when something is open, wrong, missing or not allowed."""

    def test_without_permission(self, site: Site, screen: Screen) -> None:
        """A guest's overview, and a page they may not open."""
        site.expect_refusal(403)
        size, scheme = screen
        guest = site.add_user(roles=["guest"])
        page = site.visit("/", email=guest["email"], size=size, scheme=scheme)

        assert look_at(page, "/") == []
        assert look_at(page, "/users") == []
        expect(page.get_by_text("You may not open this")).to_be_visible()

    def test_states(self, site: Site, screen: Screen) -> None:
        """Lists without a match, forms with errors, and everything that opens above a page."""
        size, scheme = screen
        user = site.add_user("Ax Statesman")
        page = site.administrator("/", size=size, scheme=scheme)
        violations = {}
        role = add_role(site)
        reader = f"/roles/{role['id']}"
        all_states = [
            *states(f"/users/{user['id']}", is_phone=size == PHONE),
            *role_states(reader),
        ]
        for name, path, steps in all_states:
            page.goto("about:blank")
            violations[name] = look_at(page, path, steps)

        assert {name: found for name, found in violations.items() if found} == {}


def states(record: str, *, is_phone: bool) -> Iterator[tuple[str, str, Callable[[Page], Any]]]:
    """Names of states, the pages they belong to, and how to get there."""
    yield "no match", "/users?q=nobody-is-called-so&status=active", lambda page: None
    yield "record not found", "/users/00000000-0000-7000-8000-000000000000", lambda page: None
    yield "errors in a form", "/users/new", create_wrongly
    yield "unsaved changes", record, lambda page: page.get_by_label("Name").fill("Changed")
    yield "delete dialog", record, choose("Delete…")
    yield "password dialog", record, choose("Reset password…")
    asked = f"user={record.rpartition('/')[2]}&permission=user.read"
    yield "explained", f"/access/explain?{asked}", lambda page: None
    yield (
        "errors in a question",
        "/access/explain?user=nobody&permission=user.read",
        lambda page: None,
    )
    yield "holders", "/access/holders?permission=user.read", lambda page: None
    yield "compared", "/access/compare?a=admin&b=guest", lambda page: None
    yield "grant dialog", f"{record}/access", grant_in_person
    yield "preview dialog", "/access", preview_role
    yield "selection", "/users", select_one
    yield "bulk dialog", "/users", suspend_one
    yield "palette", "/users", open_palette
    yield "keyboard help", "/users", lambda page: page.keyboard.press("?")
    yield "person's menu", "/users", press("Your account")
    yield "theme menu", "/users", press("Theme")
    yield "filter menu", "/users", open_filter("Status")
    yield "columns", "/users", press("Columns")
    yield "views", "/users", press("Views")
    yield "saving a view", "/users", save_view
    yield "list's menu", "/users", press("More for this list")
    yield "audit entry", "/audit", lambda page: page.locator("tbody a").first.click()
    yield "audit without a match", "/audit?q=nobody-is-called-so", lambda page: None
    yield "audit days", "/audit", choose_days
    if not is_phone:
        yield "audit actions", "/audit", press("Action")
        yield "audit chart", "/audit", lambda page: page.get_by_role("listbox").focus()
    else:
        yield "audit filters", "/audit", press("Filters")
        yield "audit charts", "/audit", press("Activity")
    yield "audit verification", "/audit", verify_trail
    if is_phone:
        yield "navigation", "/users", press("navigation")


def verify_trail(page: Page) -> None:
    """Verify the audit trail, and wait for the result."""
    page.get_by_role("button", name="Verify").click()
    page.get_by_text("is as it was written").wait_for()


def choose_days(page: Page) -> None:
    """Ask for the first and the last day."""
    open_filter("When")(page)
    page.get_by_role("menuitem", name="Choose days…").click()
    page.locator("dialog[open]").wait_for()


def role_states(record: str) -> Iterator[tuple[str, str, Callable[[Page], Any]]]:
    """The same of the pages of roles."""
    yield "no role matches", "/roles?q=no-role-is-called-so", lambda page: None
    yield "role not found", "/roles/00000000-0000-7000-8000-000000000000", lambda page: None
    yield "changed role", record, grant_more
    yield "review of a role", record, review
    yield "conditions of a grant", record, press("Conditions of user.read")
    yield "deletion of a role", record, choose("Delete…")
    yield "giving a role", f"{record}/members", press("Add people")
    yield "taking a role", f"{record}/members", select_member


def open_filter(name: str) -> Callable[[Page], Any]:
    """Open the menu of a filter, which may stand behind one button for all of them."""

    def steps(page: Page) -> None:
        filters = page.get_by_role("button", name="Filters", exact=True)
        if filters.is_visible():
            filters.click()
        press(name)(page)

    return steps


def press(name: str) -> Callable[[Page], Any]:
    """Press a button by a part of its name."""
    return lambda page: (
        page.get_by_role("button", name=re.compile(name, re.IGNORECASE))
        .locator("visible=true")
        .first.click()
    )


def choose(item: str) -> Callable[[Page], Any]:
    """Choose one of a record's further actions, and wait for the dialog."""

    def steps(page: Page) -> None:
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name=item).click()
        page.locator("dialog[open]").wait_for()

    return steps


def create_wrongly(page: Page) -> None:
    """Send the form for a new user with mistakes."""
    page.get_by_label("Name").fill("Somebody")
    page.get_by_label("E-mail").fill("somebody@invalid")
    page.get_by_role("radio", name=re.compile("From you")).check()
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Create user").click()
    page.locator("[aria-invalid=true]").first.wait_for()


def select_one(page: Page) -> None:
    """Select the first row."""
    page.locator("tbody input[type=checkbox]").first.click()
    page.get_by_role("region", name="Selected rows").wait_for()


def save_view(page: Page) -> None:
    """Ask for the name of a new view."""
    press("Views")(page)
    page.get_by_role("menuitem", name="Save as…").click()
    page.locator("dialog[open]").wait_for()


def suspend_one(page: Page) -> None:
    """Ask to suspend the first row's user."""
    select_one(page)
    page.get_by_role("button", name="Suspend", exact=True).click()
    page.locator("dialog[open]").wait_for()


def grant_more(page: Page) -> None:
    """Grant one more permission, without saving it."""
    page.get_by_role("checkbox", name="view.share").check()


def review(page: Page) -> None:
    """Look at what one more permission would mean."""
    grant_more(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("dialog[open]").wait_for()


def select_member(page: Page) -> None:
    """Ask to take the role from its member."""
    select_one(page)
    page.get_by_role("button", name="Remove…").click()
    page.locator("dialog[open]").wait_for()


def grant_in_person(page: Page) -> None:
    """Ask what to grant to the user of the record."""
    page.get_by_role("button", name="Grant", exact=True).click()
    page.locator("dialog[open]").wait_for()


def preview_role(page: Page) -> None:
    """Ask for a role to look at the console with."""
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Preview a role").click()
    page.locator("dialog[open]").wait_for()


def open_palette(page: Page) -> None:
    """Search for something that is found."""
    page.keyboard.press("Control+k")
    page.keyboard.type("ax")
    page.get_by_role("option").filter(has_text="Ax ").first.wait_for()

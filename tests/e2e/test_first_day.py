"""An administrator's first day, from the first invitation to a name that is set right again."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site
from tests.e2e.steps import field, message, names, save, sign_in

pytestmark = pytest.mark.e2e

CHOSEN = "a sentence that nobody guesses"
GUESTS = {
    "Łukasz Żuraw": "lukasz",
    "王小明": "小明",
    "Ольга Орлова": "орлов",
    "محمد الأحمد": "محمد",
    "Søren Ångström": "strom",
}
"""Whom to invite, and by what each of them is looked for."""


def test_first_day(site: Site) -> None:
    """Invite, find, suspend and undo, grant until Friday, explain, and take back."""
    mark = uuid4().hex[:6]
    page = site.administrator("/users")
    links = {name: invite(page, f"{name} {mark}", mark) for name in GUESTS}
    accept(site, links["Łukasz Żuraw"], f"invited-{mark}-0@example.com")
    for name, part in GUESTS.items():
        search(page, f"{part} {mark}")
        expect(names(page)).to_have_text([f"{name} {mark}"])

    suspend_fifty_and_undo(site, page, f"Season{mark}")
    lukasz = f"Łukasz Żuraw {mark}"
    helpdesk_until_friday(page, f"Helpdesk {mark}", lukasz)
    explain_a_refusal(site, page, f"invited-{mark}-0@example.com", lukasz)
    find_who_changed_a_name(site, page, mark)


def invite(page: Page, name: str, mark: str) -> str:
    """Make a user who is to choose a password, and the link for that."""
    number = list(GUESTS).index(name.removesuffix(f" {mark}"))
    page.get_by_role("link", name="New user").click()
    field(page, "Name").fill(name)
    field(page, "E-mail").fill(f"invited-{mark}-{number}@example.com")
    page.get_by_role("button", name="Create user").click()
    dialog = page.get_by_role("dialog", name="Invite")
    dialog.get_by_role("button", name="Make link").click()
    link = dialog.locator("code")
    expect(link).to_contain_text("/reset-password#token=")
    address = link.inner_text()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    page.get_by_role("link", name="Users", exact=True).first.click()
    return address


def accept(site: Site, link: str, email: str) -> None:
    """Choose the password, and come in with it."""
    page = site.visit("/sign-in")
    page.goto(link)
    page.get_by_label("New password").fill(CHOSEN)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, email, CHOSEN)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def search(page: Page, text: str) -> None:
    """Look for somebody in the list."""
    page.get_by_role("searchbox").fill(text)


def suspend_fifty_and_undo(site: Site, page: Page, season: str) -> None:
    """The season is over; no, it is not."""
    for number in range(50):
        site.add_user(f"{season} {number:02}")
    search(page, season)
    expect(names(page)).to_have_count(50)
    page.get_by_label("Select all on this page").click()
    selected = page.get_by_role("region", name="Selected rows")
    selected.get_by_role("button", name="Suspend").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Suspend").click()
    expect(message(page, "Suspended 50 users.")).to_be_visible()
    suspended = page.locator("tbody").get_by_text("Suspended")
    expect(suspended).to_have_count(50)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(message(page, "50 taken back.")).to_be_visible()
    expect(suspended).to_have_count(0)


def helpdesk_until_friday(page: Page, name: str, person: str) -> None:
    """A role that somebody holds until the end of a day, as all pages say it."""
    page.goto("/roles/new")
    page.get_by_label("Name").fill(name)
    for permission in ("user.read", "user.reset_credentials"):
        box = page.get_by_role("checkbox", name=re.compile(rf"^{re.escape(permission)}(?![.\w])"))
        box.check()
    page.get_by_role("button", name="Create role").click()
    page.get_by_role("button", name="Add people").click()
    page.get_by_label("Search people").last.fill(person)
    page.locator(".people").get_by_text(person).click()
    friday = date.today() + timedelta(days=(4 - date.today().weekday()) % 7 or 7)  # noqa: DTZ011 - the browser's day
    page.get_by_label("Last day").fill(friday.isoformat())
    page.get_by_role("button", name="Add 1").click()
    row = page.get_by_role("row", name=re.compile(person))
    expect(row).to_contain_text(f"the end of {friday.day} {friday:%b}")
    row.get_by_role("link").click()
    expect(page.get_by_text(f"Until the end of {friday.day} {friday:%b}")).to_be_visible()


def explain_a_refusal(site: Site, page: Page, email: str, person: str) -> None:
    """Somebody asks why they may not; the answer names the permission and who could give it."""
    site.expect_refusal(403)
    theirs = site.visit("/roles", email=email, password=CHOSEN)
    expect(theirs.get_by_text("You may not open this")).to_be_visible()
    page.goto("/audit?outcome=denied")
    page.get_by_role("row").filter(has_text=person).get_by_role("link").first.click()
    entry = page.get_by_role("dialog", name="Audit entry")
    entry.get_by_role("link", name="Why?").click()
    answer = page.get_by_role("status").filter(has_text=f"{person} does not hold role.read")
    expect(answer).to_be_visible()


def find_who_changed_a_name(site: Site, page: Page, mark: str) -> None:
    """The trail's list says what was changed and by whom, and takes it back."""
    colleague = site.add_user(f"Cleo {mark}", roles=["admin"])
    victim: dict[str, Any] = site.add_user(f"Right {mark}")
    theirs = site.visit(f"/users/{victim['id']}", email=colleague["email"])
    field(theirs, "Name").fill(f"Wrong {mark}")
    save(theirs)
    expect(message(theirs, "Saved.")).to_be_visible()

    page.goto("/audit?changed=user.display_name")
    row = page.locator("[data-row]").filter(has_text=f"Wrong {mark}").first
    expect(row).to_contain_text(f"Cleo {mark}")
    expect(row).to_contain_text(f"Right {mark}")
    row.get_by_role("link").first.click()
    entry = page.get_by_role("dialog", name="Audit entry")
    entry.get_by_role("button", name="Take this back").click()
    expect(message(page, "Taken back.")).to_be_visible()
    assert site.api("GET", f"/users/{victim['id']}").json()["display_name"] == f"Right {mark}"

"""What people do with roles, from beginning to end."""

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e


def grant(page: Page, permission: str) -> None:
    """Check the box of a permission."""
    page.get_by_role("checkbox", name=re.compile(rf"^{re.escape(permission)}(?![.\w])")).check()


def save_bar(page: Page) -> None:
    """Press what the bar of unsaved changes offers."""
    page.get_by_role("button", name="Save", exact=True).click()


def expect_effect(dialog: Locator, people: tuple[Any, Any], what: str, permission: str) -> None:
    """The dialog says of these two people what becomes of a permission."""
    who = " and ".join(each["display_name"] for each in people)
    expect(dialog.get_by_text(who, exact=True)).to_be_visible()
    expect(dialog.get_by_role("list", name=what, exact=True)).to_contain_text(permission)


class TestRoles:
    """A role's whole life."""

    def test_life_of_a_role(self, site: Site) -> None:
        """Make it, give it to people, see who gains what, save, change it twice, delete it."""
        name = f"Desk {uuid4().hex[:6]}"
        ada, bob = site.add_user(f"Ada {name}"), site.add_user(f"Bob {name}")
        page = site.administrator("/roles")
        page.get_by_role("link", name="New role").click()
        page.get_by_label("Name").fill(name)
        grant(page, "session.read")
        page.get_by_role("button", name="Create role").click()

        # Its members come next.
        expect(page.get_by_text("Nobody has this role")).to_be_visible()
        page.get_by_role("button", name="Add people").click()
        for person in (ada, bob):
            page.get_by_label("Search people").last.fill(person["display_name"])
            page.locator(".people").get_by_text(person["display_name"]).click()
        page.get_by_label("Last day").fill("2090-01-31")
        page.get_by_label("Reason").fill("For a season")
        page.get_by_role("button", name="Add 2").click()
        expect(page.get_by_role("row", name=re.compile(ada["display_name"]))).to_contain_text(
            "For a season"
        )
        expect(page.get_by_role("row", name=re.compile(bob["display_name"]))).to_contain_text(
            "2090"
        )

        # A change tells by name who would gain what, before it is saved.
        tabs = page.get_by_role("navigation", name="Role")
        tabs.get_by_role("link", name="Permissions").click()
        grant(page, "session.revoke")
        save_bar(page)
        review = page.get_by_role("dialog", name=re.compile("Save"))
        expect(review).to_contain_text("2 people are affected")
        expect_effect(review, (ada, bob), "Can now", "session.revoke")
        role = self._role(site, name)
        assert role["permissions"] == ["session.read"]
        review.get_by_role("button", name="Save").click()
        expect(page.locator(".toast-message", has_text="Saved.")).to_be_visible()
        assert self._role(site, name)["permissions"] == ["session.read", "session.revoke"]

        # Somebody else saves in between.
        site.api("PATCH", f"/roles/{role['id']}", json={"description": "Theirs"})
        page.get_by_label("Description").fill("Mine")
        grant(page, "view.share")
        save_bar(page)
        conflict = page.get_by_role("alertdialog", name="Save anyway?")
        expect(conflict.get_by_role("row", name=re.compile("Description"))).to_contain_text("Mine")
        conflict.get_by_role("button", name="Save mine").click()
        review.get_by_role("button", name="Save").click()
        # What was typed stands there before it is saved, too.
        expect(page.get_by_text("Unsaved changes")).to_be_hidden()
        expect(page.get_by_label("Description")).to_have_value("Mine")
        after = self._role(site, name)
        assert after["description"] == "Mine"
        assert "view.share" in after["permissions"]

        # It is deleted by its name, after a look at who loses what.
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name="Delete…").click()
        question = page.get_by_role("alertdialog", name="Delete role?")
        expect_effect(question, (ada, bob), "Can no longer", "view.share")
        question.get_by_label("to confirm").fill(name)
        question.get_by_role("button", name="Delete role").click()
        expect(page).to_have_url(re.compile("/roles$"))
        assert site.api("GET", "/roles", params={"q": name}).json()["items"] == []

    def test_conditions(self, site: Site) -> None:
        """Rows, fields, end and reason of a grant are kept, and shown again."""
        name = f"Narrow {uuid4().hex[:6]}"
        made = site.api("POST", "/roles", json={"name": name, "permissions": ["audit.read"]})
        page = site.administrator(f"/roles/{made.json()['id']}")
        grant(page, "user.update")
        page.get_by_label("Rows of user.update").select_option(label="Their own record")
        page.get_by_role("button", name="Conditions of user.update").click()
        dialog = page.get_by_role("dialog", name="Conditions of user.update")
        dialog.get_by_label("All fields").last.uncheck()
        dialog.get_by_role("checkbox", name="Name").check()
        dialog.get_by_label("Last day").fill("2090-01-31")
        dialog.get_by_label("Reason").fill("Until the move")
        dialog.get_by_role("button", name="Apply").click()
        save_bar(page)
        page.get_by_role("dialog", name=re.compile("Save")).get_by_role(
            "button", name="Save"
        ).click()
        expect(page.locator(".toast-message", has_text="Saved.")).to_be_visible()
        page.reload()

        row = page.get_by_role("listitem").filter(has_text="user.update")
        expect(row).to_contain_text("writes Name")
        expect(row).to_contain_text("2090")
        expect(row).to_contain_text("“Until the move”")
        expect(page.get_by_label("Rows of user.update")).to_have_value("own")
        stored = {each["permission"]: each for each in self._role(site, name)["grants"]}
        assert stored["user.update"]["writable"] == ["display_name"]
        assert stored["user.update"]["rule"] == "own"
        assert stored["user.update"]["expires_at"] == "2090-02-01T00:00:00Z"
        assert list(stored) == ["audit.read", "user.update"]

    def test_what_is_held_otherwise(self, site: Site) -> None:
        """What a wildcard covers or an included role grants is shown, not granted twice."""
        name = f"Base {uuid4().hex[:6]}"
        site.api("POST", "/roles", json={"name": name, "permissions": ["session.read"]})
        page = site.administrator("/roles/new")
        box = page.get_by_role("checkbox", name=re.compile(r"^session\.read\b"))
        expect(box).not_to_be_checked()
        page.get_by_role("checkbox", name=re.compile(f"^{name}")).check()
        expect(box).to_be_checked()
        expect(box).to_be_disabled()
        expect(page.get_by_text(f"From {name}")).to_be_visible()

        grant(page, "user.*")
        expect(page.get_by_text("Covered by user.*").first).to_be_visible()
        whole = page.get_by_role("checkbox", name="All permissions of Users")
        expect(whole).to_be_checked()
        whole.uncheck()
        expect(page.get_by_text("Covered by user.*")).to_have_count(0)

        whole.check()
        page.get_by_role("checkbox", name=re.compile(r"^user\.delete\b")).uncheck()
        assert whole.evaluate("box => box.indeterminate")
        page.get_by_label("Find a permission").fill("delete")
        expect(page.get_by_text("shown")).to_have_text("3 shown")

    def test_discard_and_leave(self, site: Site) -> None:
        """What was not saved is taken back by one press, and not lost unasked."""
        name = f"Kept {uuid4().hex[:6]}"
        made = site.api("POST", "/roles", json={"name": name, "permissions": ["audit.read"]})
        page = site.administrator(f"/roles/{made.json()['id']}")
        box = page.get_by_role("checkbox", name=re.compile(r"^view\.share\b"))
        box.check()
        page.get_by_role("button", name="Discard").click()
        expect(box).not_to_be_checked()
        expect(page.get_by_text("Unsaved changes")).to_be_hidden()

        box.check()
        page.get_by_role("link", name="Members").click()
        page.get_by_role("button", name="Stay").click()
        expect(box).to_be_checked()

    def test_cycle(self, site: Site) -> None:
        """A role that would include itself is refused at the field."""
        name = f"Round {uuid4().hex[:6]}"
        one = site.api("POST", "/roles", json={"name": f"{name} one"}).json()
        site.api("POST", "/roles", json={"name": f"{name} two", "includes": [f"{name} one"]})
        page = site.administrator(f"/roles/{one['id']}")
        page.get_by_role("checkbox", name=re.compile(f"^{name} two")).check()
        save_bar(page)

        expect(page.get_by_role("group", name="Included roles").first).to_contain_text(
            "would include itself"
        )

    def test_only_to_read(self, site: Site) -> None:
        """Who may see roles and no more sees them, and cannot touch anything."""
        name = f"Looker {uuid4().hex[:6]}"
        made = site.api("POST", "/roles", json={"name": name, "permissions": ["role.read"]}).json()
        looker = site.add_user(roles=[name])
        page = site.visit(f"/roles/{made['id']}", email=looker["email"])

        expect(page.get_by_role("heading", name=name)).to_be_visible()
        box = page.get_by_role("checkbox", name=re.compile(r"^role\.read\b"))
        expect(box).to_be_checked()
        expect(box).to_be_disabled()
        expect(page.get_by_role("button", name="More actions")).to_have_count(0)
        expect(page.get_by_label("Name")).to_have_count(0)

    def _role(self, site: Site, name: str) -> dict[str, Any]:
        [role] = site.api("GET", "/roles", params={"q": name}).json()["items"]
        found: dict[str, Any] = role
        return found


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("Atlantic/Azores", "2027-03-28", "2027-03-29T00:00:00.000Z"),
        ("America/Santiago", "2027-09-05", "2027-09-06T03:00:00.000Z"),
        ("Africa/Cairo", "2027-04-30", "2027-04-30T21:00:00.000Z"),
    ],
)
def test_last_day_without_a_midnight(site: Site, zone: str, day: str, end: str) -> None:
    """A day ends when it does, also where clocks skip its midnight, and reads as that day."""
    name = f"Night {uuid4().hex[:6]}"
    role = site.api("POST", "/roles", json={"name": name}).json()
    person = site.add_user(f"Ada {name}")
    page = site.administrator(f"/roles/{role['id']}/members", zone=zone)
    page.get_by_role("button", name="Add people").click()
    page.get_by_label("Search people").last.fill(person["display_name"])
    page.locator(".people").get_by_text(person["display_name"]).click()
    page.get_by_label("Last day").fill(day)
    expect(page.locator("input[name=expires_at]")).to_have_value(end)
    page.get_by_role("button", name="Add 1").click()

    number = day[-2:].lstrip("0")
    row = page.get_by_role("row", name=re.compile(person["display_name"]))
    expect(row).to_contain_text(re.compile(rf"the end of {number} \w+ 2027"))
    # The server tells it the same way: it knows where its reader is.
    page.goto(f"/users/{person['id']}")
    expect(page.get_by_text(re.compile(rf"Until the end of {number} \w+ 2027\."))).to_be_visible()

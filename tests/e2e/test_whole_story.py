"""A right is given, refused, explained, found in the audit, taken back and proven."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e


def test_from_a_new_role_to_the_verified_trail(site: Site) -> None:
    """Make a role, see who gains what, save, explain a refusal, find it, undo, verify."""
    site.expect_refusal(403)
    name = f"Reviewers {uuid4().hex[:6]}"
    nina = site.add_user(f"Nina {name}", roles=["guest"])
    page = site.administrator("/roles/new")
    page.get_by_label("Name").fill(name)
    page.get_by_role("checkbox", name=re.compile(r"^view\.share\b")).check()
    page.get_by_role("button", name="Create role").click()
    page.get_by_role("button", name="Add people").click()
    page.get_by_label("Search people").last.fill(nina["display_name"])
    page.locator(".people").get_by_text(nina["display_name"]).click()
    page.get_by_role("button", name="Add 1").click()
    expect(page.get_by_role("row", name=re.compile(nina["display_name"]))).to_be_visible()

    # Nina is refused, and so it stands in the audit.
    visitor = site.visit("/users", email=nina["email"])
    expect(visitor.get_by_text("You may not open this")).to_be_visible()
    expect(visitor.get_by_text("user.read")).to_be_visible()

    # Why? And who would gain what if the role had it?
    page.goto(f"/audit?outcome=denied&actor_id={nina['id']}")
    page.get_by_role("link", name="Tried to open the page Users").click()
    entry = page.get_by_role("dialog", name="Audit entry")
    entry.get_by_role("link", name="Why?").click()
    expect(
        page.get_by_role("status").filter(has_text=f"Nina {name} does not hold user.read")
    ).to_be_visible()
    page.goto("/roles")
    page.get_by_role("link", name=name).click()
    page.get_by_role("checkbox", name=re.compile(r"^user\.read\b")).check()
    page.get_by_role("button", name="Save", exact=True).click()
    review = page.get_by_role("dialog", name=re.compile("Save"))
    expect(review.get_by_role("listitem").filter(has_text=nina["display_name"])).to_contain_text(
        "user.read"
    )
    review.get_by_role("button", name="Save").click()
    expect(page.locator(".toast-message", has_text="Saved.")).to_be_visible()
    visitor.reload()
    expect(visitor.get_by_role("heading", name="Users")).to_be_visible()

    # Found in the audit and taken back; the next request feels it.
    page.goto("/audit?action=role.update")
    page.get_by_role("link", name=re.compile(name)).first.click()
    expect(entry).to_contain_text("user.read")
    entry.get_by_role("button", name="Take this back").click()
    expect(page.locator(".toast-message", has_text="Taken back.")).to_be_visible()
    visitor.reload()
    expect(visitor.get_by_text("You may not open this")).to_be_visible()

    page.goto("/audit")
    page.get_by_role("button", name="Verify").click()
    check = page.get_by_role("dialog", name="Verify the audit trail")
    expect(check.get_by_text("Everything is as it was written")).to_be_visible()

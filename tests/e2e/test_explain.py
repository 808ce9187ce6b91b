"""Why somebody may not, and what to do about it, from beginning to end."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e


def test_refused_explained_granted(site: Site) -> None:
    """A guest is refused; the administrator sees why and grants in person; the guest gets in."""
    site.expect_refusal(403)
    guest = site.add_user("Gus Guest", roles=["guest"])
    visitor = site.visit("/audit", email=guest["email"])
    expect(visitor.get_by_text("You may not open this")).to_be_visible()
    expect(visitor.get_by_text("audit.read")).to_be_visible()
    expect(visitor.get_by_role("link", name="Why?")).to_have_count(0)

    page = site.administrator("/access/explain")
    form = page.get_by_role("form", name="Question")
    form.get_by_role("button", name="Explain").click()
    expect(page.get_by_label("User")).to_have_accessible_description("Choose a user.")
    page.get_by_label("User").fill(guest["email"])
    page.get_by_role("combobox", name="Permission").fill("audit.read")
    form.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("status").filter(has_text="does not hold audit.read")).to_be_visible()
    expect(page.get_by_text("No grant speaks of it")).to_be_visible()
    page.get_by_role("link", name="All that this person may do").click()

    page.get_by_role("button", name="Grant", exact=True).click()
    dialog = page.get_by_role("dialog", name="Grant in person")
    dialog.get_by_role("combobox", name="Permission").fill("audit.nonsense")
    dialog.get_by_role("button", name="Grant", exact=True).click()
    expect(dialog.get_by_role("combobox", name="Permission")).to_have_accessible_description(
        "Or a wildcard: user.*, *.read or *. No feature has a permission audit.nonsense."
    )
    dialog.get_by_role("combobox", name="Permission").fill("audit.read")
    dialog.get_by_label("Reason").fill("Looks into the outage")
    dialog.get_by_role("button", name="Grant", exact=True).click()
    expect(dialog).to_be_hidden()
    own = page.get_by_role("table", name="Grants in person")
    expect(own.get_by_role("row").filter(has_text="Looks into the outage")).to_be_visible()

    visitor.reload()
    expect(visitor.get_by_role("heading", name="Audit")).to_be_visible()

    page.get_by_role("table", name="Permissions").get_by_role("link", name="Why?").click()
    expect(page.get_by_role("status").filter(has_text="Gus Guest holds audit.read")).to_be_visible()
    trace = page.get_by_role("table", name="Grants")
    expect(trace.get_by_role("row").filter(has_text="In person")).to_contain_text("Administrator")
    page.go_back()
    own.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Nothing in person")).to_be_visible()
    visitor.reload()
    expect(visitor.get_by_text("You may not open this")).to_be_visible()


def test_refusal_leads_to_the_reason(site: Site) -> None:
    """Who may see roles is led from the refusal to its explanation."""
    site.expect_refusal(403)
    site.api("POST", "/roles", json={"name": "watcher", "permissions": ["role.read"]})
    watcher = site.add_user("Wat Watcher", roles=["watcher"])
    page = site.visit("/users", email=watcher["email"])

    page.get_by_role("link", name="Why?").click()

    expect(page.get_by_role("status").filter(has_text="does not hold user.read")).to_be_visible()


def test_refused_action_leads_to_the_reason(site: Site) -> None:
    """So does the message after a click for which the permission was just taken away."""
    grants = ["role.read", "user.read", "user.suspend"]
    role = site.api("POST", "/roles", json={"name": "warden", "permissions": grants}).json()
    warden, other = site.add_user("Wes Warden", roles=["warden"]), site.add_user("Olga Other")
    page = site.visit(f"/users/{other['id']}", email=warden["email"])
    page.get_by_role("button", name="More actions").click()
    suspend = page.get_by_role("menuitem", name="Suspend")
    expect(suspend).to_be_visible()
    grants.remove("user.suspend")
    changed = {"permissions": grants, "version": role["version"]}
    site.api("PATCH", f"/roles/{role['id']}", json=changed)

    suspend.click()
    refusal = page.get_by_role("listitem").filter(has_text="needs the permission user.suspend")
    refusal.get_by_role("link", name="Why?").click()

    told = page.get_by_role("status").filter(has_text="does not hold user.suspend")
    expect(told).to_be_visible()
    expect(page.locator(".toast-message")).to_have_count(0)


def test_matrix(site: Site) -> None:
    """All roles and permissions: filtered by both, read aloud, and leading on."""
    page = site.administrator("/access")
    table = page.get_by_role("table", name="Roles and permissions")
    page.get_by_label("Filter permissions").fill("user.del")
    page.get_by_label("Filter roles").fill("adm")

    expect(table.get_by_role("columnheader")).to_have_text(["Permissions", "admin"])
    expect(table.get_by_role("row").filter(has_text="user.delete")).to_be_visible()
    expect(table.get_by_role("cell").get_by_role("link")).to_have_accessible_name(
        "granted by the role itself, by a wildcard"
    )
    table.get_by_role("link", name="user.delete").click()
    expect(page.get_by_role("table", name="Holders").get_by_role("row")).to_have_count(2)


def test_compare_and_coverage(site: Site) -> None:
    """Two roles side by side, and what guards a way in."""
    page = site.administrator("/access/compare")
    page.get_by_label("First role").select_option("admin")
    page.get_by_label("Second role").select_option("guest")
    row = page.get_by_role("row").filter(has_text="user.delete")
    expect(row).to_contain_text("not granted")

    page.goto("/access/coverage?q=user_record.delete")
    row = page.get_by_role("row").filter(has_text="user_record.delete")
    expect(row).to_contain_text("user.delete")


def test_preview(site: Site) -> None:
    """The administrator looks with a guest's eyes, cannot change anything, and comes back."""
    site.expect_refusal(403)
    guest = site.add_user("Pia Preview", roles=["guest"])
    page = site.administrator(f"/users/{guest['id']}/access")
    page.get_by_role("button", name="Preview", exact=True).click()

    banner = page.get_by_text("You see the console with the access of Pia Preview.")
    expect(banner).to_be_visible()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
    page.goto("/users")
    expect(page.get_by_text("You may not open this")).to_be_visible()
    expect(banner).to_be_visible()
    page.goto("/profile")
    page.get_by_label("Name").fill("Somebody else")
    page.get_by_role("button", name="Save", exact=True).click()
    refusal = page.locator(".toast-message", has_text="This is a preview: nothing can be changed.")
    expect(refusal).to_be_visible()

    page.get_by_role("button", name="Stop").click()
    expect(banner).to_be_hidden()
    expect(page.get_by_role("link", name="Users").first).to_be_visible()

    page.goto("/access")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Preview a role").click()
    page.get_by_label("Role", exact=True).select_option("user")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_text("with the access of the role user.")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("with the access of the role user.")).to_be_hidden()

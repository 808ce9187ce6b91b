"""Nobody is kept out: axe looks at every page, in both themes, on desk and phone."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from app.bootstrap import build_registry
from tests.e2e.axe import add_role, look_at, violations_of
from tests.e2e.conftest import Screen, Site
from tests.fixtures.server import ADMIN_EMAIL

pytestmark = pytest.mark.e2e


LONG_NAME = "Maximiliane" + "-Alexandra" * 8


class TestPages:
    """Every page of the registry, as the administrator or as nobody."""

    def test_signed_in(self, site: Site, screen: Screen) -> None:
        """No page has a violation, or is wider than the screen, whatever people are called."""
        site.expect_refusal(404)
        size, scheme = screen
        email = f"{uuid4().hex}{'a' * 30}@{'department-' * 4}x.{'department-' * 4}x.example"
        user = site.add_user(LONG_NAME, email=email, roles=["admin"])
        ids = {"[role_id]": _add_roles(site), "[user_id]": user["id"]}
        page = site.visit("/", email=email, size=size, scheme=scheme)
        violations, wide = {}, {}
        # What is drawn from descriptions is looked at in tests/e2e/test_resources.py.
        fixed = [page.route for page in build_registry().pages if page.permission_at is None]
        for route in [*fixed, "/no-such-page"]:
            if route != "/sign-in":
                path = re.sub(r"\[\w+\]", lambda name: ids[name.group()], route)
                violations[route] = look_at(page, path)
                width = page.evaluate("document.documentElement.scrollWidth")
                if width > size[0]:
                    wide[route] = width

        assert {route: found for route, found in violations.items() if found} == {}
        assert wide == {}

    def test_signing_in(self, site: Site, screen: Screen) -> None:
        """Neither before nor after a wrong password."""
        site.expect_refusal(401)
        size, scheme = screen
        page = site.visit("/sign-in", size=size, scheme=scheme)
        expect(page.get_by_label("E-mail")).to_be_focused()
        assert violations_of(page) == []
        page.get_by_label("E-mail").fill(ADMIN_EMAIL)
        page.get_by_label("Password", exact=True).fill("not the password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("wrong")
        assert violations_of(page) == []


def _add_roles(site: Site) -> str:
    """Let there be as many roles as in a company; the id of one with a long name."""
    known = {role["name"] for role in site.api("GET", "/roles?limit=200").json()["items"]}
    for number in range(20):
        if f"Department {number}" not in known:
            site.api("POST", "/roles", json={"name": f"Department {number}"})
    role = add_role(site)
    change = {
        "name": f"{role['name']} of the Department of Departments",
        "version": role["version"],
    }
    site.api("PATCH", f"/roles/{role['id']}", json=change)
    return str(role["id"])

"""Nobody is kept out: axe looks at every page, in both themes, on desk and phone."""

import re

import pytest
from playwright.sync_api import expect

from app.bootstrap import build_registry
from tests.e2e.axe import add_role, look_at, violations_of
from tests.e2e.conftest import Screen, Site
from tests.fixtures.server import ADMIN_EMAIL

pytestmark = pytest.mark.e2e


class TestPages:
    """Every page of the registry, as the administrator or as nobody."""

    def test_signed_in(self, site: Site, screen: Screen) -> None:
        """No page has a violation."""
        site.expect_refusal(404)
        size, scheme = screen
        ids = {"[role_id]": add_role(site)["id"], "[user_id]": site.add_user("Ax Axelsson")["id"]}
        page = site.administrator("/", size=size, scheme=scheme)
        violations = {}
        for route in [*(page.route for page in build_registry().pages), "/no-such-page"]:
            if route != "/sign-in":
                path = re.sub(r"\[\w+\]", lambda name: ids[name.group()], route)
                violations[route] = look_at(page, path)

        assert {route: found for route, found in violations.items() if found} == {}

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

"""Verifying the audit trail in a browser: its head, and what an honest clock left behind."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from playwright.sync_api import Locator, Page, expect

from app.core import clock
from app.core.actor import SYSTEM
from app.features.audit.seal_service import SealService
from app.testing.factories import UserFactory
from tests.e2e.axe import violations_of
from tests.e2e.conftest import DESK, PHONE, Screen, Site
from tests.fixtures.server import run_apart

pytestmark = pytest.mark.e2e


def set_clock_right(site: Site, times: int = 1) -> None:
    """Let the clock be two hours ahead for a while, and set it right."""

    async def work() -> None:
        async with site.server.platform() as platform:
            make_user, seal = UserFactory(platform), platform.caller(SYSTEM)
            for _ in range(times):
                with time_machine.travel(clock.now() + timedelta(hours=2), tick=True):
                    await make_user(email=f"{uuid4().hex}@example.com")
                    await seal(SealService.seal)
                await make_user(email=f"{uuid4().hex}@example.com")
                await seal(SealService.seal)

    run_apart(work)


def verified(page: Page) -> Locator:
    """Verify the trail; the dialog with the result."""
    page.get_by_role("button", name="Verify", exact=True).click()
    dialog = page.get_by_role("dialog", name="Verify the audit trail")
    expect(dialog.get_by_role("heading", name="Head of the trail")).to_be_visible()
    return dialog


class TestVerifying:
    """The dialog."""

    def test_from_a_fault_to_sound(self, site: Site) -> None:
        """Faults are listed, explained one by one and together, and the head is found again."""
        set_clock_right(site, times=3)
        page = site.administrator("/audit")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        dialog = verified(page)
        expect(dialog.get_by_role("alert")).to_contain_text("3 problems were found.")
        faults = dialog.get_by_role("listitem").filter(has_text="Times run backwards")
        expect(faults).to_have_count(3)

        # By keyboard: one of them, at first without a reason.
        faults.first.get_by_role("button", name="Acknowledge…").focus()
        page.keyboard.press("Enter")
        question = page.get_by_role("dialog", name="Acknowledge irregularities of time")
        expect(question.get_by_label("Reason")).to_be_focused()
        page.keyboard.press("Enter")
        expect(question).to_be_visible()
        page.keyboard.type("The time server was ahead.")
        page.keyboard.press("Enter")
        expect(question).to_be_hidden()
        expect(faults.filter(has=page.get_by_role("button"))).to_have_count(2)
        expect(dialog).to_contain_text("The time server was ahead.")
        # The button that had the focus is gone; it did not leave the dialog.
        expect(dialog.locator(":focus")).to_have_text("Close")

        dialog.get_by_role("button", name="Acknowledge all 2").click()
        expect(question.get_by_role("listitem")).to_have_count(2)
        question.get_by_label("Reason").fill("Ahead once more.")
        question.get_by_role("button", name="Acknowledge", exact=True).click()
        expect(dialog.get_by_role("status").first).to_contain_text(
            "Sound, with 3 acknowledged irregularities"
        )
        known = dialog.get_by_role("listitem").filter(has_text="Administrator, ")
        expect(known).to_have_count(3)

        # What is copied is expected later.
        dialog.get_by_role("button", name="Copy the head").click()
        head = page.evaluate("navigator.clipboard.readText()")
        assert re.fullmatch(r"[1-9]\d*:[0-9a-f]{64}", head)
        field = dialog.get_by_label("Expected head")
        field.fill(head[:20])
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text("the 64 digits of its hash.")
        expect(field).to_be_focused()
        expect(field).to_have_value(head[:20])
        field.fill(head)
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text(f"of seal {head.partition(':')[0]}, is in it.")
        expect(field).to_have_value(head)
        field.fill(f"1:{'0' * 64}")
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text("history was rewritten")

        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("button", name="Verify", exact=True)).to_be_focused()

    def test_who_may_only_verify(self, site: Site) -> None:
        """Without the permission to explain nothing is offered."""
        set_clock_right(site)
        name = f"verifier-{uuid4().hex[:8]}"
        role = {"name": name, "permissions": ["audit.read", "audit.verify"]}
        site.api("POST", "/roles", json=role)
        page = site.visit("/audit", email=site.add_user(roles=[name])["email"])

        dialog = verified(page)

        expect(dialog).to_contain_text("Times run backwards")
        expect(dialog.get_by_role("button", name=re.compile("Acknowledge"))).to_have_count(0)

    # Each size and each theme once: both together differ in nothing that axe looks at.
    @pytest.mark.parametrize(
        "screen",
        [(DESK, "light"), (PHONE, "dark")],
        ids=["desk light", "phone dark"],
        indirect=True,
    )
    def test_nobody_is_kept_out(self, site: Site, screen: Screen) -> None:
        """Axe finds nothing wrong with any state of the dialog, and nothing is wider than it."""
        set_clock_right(site, times=2)
        size, scheme = screen
        page = site.administrator("/audit", size=size, scheme=scheme)
        dialog = verified(page)
        found = {"faults": violations_of(page)}
        dialog.get_by_label("Expected head").fill("12:abc")
        dialog.get_by_role("button", name="Verify again").click()
        expect(dialog).to_contain_text("the 64 digits of its hash.")
        found["malformed"] = violations_of(page)
        dialog.get_by_role("button", name=re.compile("Acknowledge all")).click()
        question = page.get_by_role("dialog", name="Acknowledge irregularities of time")
        question.get_by_label("Reason").wait_for()
        found["question"] = violations_of(page)
        question.get_by_label("Reason").fill("The clock was set right.")
        question.get_by_role("button", name="Acknowledge", exact=True).click()
        expect(dialog.get_by_role("heading", name="What was acknowledged")).to_be_visible()
        found["acknowledged"] = violations_of(page)

        assert {name: wrong for name, wrong in found.items() if wrong} == {}
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert dialog.evaluate("each => each.scrollWidth <= each.clientWidth")

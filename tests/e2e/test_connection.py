"""What an open page says when the server is not as it should be, and that it heals by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.settings import variable_name
from app.testing.fixtures import settings_for
from tests.e2e.conftest import Site
from tests.fixtures.redis import MortalRedis
from tests.fixtures.server import Server, bootstrap

pytestmark = [pytest.mark.e2e, pytest.mark.redis]

LOST = "The server has lost touch with its memory"


@pytest.fixture
def shared(
    frontend: None, tmp_path: Path, mortal_redis: MortalRedis, browser: Browser
) -> Iterator[Site]:
    """The console of two workers, whose Redis the test may kill."""
    settings = settings_for(f"sqlite:///{tmp_path / 'atrium.db'}", tmp_path)
    variables = {
        variable_name("server.workers"): "2",
        variable_name("redis.url"): mortal_redis.url,
        variable_name("rate_limiting.enabled"): "true",
        variable_name("rate_limiting.events_per_session"): "60/hour",
    }
    server = Server(settings, tmp_path, **bootstrap(), **variables)
    server.start()
    site = Site(server, browser)
    yield site
    site.close()
    server.stop()


def test_redis_killed_and_back(shared: Site, mortal_redis: MortalRedis) -> None:
    """The page says what is wrong, keeps what is typed, and works again without a reload."""
    shared.expect_complaint("WebSocket connection")
    page = shared.administrator("/users/new")
    page.get_by_label("Name", exact=True).fill("Nora Notlost")
    page.evaluate("() => { window.neverReloaded = true; }")
    mortal_redis.kill()
    line = page.get_by_role("status").filter(has_text=LOST)
    expect(line).to_be_visible()
    mortal_redis.start()
    expect(line).to_be_hidden()

    expect(page.get_by_label("Name", exact=True)).to_have_value("Nora Notlost")
    page.get_by_role("link", name="Users", exact=True).first.click()
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="admin@example.com")).to_be_visible()
    assert page.evaluate("() => window.neverReloaded") is True


def test_too_much_at_once(shared: Site) -> None:
    """Who does too much is told so in a line, and the page stays as it is."""
    shared.expect_complaint("WebSocket connection")
    page = shared.administrator("/users")
    row = page.get_by_role("row").filter(has_text="admin@example.com")
    expect(row).to_be_visible()
    search = page.get_by_role("searchbox")
    line = page.get_by_role("status").filter(has_text="Too much in a short time")
    for number in range(80):
        search.fill(f"nobody {number}")
        page.wait_for_timeout(20)
        if line.is_visible():
            break
        search.press("Enter")
    expect(line).to_be_visible()

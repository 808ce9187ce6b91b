"""Records imported from a file in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import violations_of
from tests.e2e.conftest import Screen, Site
from tests.e2e.steps import message
from tests.fixtures.server import Server

pytestmark = pytest.mark.e2e

ITEMS = "/inventory/items"


@pytest.fixture
def shop(inventory: Server, browser: Browser) -> Iterator[Site]:
    """The console of that server."""
    site = Site(inventory, browser)
    yield site
    site.close()


def give(page: Page, content: str, name: str = "stock.csv") -> None:
    """Choose a file."""
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    page.get_by_label("CSV file of items").set_input_files(file)


def found(site: Site, words: str) -> list[dict[str, Any]]:
    """The items with these words."""
    items = site.api("GET", "/inventory/items", params={"q": words, "sort": "name"}).json()["items"]
    return list(items)


def test_import(shop: Site, screen: Screen) -> None:
    """Choose a file, say what columns mean, see what is wrong, import the others, take it back."""
    size, scheme = screen
    word = f"Imp{scheme}"
    shop.api("POST", "/inventory/places", json={"name": f"{word} shelf"})
    page = shop.administrator(ITEMS, size=size, scheme=scheme)
    if size[0] > 500:
        page.get_by_role("button", name="More for this list").click()
        page.get_by_role("menuitem", name="Import…").click()
    else:
        page.goto(f"{ITEMS}/import")
    expect(page.get_by_role("heading", name="Import items", level=1)).to_be_visible()
    assert violations_of(page) == []

    give(
        page,
        f"What;Quantity;Place;Remark\n{word} chair;3;{word} shelf;x\n"
        f'"{word} table";many;{word} shelf;y\n{word} lamp;1;Nowhere;"two\nlines"\n',
    )
    expect(page.get_by_role("heading", name="stock.csv: 3 rows")).to_be_focused()
    expect(page.get_by_text("A new item needs Name")).to_be_visible()
    page.get_by_label("What stands for").select_option("Name (needed)")
    expect(page.get_by_label("Quantity stands for")).to_have_value("quantity")
    expect(page.get_by_label("Remark stands for")).to_have_value("")
    assert violations_of(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="2 rows cannot be imported")).to_be_focused()
    problems = page.get_by_role("table", name="Rows that are refused")
    expect(problems.get_by_text("Must be a whole number.")).to_be_visible()
    expect(problems.get_by_text("There is no such place.")).to_be_visible()
    assert found(shop, word) == []
    assert violations_of(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save refused rows as CSV").click()
    assert saved.value.suggested_filename == "stock-to-mend.csv"
    text = saved.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert text[0] == "What;Quantity;Place;Remark;Problem"
    assert text[1] == f"{word} table;many;{word} shelf;y;Quantity: Must be a whole number."
    assert text[2:] == [
        f'{word} lamp;1;Nowhere;"two',
        'lines";Place: There is no such place.',
    ]

    page.get_by_role("button", name="Import the other 1 row").click()
    expect(page.get_by_role("heading", name="1 item imported")).to_be_focused()
    assert [each["name"] for each in found(shop, word)] == [f"{word} chair"]
    assert violations_of(page) == []
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(message(page, "Taken back.")).to_be_visible()
    expect(page.get_by_role("heading", name="Taken back: all is as it was")).to_be_visible()
    assert found(shop, word) == []
    page.get_by_role("link", name="Show items").click()
    expect(page.get_by_role("heading", name="Items", level=1)).to_be_visible()


def test_export_and_back(shop: Site) -> None:
    """A file that was exported changes what was edited in it; the trail tells, and refuses."""
    made = shop.api("POST", "/inventory/items", json={"name": "Anvil", "quantity": 1}).json()
    page = shop.administrator(f"{ITEMS}/import")
    exported = shop.api("GET", "/inventory/items/export", params={"q": "anvil"}).text
    give(page, exported.replace("Anvil,1,", "Anvil,2,"))
    expect(page.get_by_label("id stands for")).to_have_value("id")
    expect(page.get_by_label("Rows about items that are there")).to_have_value("id")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Import 1 row").press("Enter")
    expect(page.get_by_role("heading", name="1 item imported")).to_be_visible()
    shop.api("PATCH", f"/inventory/items/{made['id']}", json={"quantity": 3})
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(message(page, "Somebody changed this since: Anvil.")).to_be_visible()
    page.goto(f"{ITEMS}/{made['id']}/activity")
    expect(page.get_by_role("link", name="changed this item")).to_have_count(2)
    page.goto("/audit?action=inventory.item.import")
    expect(page.get_by_role("link", name="Imported 1 item", exact=True).first).to_be_visible()


def test_other_files(shop: Site) -> None:
    """A file that is none is told so in place, and another one can be chosen."""
    shop.expect_refusal(422)
    page = shop.administrator(f"{ITEMS}/import")
    give(page, "PK\x03\x04", "stock.xlsx")
    expect(page.get_by_role("alert").get_by_text("no CSV file")).to_be_visible()
    give(page, "name\nBox\n")
    expect(page.get_by_role("heading", name="stock.csv: 1 row")).to_be_visible()

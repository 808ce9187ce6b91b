"""The pages that are drawn from a description: a module without pages of its own, in a browser."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.features.resources.module import module as resources
from tests.e2e.axe import look_at, violations_of
from tests.e2e.conftest import Screen, Site
from tests.e2e.steps import chip, choose, field, message, names, pages, rows, save
from tests.fixtures.server import Server

pytestmark = pytest.mark.e2e

ITEMS = "/inventory/items"


@pytest.fixture
def shop(inventory: Server, browser: Browser) -> Iterator[Site]:
    """The console of that server."""
    site = Site(inventory, browser)
    yield site
    site.close()


def add(site: Site, path: str, **values: Any) -> dict[str, Any]:
    """Make a record by the API."""
    made: dict[str, Any] = site.api("POST", f"/inventory/{path}", json=values).json()
    return made


def refer(page: Page, label: str, text: str) -> None:
    """Choose a record for a reference."""
    box = page.get_by_role("combobox", name=re.compile(f"^{label}"))
    box.fill(text)
    page.get_by_role("option", name=text).click()
    expect(box).to_have_value(text)


def test_make(shop: Site) -> None:
    """A new record: what is wrong is said at its field, nothing typed is lost, and it opens."""
    add(shop, "places", name="Cellar")
    add(shop, "items", name="Taken")
    page = shop.administrator("/")
    page.get_by_role("link", name="Items", exact=True).click()
    expect(page.get_by_role("heading", name="Items", level=1)).to_be_visible()
    expect(page).to_have_title("Items · Atrium")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New item")).to_be_visible()
    field(page, "Name").fill("Taken")
    page.get_by_label("Quantity").fill("1250")
    page.get_by_label(re.compile("^Price")).fill("12.5")
    page.get_by_label("Insured").check()
    refer(page, "Place", "Cellar")
    create = page.get_by_role("button", name="Create item")
    create.click()
    expect(page.get_by_text("Another item has this name already.")).to_be_visible()
    expect(field(page, "Name")).to_be_focused()
    expect(page.get_by_label("Quantity")).to_have_value("1250")
    field(page, "Name").fill("Lamp")
    create.click()
    expect(message(page, "Lamp is saved.")).to_be_visible()
    expect(page).to_have_title("Lamp · Items · Atrium")
    expect(page.get_by_role("combobox", name=re.compile("^Place"))).to_have_value("Cellar")
    [lamp] = shop.api("GET", "/inventory/items", params={"q": "Lamp"}).json()["items"]

    assert (lamp["price"], lamp["insured"], lamp["place"]["label"]) == ("12.50", True, "Cellar")


def test_find(shop: Site) -> None:
    """Search, filter, sort, turn pages, choose columns; all of it in the address."""
    add(shop, "places", name="Attic")
    for number in range(60):
        add(shop, "items", name=f"Box {number:02}", quantity=5000 + number, state="used")
    page = shop.administrator(f"{ITEMS}?q=box")
    expect(pages(page)).to_contain_text(rows(1, 50, 60))
    page.get_by_role("button", name="Next page").click()
    expect(pages(page)).to_contain_text(rows(51, 60, 60))
    page.get_by_role("searchbox", name="Search items").fill("box 07")
    expect(pages(page)).to_contain_text(rows(1, 1, 1))
    expect(page.get_by_role("cell", name="5,007", exact=True)).to_be_visible()
    page.get_by_role("searchbox", name="Search items").fill("box")
    page.locator(".filters").get_by_role("button", name="State").click()
    page.get_by_role("menuitemradio", name="Used").click()
    expect(chip(page, "Remove filter State: Used")).to_be_visible()
    expect(pages(page)).to_contain_text(rows(1, 50, 60))
    page.locator(".filters").get_by_role("button", name="Place").click()
    page.get_by_role("combobox", name="Search: Place").fill("att")
    page.get_by_role("option", name="Attic").click()
    expect(page.get_by_text("No item matches")).to_be_visible()
    chip(page, "Remove filter Place: Attic").click()
    quantity = page.get_by_role("columnheader", name="Quantity")
    quantity.get_by_role("button").click()
    expect(quantity).to_have_attribute("aria-sort", "ascending")
    expect(names(page).first).to_have_text("Box 00")
    quantity.get_by_role("button").click()
    expect(names(page).first).to_have_text("Box 59")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("menuitemcheckbox", name="Created").click()
    page.keyboard.press("Escape")
    created = page.get_by_role("columnheader", name="Created")
    expect(created).to_be_visible()
    expect(page.locator("tbody tr").first.locator("td").last).to_contain_text("just now")
    page.reload()
    expect(created).to_be_visible()
    expect(names(page).first).to_have_text("Box 59")


def test_change(shop: Site) -> None:
    """Save, and move by the action's own form; the message takes it back."""
    add(shop, "places", name="Garage")
    item = add(shop, "items", name="Ladder")
    page = shop.administrator(f"{ITEMS}/{item['id']}")
    page.get_by_label("State").select_option("Broken")
    page.get_by_label("Quantity").fill("3")
    save(page)
    expect(message(page, "Saved.")).to_be_visible()
    page.get_by_role("button", name="Move…").click()
    dialog = page.get_by_role("dialog", name="Move")
    dialog.get_by_role("combobox", name="Place").fill("gar")
    dialog.get_by_role("option", name="Garage").click()
    dialog.get_by_role("button", name="Move", exact=True).click()
    expect(message(page, "Moved.")).to_be_visible()
    place = page.get_by_role("combobox", name=re.compile("^Place"))
    expect(place).to_have_value("Garage")
    page.keyboard.press("z")
    expect(page.get_by_text("Taken back.").first).to_be_visible()
    expect(place).to_have_value("")
    expect(page.get_by_label("Quantity")).to_have_value("3")


def test_conflict_and_trail(shop: Site) -> None:
    """Somebody else is faster; the trail tells of all and takes a change back; then it is gone."""
    item = add(shop, "items", name="Torch")
    page = shop.administrator(f"{ITEMS}/{item['id']}")
    page.get_by_label("Quantity").fill("9")
    shop.api("PATCH", f"/inventory/items/{item['id']}", json={"quantity": 5, "state": "used"})
    save(page)
    conflict = page.get_by_role("alertdialog", name="Save anyway?")
    expect(conflict).to_contain_text("saved this item while you were typing.")
    expect(conflict).to_contain_text("Used")
    conflict.get_by_role("button", name="Save mine").click()
    expect(conflict).to_be_hidden()
    expect(page.get_by_label("Quantity")).to_have_value("9")
    expect(page.get_by_label("State")).to_have_value("used")
    page.get_by_role("link", name="Activity").click()
    page.get_by_role("link", name="changed this item").first.click()
    entry = page.get_by_role("dialog", name="Audit entry")
    entry.get_by_role("button", name="Take this back").click()
    expect(page.get_by_text("Taken back.").first).to_be_visible()
    page.goto(f"{ITEMS}/{item['id']}")
    expect(page.get_by_label("Quantity")).to_have_value("5")
    choose(page, "Delete…")
    page.get_by_role("button", name="Delete item").click()
    expect(message(page, "Torch is deleted.")).to_be_visible()
    expect(page.get_by_role("heading", name="Items", level=1)).to_be_visible()


def test_palette(shop: Site) -> None:
    """Resources are pages of the palette, their records are found, and new ones are made."""
    add(shop, "items", name="Theodolite")
    page = shop.administrator("/")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("new item")
    page.get_by_role("option", name="New item").click()
    expect(page.get_by_role("heading", name="New item")).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search pages").fill("theod")
    page.get_by_role("option", name="Theodolite").click()
    expect(page.get_by_role("heading", name="Theodolite", level=1)).to_be_visible()


def test_nowhere(shop: Site) -> None:
    """An address of no resource says so, loaded or reached in the browser, and going on works."""
    shop.expect_refusal(404)
    page = shop.administrator("/inventory/nothing")
    expect(page.get_by_text("There is nothing here")).to_be_visible()
    expect(page).to_have_title("Not found · Atrium")
    page.get_by_role("link", name="Places", exact=True).click()
    expect(page.get_by_role("heading", name="Places", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_text("There is nothing here")).to_be_visible()


def test_refused(shop: Site) -> None:
    """Without the permission there is no entry in the sidebar, and the page says which it is."""
    shop.expect_refusal(403)
    user = shop.add_user(roles=["guest"])
    page = shop.visit(ITEMS, email=user["email"])
    expect(page.get_by_text("inventory.item.read")).to_be_visible()
    expect(page.get_by_role("link", name="Items", exact=True)).to_have_count(0)


def test_rows_are_kept(shop: Site) -> None:
    """A row is drawn anew only when its record differs."""
    for number in range(3):
        add(shop, "places", name=f"Shelf {number}", note="-")
    page = shop.administrator("/inventory/places?q=shelf&sort=name")
    expect(names(page)).to_have_count(3)
    page.evaluate(
        """() => {
          window.drawn = 0;
          const seen = { subtree: true, childList: true, characterData: true };
          const watch = new MutationObserver((found) => { window.drawn += found.length; });
          watch.observe(document.querySelector("tbody"), seen);
        }"""
    )
    page.get_by_role("button", name="Compact rows").click()
    expect(page.locator(".table-compact")).to_be_visible()

    assert page.evaluate("window.drawn") == 0


def test_accessible(shop: Site, screen: Screen) -> None:
    """No page or dialog has a violation, or is wider than the screen."""
    size, scheme = screen
    place = add(shop, "places", name=f"Place {scheme} " + "with-a-long-name" * 6)
    item = add(shop, "items", name=f"Item {scheme} " + "with-a-long-name" * 6, place=place["id"])
    page = shop.administrator("/", size=size, scheme=scheme)
    found = {}
    for spec in resources.pages:
        path = spec.route.replace("[noun_module]/[noun_name]", "inventory/items")
        path = path.replace("[noun_id]", item["id"])
        found[path] = look_at(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
    page.goto(f"{ITEMS}/{item['id']}")
    page.get_by_role("button", name="Move…").click()
    page.get_by_role("dialog").get_by_role("combobox").click()
    expect(page.locator(".reference-list .picker-option").first).to_be_visible()
    found["move"] = violations_of(page)

    assert {path: lines for path, lines in found.items() if lines} == {}


def test_filter(shop: Site) -> None:
    """Conditions by the types of fields, joined by all and any, stand in the address and a chip."""
    cellar = add(shop, "places", name="Wine cellar")
    add(shop, "items", name="Bottle A", quantity=3, place=cellar["id"])
    add(shop, "items", name="Bottle B", quantity=40)
    add(shop, "items", name="Bottle C", quantity=41, state="broken")
    page = shop.administrator(f"{ITEMS}?q=bottle")
    expect(pages(page)).to_contain_text(rows(1, 3, 3))
    page.get_by_role("button", name="More filters").click()
    dialog = page.get_by_role("dialog", name="Filter items")
    dialog.get_by_label("Field", exact=True).select_option("Quantity")
    dialog.get_by_label("How Quantity is compared").select_option("is at least")
    dialog.get_by_role("button", name="Show").click()
    expect(dialog.get_by_text("Say what it is compared with.")).to_be_visible()
    dialog.get_by_label("Quantity is at least").fill("40")
    dialog.get_by_role("button", name="Add a group").click()
    group = dialog.get_by_role("group", name="Conditions within")
    group.get_by_label("Field", exact=True).select_option("State")
    group.get_by_label("State is", exact=True).select_option("Broken")
    group.get_by_role("button", name="Add a condition").click()
    group.get_by_label("Field", exact=True).nth(1).select_option("Place")
    box = group.get_by_role("combobox", name="Place is", exact=True)
    box.fill("wine")
    group.get_by_role("option", name="Wine cellar").click()
    assert violations_of(page) == []
    dialog.get_by_role("button", name="Show").click()
    words = "Quantity at least 40 and (State is Broken or Place is Wine cellar)"
    expect(chip(page, f"Remove filter Filter: {words}")).to_be_visible()
    expect(pages(page)).to_contain_text(rows(1, 1, 1))
    page.reload()
    expect(pages(page)).to_contain_text(rows(1, 1, 1))
    page.get_by_role("button", name="More filters").click()
    dialog.get_by_label("Match").first.select_option("any")
    expect(dialog.get_by_role("combobox", name="Place is", exact=True)).to_have_value("Wine cellar")
    dialog.get_by_role("button", name="Show").click()
    expect(pages(page)).to_contain_text(rows(1, 3, 3))


def test_many_at_once(shop: Site) -> None:
    """Selected records are changed, moved and deleted after a preview, and taken back as one."""
    add(shop, "places", name="Loft")
    for number in range(3):
        add(shop, "items", name=f"Crate {number}")
    page = shop.administrator(f"{ITEMS}?q=crate&columns=name,quantity,state,place")
    page.get_by_role("checkbox", name="Select all on this page").click()
    bar = page.get_by_role("region", name="Selected rows")
    bar.get_by_role("button", name="Change").click()
    page.get_by_role("menuitem", name="State…").click()
    form = page.get_by_role("dialog", name="Change items")
    form.get_by_label("State").select_option("Used")
    form.get_by_role("button", name="Go on").click()
    preview = page.get_by_role("alertdialog", name="Change items?")
    expect(preview.get_by_text("Crate 0")).to_be_visible()
    preview.get_by_role("button", name="Change").click()
    expect(message(page, "Changed 3 items.")).to_be_visible()
    expect(page.get_by_role("cell", name="Used")).to_have_count(3)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("cell", name="New")).to_have_count(3)
    page.get_by_role("checkbox", name="Select Crate 1").click()
    bar.get_by_role("button", name="Move…").click()
    form = page.get_by_role("dialog", name="Move items")
    refer(page, "Place", "Loft")
    form.get_by_role("button", name="Go on").click()
    page.get_by_role("alertdialog", name="Move items?").get_by_role("button", name="Move").click()
    expect(message(page, "Moved 1 item.")).to_be_visible()
    expect(page.get_by_role("cell", name="Loft")).to_have_count(1)
    page.get_by_role("checkbox", name="Select Crate 2").click()
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog", name="Delete items?").get_by_role(
        "button", name="Delete"
    ).click()
    expect(message(page, "Deleted 1 item.")).to_be_visible()
    expect(pages(page)).to_contain_text(rows(1, 2, 2))


def test_save_the_list(shop: Site) -> None:
    """What the list shows is saved as a file, and how it looks as a view."""
    add(shop, "items", name="Vase", quantity=2)
    page = shop.administrator(f"{ITEMS}?q=vase")
    expect(pages(page)).to_contain_text(rows(1, 1, 1))
    page.get_by_role("button", name="More for this list").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem").filter(has_text="CSV").first.click()
    text = saved.value.path().read_text()
    assert text.splitlines()[0].startswith("id,name,quantity")
    assert len(text.splitlines()) == 2
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Save as…").click()
    dialog = page.get_by_role("dialog", name="Save view")
    dialog.get_by_label("Name").fill("Only vases")
    dialog.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("button", name="Only vases")).to_be_visible()
    page.goto(ITEMS)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitemradio", name="Only vases").click()
    expect(pages(page)).to_contain_text(rows(1, 1, 1))


def test_related(shop: Site) -> None:
    """A record shows what refers to it: more is added, made there, taken away, and all shown."""
    place = add(shop, "places", name="Carport")
    for number in range(12):
        add(shop, "items", name=f"Tyre {number:02}", place=place["id"])
    add(shop, "items", name="Spare jack")
    page = shop.administrator(f"/inventory/places/{place['id']}")
    expect(page.get_by_role("heading", name="Items · 12")).to_be_visible()
    table = page.get_by_role("table", name="Items")
    expect(table.get_by_role("row")).to_have_count(11)
    page.get_by_role("button", name="Add existing…").click()
    dialog = page.get_by_role("dialog", name="Add item")
    box = dialog.get_by_role("combobox", name="Item")
    box.fill("jack")
    dialog.get_by_role("option", name="Spare jack").click()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(message(page, "Item is added.")).to_be_visible()
    expect(page.get_by_role("heading", name="Items · 13")).to_be_visible()
    phone = shop.administrator(f"/inventory/places/{place['id']}", size=(390, 844), scheme="dark")
    expect(phone.get_by_role("heading", name="Items · 13")).to_be_visible()
    assert violations_of(phone) == []
    phone.goto(ITEMS + "?q=tyre")
    phone.get_by_role("button", name="Filters", exact=True).click()
    phone.get_by_role("button", name="More filters").click()
    phone.get_by_label("Field", exact=True).select_option("Quantity")
    assert violations_of(phone) == []
    assert violations_of(page) == []
    table.get_by_role("button", name="Take away Spare jack").click()
    expect(message(page, "Item is taken away.")).to_be_visible()
    expect(page.get_by_role("heading", name="Items · 12")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(chip(page, "Remove filter Place: Carport")).to_be_visible()
    expect(pages(page)).to_contain_text(rows(1, 12, 12))
    page.go_back()
    page.get_by_role("link", name="New item").click()
    expect(page.get_by_role("combobox", name=re.compile("^Place"))).to_have_value("Carport")
    field(page, "Name").fill("Winter tyre")
    page.get_by_label("Create another").check()
    page.get_by_role("button", name="Create item").click()
    expect(message(page, "Winter tyre is saved.")).to_be_visible()
    expect(field(page, "Name")).to_have_value("")
    expect(page.get_by_label("Create another")).to_be_checked()
    field(page, "Name").fill("Snow chain")
    box = page.get_by_role("combobox", name=re.compile("^Place"))
    box.fill("Shed")
    page.get_by_role("option", name="Create “Shed”").click()
    expect(message(page, "Place Shed is made.")).to_be_visible()
    expect(box).to_have_value("Shed")
    page.get_by_label("Create another").uncheck()
    page.get_by_role("button", name="Create item").click()
    expect(page.get_by_role("heading", name="Snow chain", level=1)).to_be_visible()
    expect(page.get_by_role("combobox", name=re.compile("^Place"))).to_have_value("Shed")


def test_tile(shop: Site) -> None:
    """A module's number stands on the overview and leads to the list that it counts."""
    add(shop, "items", name="Cracked mirror", state="broken")
    page = shop.administrator("/")
    page.get_by_role("link", name="Broken items").click()
    expect(chip(page, "Remove filter State: Broken")).to_be_visible()
    expect(page.get_by_role("link", name="Cracked mirror")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="Broken items")).to_be_visible()
    assert violations_of(page) == []

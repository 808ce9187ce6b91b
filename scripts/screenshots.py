"""Take pictures of the console: every page, light and dark, desk and phone.

They go to `var/screenshots`, to be looked at; one of them is the README's.

.venv/bin/python -m scripts.screenshots [FOLDER]
"""

import functools
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from app.bootstrap import build_registry
from scripts import demo_data
from scripts.build_frontend import ROOT
from scripts.programs import CHROMIUM_ARGS, ensure, find_chromium
from scripts.running import ADMIN_EMAIL, ADMIN_PASSWORD, running_platform

FOLDER = ROOT / "var" / "screenshots"
README_PICTURE = ROOT / "docs" / "images" / "console.png"
README_SIZE = (1440, 860)
LARGEST_BYTES = 200_000

SCREENS = {"desk": (1440, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")

RECORD = "Maya Krishnan"
GUEST = demo_data.GUESTS[1]

Steps = Callable[[Page], object]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: whose page, and what is done there before it is taken."""

    name: str
    path: str
    email: str = ADMIN_EMAIL
    password: str = ADMIN_PASSWORD
    steps: Steps | None = None


def main() -> None:
    """Serve made-up data and picture every page and its states."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    chromium = ensure(find_chromium, "chromium")
    with demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGS))
        pictures = [*pages(address), *states(address)]
        for screen, size in SCREENS.items():
            for scheme in SCHEMES:
                take_all(browser, address, pictures, folder / f"{screen}-{scheme}", size)
        take_readme(browser, address)
        browser.close()


@contextmanager
def demonstration() -> Iterator[str]:
    """Serve the made-up company until the block ends; yields the address."""
    with tempfile.TemporaryDirectory(prefix="atrium-demo-") as directory:
        database_url = f"sqlite:///{directory}/demo.db"
        settings = {"ATRIUM_DATABASE__URL": database_url, "ATRIUM_AUTH__BCRYPT_ROUNDS": "4"}
        with running_platform(**settings) as (address, _):
            demo_data.fill(address, database_url, email=ADMIN_EMAIL, password=ADMIN_PASSWORD)
            yield address


def pages(address: str) -> Iterator[Picture]:
    """Every page as the administrator sees it, and those before the sign-in."""
    ids = {"[role_id]": role_id(address), "[user_id]": user_id(address, RECORD)}
    for page in build_registry().pages:
        if page.permission_at is not None:
            # Nothing is installed that it could show.
            continue
        path = re.sub(r"\[\w+\]", lambda name: ids[name.group()], page.route)
        name = re.sub(r"\[(\w+)\]", r"\1", page.route).strip("/").replace("/", "-") or "overview"
        yield Picture(name, path, email="" if path == "/sign-in" else ADMIN_EMAIL)


def states(address: str) -> Iterator[Picture]:
    """What pages look like when something is open, wrong, missing or not allowed."""
    record = f"/users/{user_id(address, RECORD)}"
    guest = demo_data.address_of(GUEST)
    yield Picture("state-overview-guest", "/", guest, demo_data.PASSWORD)
    yield Picture("state-denied", "/users", guest, demo_data.PASSWORD)
    yield Picture("state-explained", f"/access/explain?user={guest}&permission=user.read")
    yield Picture("state-holders", "/access/holders?permission=user.read")
    yield Picture("state-compared", "/access/compare?a=admin&b=guest")
    yield Picture("state-grant-dialog", f"{record}/access", steps=_grant)
    yield Picture("state-not-found", "/no-such-page")
    yield Picture("state-user-not-found", "/users/00000000-0000-7000-8000-000000000000")
    yield Picture("state-no-match", "/users?q=nobody-is-called-so&status=active")
    yield Picture("state-filtered", "/users?status=suspended&role=user")
    yield Picture("state-second-page", "/users?limit=25", steps=_second_page)
    yield Picture("state-selected", "/users", steps=_select_three)
    yield Picture("state-bulk-dialog", "/users", steps=_plan_bulk)
    yield Picture("state-sign-in-error", "/sign-in", email="", steps=_sign_in_wrongly)
    yield Picture("state-new-user-errors", "/users/new", steps=_create_wrongly)
    yield Picture("state-unsaved", record, steps=_change_name)
    yield Picture("state-delete-dialog", record, steps=_menu("Delete…"))
    # An equal's password is nobody's to reset.
    lesser = f"/users/{user_id(address, guest)}"
    yield Picture("state-password-dialog", lesser, steps=_menu("Reset password…"))
    yield Picture("state-palette", "/users", steps=_palette)
    yield Picture("state-keyboard-help", "/users", steps=lambda page: page.keyboard.press("?"))
    yield Picture("state-person-menu", "/users", steps=_person_menu)
    yield Picture("state-filter-menu", "/users", steps=_filter_menu)
    yield Picture("state-navigation", "/users", steps=_navigation)
    role = f"/roles/{role_id(address)}"
    yield Picture("state-role-review", role, steps=_review_role)
    yield Picture("state-role-delete", role, steps=_menu("Delete…"))
    yield Picture("state-members-add", f"{role}/members", steps=_add_people)
    yield Picture("state-audit-entry", "/audit", steps=_open_entry)


def take_all(
    browser: Browser, address: str, pictures: list[Picture], prefix: Path, size: tuple[int, int]
) -> None:
    """Take the pictures on one kind of screen."""
    for picture in pictures:
        scheme = prefix.name.rpartition("-")[2]
        with opened(browser, address, picture, scheme, size) as page:
            page.screenshot(path=f"{prefix}-{picture.name}.png")
        print(f"{prefix.name}  {picture.name}", flush=True)


def take_readme(browser: Browser, address: str) -> None:
    """Take the README's picture: the list of users."""
    README_PICTURE.parent.mkdir(parents=True, exist_ok=True)
    with opened(browser, address, Picture("readme", "/users"), "light", README_SIZE) as page:
        page.screenshot(path=README_PICTURE)
    size = README_PICTURE.stat().st_size
    print(f"{README_PICTURE.relative_to(ROOT)}: {size / 1000:.0f} kB", flush=True)
    if size > LARGEST_BYTES:
        sys.exit(f"That is more than {LARGEST_BYTES / 1000:.0f} kB.")


@contextmanager
def opened(
    browser: Browser, address: str, picture: Picture, scheme: str, size: tuple[int, int]
) -> Iterator[Page]:
    """A tab that shows what is to be pictured."""
    width, height = size
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=width < height,
    )
    if picture.email:
        value = session(address, picture.email, picture.password)
        context.add_cookies([{"name": "atrium_session", "value": value, "url": address}])
    page = context.new_page()
    page.goto(picture.path)
    page.wait_for_load_state("networkidle")
    settle(page)
    if picture.steps is not None:
        picture.steps(page)
        settle(page)
    yield page
    context.close()


def settle(page: Page) -> None:
    """Wait until the server's answers are on the screen."""
    if "/gallery" not in page.url:
        page.locator(".skeleton, .table[aria-busy=true]").first.wait_for(state="detached")
    page.wait_for_timeout(300)


@functools.cache
def session(address: str, email: str, password: str) -> str:
    """Sign in, once per person, and return the session cookie's value."""
    form = {"email": email, "password": password}
    with httpx.Client(base_url=address, headers={"Origin": address}) as client:
        return str(client.post("/session/sign-in", data=form).cookies["atrium_session"])


@contextmanager
def api(address: str) -> Iterator[httpx.Client]:
    """The REST API as the administrator."""
    with httpx.Client(base_url=f"{address}/api/v1") as client:
        sign_in = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        token = client.post("/auth/login", json=sign_in).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def user_id(address: str, name: str) -> str:
    """The id of one of the made-up people."""
    with api(address) as client:
        found = client.get("/users", params={"q": name}).json()
    return str(found["items"][0]["id"])


@functools.cache
def role_id(address: str) -> str:
    """The id of a role with all kinds of grants, made when it is first asked for."""
    names = {"permission": "user.update", "rule": "same_role", "writable": ["display_name"]}
    new = {
        "name": "Support",
        "description": "Helps people with their accounts.",
        "includes": ["guest"],
        "permissions": ["session.*", "user.read"],
        "grants": [names | {"reason": "Names only"}],
    }
    with api(address) as client:
        role = client.post("/roles", json=new).raise_for_status().json()
        people = client.get("/users", params={"limit": 9}).json()["items"]
        members = {"user_ids": [each["id"] for each in people]}
        client.post(f"/roles/{role['id']}/members", json=members).raise_for_status()
    return str(role["id"])


def _second_page(page: Page) -> None:
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**cursor=**")


def _select_three(page: Page) -> None:
    boxes = page.locator("tbody input[type=checkbox]")
    for number in range(3):
        boxes.nth(number).click()
    page.get_by_role("region", name="Selected rows").wait_for()


def _plan_bulk(page: Page) -> None:
    _select_three(page)
    page.get_by_role("button", name="Suspend", exact=True).click()
    page.get_by_role("alertdialog").or_(page.get_by_role("dialog")).first.wait_for()


def _sign_in_wrongly(page: Page) -> None:
    page.get_by_label("E-mail").fill("anna@northwind.example")
    page.get_by_label("Password", exact=True).fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("is wrong").wait_for()


def _create_wrongly(page: Page) -> None:
    page.get_by_label("Name").fill("Ada Okafor")
    page.get_by_label("E-mail").fill(demo_data.address_of("Ada Okafor"))
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Create user").click()
    page.locator("[aria-invalid=true]").first.wait_for()


def _change_name(page: Page) -> None:
    page.get_by_label("Name").fill("Maya K.")


def _menu(item: str) -> Steps:
    def steps(page: Page) -> None:
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name=item).click()
        page.locator("dialog[open]").wait_for()

    return steps


def _grant(page: Page) -> None:
    page.get_by_role("button", name="Grant", exact=True).click()
    page.locator("dialog[open]").wait_for()


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("ma")
    page.wait_for_timeout(600)


def _person_menu(page: Page) -> None:
    page.get_by_role("button", name="Your account").click()


def _filter_menu(page: Page) -> None:
    page.get_by_role("button", name="Status").first.click()


def _navigation(page: Page) -> None:
    """Open the sheet on a phone, fold the sidebar on a desk."""
    name = re.compile("sidebar|navigation", re.IGNORECASE)
    page.get_by_role("button", name=name).locator("visible=true").first.click()


def _review_role(page: Page) -> None:
    page.get_by_role("checkbox", name="audit.read").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("dialog[open]").wait_for()


def _add_people(page: Page) -> None:
    page.get_by_role("button", name="Add people").click()
    page.get_by_label("Search people").last.fill("ma")
    page.locator(".people button").first.click()


def _open_entry(page: Page) -> None:
    page.locator("tbody a, tbody button").first.click()


if __name__ == "__main__":
    main()

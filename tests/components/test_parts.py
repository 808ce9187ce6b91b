"""Small components say what they are to everybody."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import reflex as rx

from components.badge import STATUSES, status_badge
from components.breadcrumbs import breadcrumbs
from components.bulk_bar import bulk_bar
from components.button import button, link_button
from components.confirm_dialog import confirm_dialog
from components.form import form, version_field
from components.head import head
from components.icon_button import icon_button
from components.link import browser_link, go_with
from components.menu import menu, menu_item
from components.native_form import native_form
from components.number import grouped
from components.pagination import pagination
from components.shell import NavItem, NavSection, Person, shell
from components.states import denied_state, error_state
from components.text_input import text_input
from components.values import attributes, class_names, yes_no


def test_icon_button_has_a_name() -> None:
    """The word of an icon button is read aloud."""
    assert '"aria-label":"Delete"' in str(icon_button("trash_2", "Delete"))


def test_loading_button_cannot_be_pressed() -> None:
    """Busy buttons say so and ignore clicks."""
    drawn = str(button("Save", loading=True))

    assert '"aria-busy":"true"' in drawn
    assert "disabled:true" in drawn


def test_link_button_stays_in_application() -> None:
    """The router follows a path; the browser follows what the router cannot."""
    assert 'to:"/posts/new"' in str(link_button("New post", href="/posts/new"))
    assert 'href:"/api/users.csv"' in str(link_button("Export", href="/api/users.csv", native=True))


def test_new_tab_gets_no_handle() -> None:
    """Another site never holds our window."""
    drawn = str(browser_link("Site", href="https://example.org", new_tab=True))

    assert 'rel:"noopener noreferrer"' in drawn


def test_parameters_are_set_in_the_browser() -> None:
    """Where a changed parameter leads is known without the server."""
    drawn = str(button("Active", on_click=go_with(("status", "active"))))

    assert 'addressWith([["status", "active"]])' in drawn
    assert '"_redirect"' in drawn


def test_head_holds_what_runs_before_the_first_paint() -> None:
    """It waits for no file, and ends where it is meant to."""
    *_, script = map(str, head())

    assert "atrium.sidebar" in script
    assert "</script" not in script


def test_menu_holds_items() -> None:
    """A menu is a menu, its items are items, and its button has a name."""
    drawn = str(menu(menu_item("Rename"), label="Actions", icon="ellipsis"))

    assert 'role:"menu"' in drawn
    assert 'role:"menuitem"' in drawn
    assert drawn.count('"aria-label":"Actions"') == 2


@pytest.mark.parametrize("status", STATUSES)
def test_status_is_icon_and_word(status: str) -> None:
    """Colour never stands alone."""
    words, _tone, _icon = STATUSES[status]

    drawn = str(status_badge(status))

    assert f'"{words}"' in drawn
    assert "jsx(Lucide" in drawn


def test_unknown_status_is_shown_as_it_is() -> None:
    """A module's own status does not disappear."""
    assert '"brewing"' in str(status_badge("brewing"))


INITIALS = {
    "Anna Berg": "AB",
    "Anna Maria Berg": "AB",
    "anna anna": "AA",
    "Cher": "C",
    "": "",
    # What is no part of a name.
    "Robert Johnson II": "RJ",
    "Johnson II": "J",
    "Sammy Davis Jr.": "SD",
    "Ann Lee, PhD": "AL",
    "Ben Ito (contractor)": "BI",
    "Priya V": "PV",
    # Any script, and letters with marks.
    "王小明": "王",
    "田中 太郎": "田太",
    "김민준": "김",
    "øyvind ødegård": "ØØ",
    "e\u0301lodie ßmann": "E\u0301ß",
    "मीरा शर्मा": "मीश",
    "محمد الراشد": "م\u200c\u0627",
    # No letters at its beginning, or none at all.
    "🎉 Party Planner": "PP",
    "“Bo” O'Neill": "BO",
    "👩‍👩‍👧": "👩‍👩‍👧",
    # Numbers only where there is nothing else.
    "Bea Ito 872": "BI",
    "3rd Floor": "3F",
    "42": "4",
}


def test_initials() -> None:
    """First letters of the first and the last word that are parts of the name."""
    module = (Path(__file__).parents[2] / "components" / "avatar.jsx").read_text()
    lines = module.replace('import { memo } from "react";', "const memo = (drawn) => drawn;")
    told = f"console.log(JSON.stringify({json.dumps(list(INITIALS))}.map(initialsOf)));"
    program = [str(Path(sys.executable).with_name("node")), "--input-type=module", "-"]
    ran = subprocess.run(
        program, input=f"{lines}\n{told}", capture_output=True, check=True, text=True
    )

    assert dict(zip(INITIALS, json.loads(ran.stdout), strict=True)) == INITIALS


def test_last_crumb_is_this_page() -> None:
    """Only the last one is current, and it is no link."""
    drawn = str(breadcrumbs([("Roles", "/roles"), ("Editor", None)]))

    assert drawn.count('"aria-current":"page"') == 1
    assert 'to:"/roles"' in drawn


def test_native_form_is_sent_by_the_browser() -> None:
    """No handler stands between the form and the server."""
    drawn = str(native_form(button("Go"), action="/session", hidden={"next": "/users"}))

    assert 'action:"/session"' in drawn
    assert 'method:"post"' in drawn
    assert '"/users"' in drawn
    assert "onSubmit" not in drawn


def test_form_hands_over_data() -> None:
    """The form calls its handler and knows when it starts anew."""
    drawn = str(form(text_input("title"), on_submit=rx.prevent_default, version=3))

    assert "onSave" in drawn
    assert "version:3" in drawn


def test_confirm_dialog_says_the_consequence() -> None:
    """The question is an alert with its consequence; the name is asked for only when given."""
    asked = confirm_dialog(
        "Delete role?",
        "3 users lose access.",
        open=True,
        on_confirm=rx.prevent_default,
        on_close=rx.prevent_default,
        confirm_label="Delete role",
    )

    assert 'role:"alertdialog"' in str(asked)
    assert "3 users lose access." in str(asked)
    assert "ExactInput" not in str(asked)


def test_denied_names_permission_and_grantor() -> None:
    """Nobody has to guess what to ask for, and whom."""
    drawn = str(denied_state("user.update", granted_by="Anna Berg"))

    assert '"user.update"' in drawn
    assert '"Anna Berg"' in drawn


def test_error_is_an_alert_with_its_request() -> None:
    """The id leads to the log."""
    drawn = str(error_state("No list.", request_id="01H", on_retry=rx.prevent_default))

    assert 'role:"alert"' in drawn
    assert '"01H"' in drawn
    assert '"Try again"' in drawn


def test_count_is_grouped() -> None:
    """Thousands are separated, in Python and in the browser."""
    assert grouped(12480) == "12,480"
    assert "toLocaleString" in str(grouped(rx.Var("total", _var_type=int)))


def test_a_count_that_stopped_says_so() -> None:
    """A count that stopped does not pretend to be all."""
    drawn = str(
        pagination(
            start=1,
            end=50,
            total=12480,
            or_more=True,
            has_previous=False,
            has_next=True,
            on_previous=rx.prevent_default,
            on_next=rx.prevent_default,
        )
    )

    assert '"more than "' in drawn
    assert '"12,480"' in drawn


def test_everything_is_offered_after_the_page() -> None:
    """On a desk once the page is selected; on a phone, which has no box for that, at once."""

    def draw(*, page: bool, everything: bool) -> str:
        return str(
            bulk_bar(
                count=rx.Var.create(2),
                total=12480,
                page_selected=page,
                all_selected=everything,
                on_select_all=rx.prevent_default,
                on_clear=rx.prevent_default,
            )
        )

    assert "Select all " in draw(page=True, everything=False)
    assert "12,480" in draw(page=True, everything=False)
    assert '"phone-only"' in draw(page=False, everything=False)
    assert '"that match are selected"' in draw(page=True, everything=True)
    assert '"data-shortcut":"Escape"' in draw(page=True, everything=True)


def test_shell_leaves_out_what_is_not_allowed() -> None:
    """A page that may not be opened is neither in the sidebar nor in the palette."""
    sections = [
        NavSection(
            "Access",
            [
                NavItem("Users", "/users", "users"),
                NavItem("Secrets", "/secrets", "key", visible=False),
            ],
        )
    ]

    drawn = str(shell("Page", sections=sections, trail=[("Users", None)], who=Person("Anna")))

    assert "/users" in drawn
    assert "/secrets" not in drawn
    assert "Skip to content" in drawn


def test_values() -> None:
    """Names that do not apply are left out, flags become words."""
    assert class_names("a", None, "", "b") == ["a", "b"]
    assert attributes(aria_label="x", title=None) == {"aria-label": "x"}
    assert yes_no(flag=True) == "true"


@pytest.mark.parametrize("kind", [str, int])
def test_version_travels_as_it_is(kind: type) -> None:
    """Also a version that is a text is compared with what the server calls it."""
    [value] = [
        each
        for each in version_field(rx.Var("version", _var_type=kind)).render()["props"]
        if each.startswith("value:")
    ]

    assert "JSON" not in value

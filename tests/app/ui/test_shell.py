"""What every page is put into."""

from itertools import pairwise

import pytest
import reflex as rx

from app.bootstrap import build_registry
from app.core.module import PageSpec
from app.core.permissions import SIGNED_IN
from app.ui.shell import _trail, compose, title_of

REGISTRY = build_registry()


def page(route: str) -> PageSpec:
    """The page with this route."""
    return next(each for each in REGISTRY.pages if each.route == route)


class TestTitle:
    """What the browser's tab says."""

    @pytest.mark.parametrize(
        ("route", "title"), [("/", "Overview · Atrium"), ("/users/new", "New user · Atrium")]
    )
    def test_is_fixed(self, route: str, title: str) -> None:
        """A page without a record has one title."""
        assert title_of(page(route), REGISTRY) == title

    @pytest.mark.parametrize("route", ["/users/[user_id]", "/users/[user_id]/sessions"])
    def test_names_the_record(self, route: str) -> None:
        """A record's pages carry its name, which only the browser knows."""
        title = title_of(page(route), REGISTRY)

        assert isinstance(title, rx.Var)
        assert "user_record" in str(title)


class TestTrail:
    """Breadcrumbs."""

    def test_leads_back_to_the_record(self) -> None:
        """Above a record's further page stands the record, by name and address."""
        section, users, record, here = _trail(page("/users/[user_id]/activity"), REGISTRY)

        assert section == ("Access", None)
        assert users == ("Users", "/users")
        assert here[0] == "Activity"
        assert "user_record" in str(record[0])
        assert "user_record" in str(record[1])
        assert "[user_id]" not in str(record[1])

    @pytest.mark.parametrize("route", [each.route for each in REGISTRY.pages if each.framed])
    def test_says_nothing_twice(self, route: str) -> None:
        """No word stands beside itself."""
        words = [str(step[0]) for step in _trail(page(route), REGISTRY)]

        assert all(one != other for one, other in pairwise(words))


class TestPage:
    """What surrounds every page."""

    @pytest.mark.parametrize("route", ["/users", "/sign-in"])
    def test_is_not_drawn_anew_at_another_address(self, route: str) -> None:
        """Going on in a list draws its rows, and not the page with all its menus and dialogs."""
        assert str(compose(page(route), REGISTRY)).startswith("jsx(DrawnOnce")


class TestPalette:
    """What the command palette offers."""

    def test_everywhere(self) -> None:
        """Actions of features and of the shell itself, with what each needs."""
        drawn = str(compose(PageSpec("/x", "X", SIGNED_IN, rx.fragment), REGISTRY))

        for words in (
            "Guard coverage",
            "New user",
            "My profile",
            "Change password",
            "Sign out",
            "Dark theme",
        ):
            assert f'"{words}"' in drawn
        assert "Suspend this user" not in drawn

    @pytest.mark.parametrize("route", ["/users/[user_id]", "/users/[user_id]/activity"])
    def test_on_this_page(self, route: str) -> None:
        """A record offers what can be done with it, on all of its pages."""
        drawn = str(compose(page(route), REGISTRY))

        assert "Suspend this user" in drawn

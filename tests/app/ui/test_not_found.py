"""What addresses that lead nowhere show."""

from app.bootstrap import build_registry
from app.ui.not_found import not_found_page


def test_says_that_there_is_nothing_and_leads_back() -> None:
    """A person who mistyped is not left alone; a curious one learns nothing."""
    page = str(not_found_page(build_registry()))

    assert "There is nothing here" in page
    assert "Back to overview" in page
    assert 'to:"/"' in page


def test_keeps_the_console() -> None:
    """Who is signed in can go on from there by the sidebar."""
    page = str(not_found_page(build_registry()))

    assert 'to:"/users"' in page
    assert 'className:"auth"' in page

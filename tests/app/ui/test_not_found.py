"""What addresses that lead nowhere show."""

from app.ui.not_found import not_found_page


def test_says_that_there_is_nothing_and_leads_back() -> None:
    """A person who mistyped is not left alone; a curious one learns nothing."""
    page = str(not_found_page())

    assert "There is nothing here" in page
    assert "Back to overview" in page
    assert 'to:"/"' in page

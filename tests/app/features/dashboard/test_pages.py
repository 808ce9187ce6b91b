"""The overview."""

from app.features.dashboard.pages import overview_page


def test_overview_answers_the_questions_of_the_morning() -> None:
    """Each number has a name and leads to the list that explains it."""
    page = str(overview_page())

    for words in ("Active users", "Failed sign-ins", "Denied actions", "Health", "Recent activity"):
        assert words in page
    for address in ("/users?status=active", "/audit?outcome=denied&since=24h"):
        assert address in page


def test_overview_has_something_for_everybody() -> None:
    """Whoever runs nothing sees their own account."""
    page = str(overview_page())

    for words in ("Your recent activity", "Your account", "Your profile"):
        assert words in page

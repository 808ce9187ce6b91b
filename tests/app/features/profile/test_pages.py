"""The page about oneself."""

from app.features.profile.pages import PASSWORD_CHANGED, profile_page
from app.http.origin import local_path


def test_profile_names_its_parts() -> None:
    """All that is one's own to see and to change."""
    page = str(profile_page())

    for words in (
        "Roles and permissions",
        "Change password",
        "As the device",
        "Show all keys",
        "You sign in with it. An administrator can change it.",
    ):
        assert words in page


def test_password_form_comes_back_here() -> None:
    """The way back is one that the server accepts."""
    page = str(profile_page())

    assert '"/session/password"' in page
    assert PASSWORD_CHANGED in page
    assert local_path(PASSWORD_CHANGED) == PASSWORD_CHANGED

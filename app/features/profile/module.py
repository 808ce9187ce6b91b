"""The profile feature."""

from app.core.module import Action, Module, PageSpec
from app.core.permissions import SIGNED_IN
from app.features.profile.pages import own_sessions_page, profile_page
from app.features.profile.state import OwnSessions, Profile

module = Module(
    id="profile",
    pages=(
        PageSpec("/profile", "Profile", SIGNED_IN, profile_page, [Profile.load]),
        PageSpec("/profile/sessions", "Sessions", SIGNED_IN, own_sessions_page, [OwnSessions.load]),
    ),
    actions=(
        Action("My profile", SIGNED_IN, href="/profile", keywords="account name me"),
        Action(
            "Change password",
            SIGNED_IN,
            href="/profile#field-current_password",
            keywords="my own security",
        ),
        Action("My sessions", SIGNED_IN, href="/profile/sessions", keywords="devices signed in"),
        Action(
            "End all other sessions",
            SIGNED_IN,
            event=OwnSessions.end_others,
            page="/profile/sessions",
            keywords="sign out everywhere",
        ),
    ),
)

"""The profile feature."""

from app.core.module import Module, PageSpec
from app.core.permissions import SIGNED_IN
from app.features.profile.pages import profile_page
from app.features.profile.state import Profile

module = Module(
    id="profile",
    pages=(PageSpec("/profile", "Profile", SIGNED_IN, profile_page, [Profile.load]),),
)

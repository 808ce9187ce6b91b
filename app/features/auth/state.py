"""State of the sign-in pages; they hold nothing but where to go next."""

import reflex as rx

from app.core.permissions import PUBLIC
from app.http.origin import local_path
from app.ui.handlers import handler
from app.ui.page_state import PageState


class SignIn(PageState, rx.State):
    """Where somebody wanted to go before they were asked to sign in."""

    next: str = "/"

    @handler(PUBLIC)
    async def load(self) -> None:
        """Take the way back from the address."""
        self.next = local_path(str(self.router.url.query_parameters.get("next", "/")))

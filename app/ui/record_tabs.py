"""The pages of one record, whoever contributes them."""

from uuid import UUID

from app.core.ids import parse_id
from app.ui import runtime


def record_id(path: str) -> UUID | None:
    """The id of the record in an address such as `/users/…/activity`; None when it has none."""
    parts = path.strip("/").split("/")
    return parse_id(parts[1]) if len(parts) > 1 else None


def record_tabs(route: str, address: str, *, first: str) -> list[dict[str, str]]:
    """The record's page and those below it that the person may open, as `{"label", "href"}`.

    Args:
        route: Route of the record's own page, e.g. `/users/[user_id]`.
        address: Where this record is.
        first: What the tab of its own page is called; the others have their page's title.
    """
    may = runtime.caller().actor.may
    below = [
        {"label": page.title, "href": address + page.route.removeprefix(route)}
        for page in runtime.current().registry.pages
        if page.route.startswith(f"{route}/") and may(page.permission)
    ]
    return [{"label": first, "href": address}, *below]

"""What the state of a list needs for saved views."""

from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from app.core.errors import Conflict, Invalid
from app.core.ids import parse_id
from app.core.permissions import SIGNED_IN
from app.features.views.permissions import ViewPermission
from app.features.views.schemas import ViewCreate, ViewRead, ViewRename, ViewReplace
from app.features.views.service import ViewService
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.list_state import ListState

_NO_ID = UUID(int=0)


class ViewedListState(ListState, mixin=True):
    """A list with saved views; its `load` calls `_load_views` after `_read_address`."""

    views: list[dict[str, str]] = []
    """`{"id", "label", "shared", "address"}` each, `shared` being `yes` or empty."""
    view_name: str = ""
    """Of the view in force; empty when there is none."""
    view_is_own: bool = False
    view_is_shared: bool = False
    view_is_modified: bool = False
    """The list is not as the view has it."""
    view_dialog: str = ""
    """What is asked: `save`, `rename`, `delete` or nothing."""

    async def _load_views(self) -> None:
        """Offer one's own and the shared views, and name the one that the address names."""
        self.view_dialog = ""
        async with runtime.operations(ViewService) as service:
            found = await service.of_list(self._path())
        self.views = [
            {
                "id": str(view.id),
                "label": view.name,
                "shared": "yes" if view.is_shared else "",
                "address": self._address_of_view(view),
            }
            for view in found
        ]
        view = next((view for view in found if str(view.id) == self.view_id), None)
        self.view_id = str(view.id) if view else ""
        self.view_name = view.name if view else ""
        self.view_is_own = view is not None and view.is_own
        self.view_is_shared = view is not None and view.is_shared
        look = {key: str(value) for key, value in self._look().items()}
        self.view_is_modified = view is not None and dict(parse_qsl(view.query)) != look

    @handler(SIGNED_IN)
    async def ask_view(self, dialog: str) -> None:
        """Ask for a name, or whether the view is to be deleted."""
        self._clear_form_problem()
        if dialog in ("save", "rename", "delete"):
            self.view_dialog = dialog

    @handler(SIGNED_IN)
    async def close_view_dialog(self) -> None:
        """Leave everything as it is."""
        self.view_dialog = ""

    @handler(SIGNED_IN)
    async def save_view(self, form: dict[str, Any]) -> Any:
        """Save how the list looks now under a name, and share it when that is wanted."""
        self._clear_form_problem()
        query = urlencode(self._look())
        try:
            new = parse(
                ViewCreate, {"path": self._path(), "name": form.get("name"), "query": query}
            )
            async with runtime.operations(ViewService) as service:
                view = await service.create(new)
                if form.get("shared") is True:
                    view = await service.share(view.id)
        except (Invalid, Conflict) as error:
            self._show_form_problem(error)
            return None
        self.view_id = str(view.id)
        await self._load_views()
        return self._same_page()

    @handler(SIGNED_IN)
    async def rename_view(self, form: dict[str, Any]) -> None:
        """Give the view in force another name."""
        self._clear_form_problem()
        try:
            change = parse(ViewRename, {"name": form.get("name")})
            async with runtime.operations(ViewService) as service:
                await service.rename(self._known_view(), change)
        except (Invalid, Conflict) as error:
            self._show_form_problem(error)
            return
        await self._load_views()

    @handler(SIGNED_IN)
    async def update_view(self) -> None:
        """Let the view in force show what the list shows now."""
        change = parse(ViewReplace, {"query": urlencode(self._look())})
        async with runtime.operations(ViewService) as service:
            view = await service.replace(self._known_view(), change)
        await self._tell(view, "shows this from now on")

    @handler(ViewPermission.SHARE)
    async def share_view(self) -> None:
        """Let others use the view in force."""
        async with runtime.operations(ViewService) as service:
            view = await service.share(self._known_view())
        await self._tell(view, "is there for everybody who may see this list")

    @handler(SIGNED_IN)
    async def unshare_view(self) -> None:
        """Keep the view in force to oneself."""
        async with runtime.operations(ViewService) as service:
            view = await service.unshare(self._known_view())
        await self._tell(view, "is yours alone again")

    @handler(SIGNED_IN)
    async def delete_view(self) -> Any:
        """Delete the view in force; the list stays as it looks."""
        async with runtime.operations(ViewService) as service:
            await service.delete(self._known_view())
        await self._say(f"View {self.view_name} is deleted.")
        self.view_id = ""
        await self._load_views()
        return self._same_page()

    def _address_of_view(self, view: ViewRead) -> str:
        """Where the list is as the view has it."""
        query = "&".join(filter(None, [view.query, urlencode({"view": str(view.id)})]))
        return f"{self._path()}?{query}"

    async def _tell(self, view: ViewRead, words: str) -> None:
        await self._load_views()
        await self._say(f"View {view.name} {words}.")

    def _known_view(self) -> UUID:
        return parse_id(self.view_id) or _NO_ID

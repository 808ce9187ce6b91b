"""Operations on saved views."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.audit import diff
from app.core.errors import Conflict, NotFound, PermissionDenied
from app.core.operations import Service, operation, query
from app.core.permissions import SIGNED_IN
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork
from app.features.views.models import ListView
from app.features.views.permissions import ViewPermission
from app.features.views.repository import ViewRepository
from app.features.views.schemas import ViewCreate, ViewRead, ViewRename, ViewReplace

MOST = 50
"""How many views of one list somebody can have."""


class ViewService(Service):
    """Saved views within one unit of work.

    Everybody changes their own; those who share let others use them, not change them.
    """

    def __init__(self, uow: UnitOfWork, views: ViewRepository, registry: Registry) -> None:
        super().__init__(uow)
        self._views = views
        self._registry = registry

    @query(SIGNED_IN, action="view.read")
    async def of_list(self, path: str) -> list[ViewRead]:
        """One's own and all shared views of a list, by name.

        Raises:
            NotFound: There is no such list.
            PermissionDenied: The actor may not see the list.
        """
        self._check_list(path)
        views = await self._views.visible(path, self.uow.actor.user_id)
        return [self._read(view) for view in views]

    @operation(SIGNED_IN, action="view.create")
    async def create(self, new: ViewCreate) -> ViewRead:
        """Save a view of one's own; nobody else sees it until it is shared.

        Raises:
            NotFound: There is no such list.
            PermissionDenied: The actor may not see the list.
            Conflict: One's own views of the list are too many, or one has this name.
        """
        self.uow.audit.about("view", "", new.name)
        self._check_list(new.path)
        owner_id = self.uow.actor.user_id
        if owner_id is None:
            code = "view.not_a_user"
            raise Conflict(code, "The system itself has no views.")
        if await self._views.count_own(owner_id, new.path) >= MOST:
            code = "view.too_many"
            raise Conflict(code, f"You have {MOST} views of this list; delete one first.")
        return await self._save(ListView(owner_id=owner_id, **new.model_dump()), None)

    @operation(SIGNED_IN, action="view.rename")
    async def rename(self, view_id: UUID, change: ViewRename) -> ViewRead:
        """Give one's own view another name.

        Raises:
            NotFound: No such view of one's own.
            Conflict: Another one of the list has this name.
        """
        view = await self._own(view_id)
        before = self._read(view)
        view.name = change.name
        return await self._save(view, before)

    @operation(SIGNED_IN, action="view.replace")
    async def replace(self, view_id: UUID, change: ViewReplace) -> ViewRead:
        """Let one's own view show something else.

        Raises:
            NotFound: No such view of one's own.
        """
        view = await self._own(view_id)
        before = self._read(view)
        view.query = change.query
        return await self._save(view, before)

    @operation(ViewPermission.SHARE)
    async def share(self, view_id: UUID) -> ViewRead:
        """Let everybody who may see the list use one's own view.

        Raises:
            NotFound: No such view of one's own.
        """
        return await self._set_shared(view_id, is_shared=True)

    @operation(SIGNED_IN, action="view.unshare")
    async def unshare(self, view_id: UUID) -> ViewRead:
        """Keep one's own view to oneself again.

        Raises:
            NotFound: No such view of one's own.
        """
        return await self._set_shared(view_id, is_shared=False)

    @operation(SIGNED_IN, action="view.delete")
    async def delete(self, view_id: UUID) -> None:
        """Remove one's own view, for all who use it.

        Raises:
            NotFound: No such view of one's own.
        """
        view = await self._own(view_id)
        before = self._read(view)
        await self._views.delete(view)
        self.uow.audit.about("view", view_id, before.name, changes=diff(before, None))

    def _check_list(self, path: str) -> None:
        permission = self._permission_of(path)
        if permission is None:
            code = "view.list.not_found"
            raise NotFound(code, "There is no such list.")
        if not self.uow.actor.may(permission):
            raise PermissionDenied(permission)

    def _permission_of(self, path: str) -> str | None:
        """What somebody needs to see a list; None where there is none."""
        service = self._registry.service_at(path)
        if service is not None and path == service.resource.meta.path:
            permission: str = service.resource.meta.permission("read")
            return permission
        pages = (page.permission for page in self._registry.pages if page.route == path)
        return next(pages, None)

    async def _own(self, view_id: UUID) -> ListView:
        view = await self._views.get(view_id, for_update=True)
        # Not even that a shared one exists: the list says that to those who may see it.
        if view is None or view.owner_id != self.uow.actor.user_id:
            code = "view.not_found"
            raise NotFound(code, "You have no such view.")
        self.uow.audit.about("view", view.id, view.name)
        self._check_list(view.path)
        return view

    async def _set_shared(self, view_id: UUID, *, is_shared: bool) -> ViewRead:
        view = await self._own(view_id)
        before = self._read(view)
        view.is_shared = is_shared
        return await self._save(view, before)

    async def _save(self, view: ListView, before: ViewRead | None) -> ViewRead:
        view.updated_at = clock.now()
        name = view.name
        try:
            await self._views.add(view)
        except IntegrityError as error:
            message = f"You have a view {name} of this list already."
            raise Conflict("view.name.taken", message, fields={"name": message}) from error
        after = self._read(view)
        self.uow.audit.about("view", view.id, view.name, changes=diff(before, after))
        return after

    def _read(self, view: ListView) -> ViewRead:
        is_own = view.owner_id == self.uow.actor.user_id
        return ViewRead.model_validate(view).model_copy(update={"is_own": is_own})

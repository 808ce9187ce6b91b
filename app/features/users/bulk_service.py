"""What bulk actions on users would change, said before they do."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from app.core import bulk
from app.core.bulk import BulkPreview, Group
from app.core.operations import query
from app.core.rows import Rows
from app.features.users.permissions import UserPermission
from app.features.users.repository import COUNT_LIMIT
from app.features.users.schemas import UserFilter, UserListQuery, UserRead, UserStatus
from app.features.users.service_base import UserServiceBase


class UserBulkService(UserServiceBase):
    """Previews of bulk actions on users, within one unit of work."""

    @query(UserPermission.SUSPEND, action="user.suspend.preview")
    async def preview_status(
        self, status: UserStatus, whom: UserFilter | Sequence[UUID]
    ) -> BulkPreview:
        """What giving these users this status would change; nothing is changed.

        Args:
            status: `suspended` stands for `suspend`, `active` for `reactivate`.
            whom: Those who match, or those with these ids.
        """
        preview = BulkPreview()
        graph = await self._roles.graph()
        suspending = status == UserStatus.SUSPENDED
        administrators = await self._roles.administrators() if suspending else set()
        spare = len(administrators) - 1
        left = bulk.MOST
        async for users in self._with_other_status(status, whom, preview):
            held = await self._roles.held_by([user.id for user in users[:left]])
            for user in users[:left]:
                theirs = graph.access(*held[user.id])
                is_administrator = user.id in administrators
                if user.id == self.uow.actor.user_id:
                    preview.skip("you yourself", [user.display_name])
                elif not self.uow.actor.access.includes_all(theirs):
                    preview.skip("may do what you may not", [user.display_name])
                elif is_administrator and spare < 1:
                    preview.skip("the last administrator", [user.display_name])
                else:
                    spare -= is_administrator
                    preview.take(user.id, user.display_name)
            left -= len(users)
            if left < 0:
                preview.is_cut = True
                break
        return preview

    @query(UserPermission.ASSIGN_ROLES, action="user.assign_roles.preview", recent_sign_in=True)
    async def preview_role(
        self, role: str, whom: UserFilter | Sequence[UUID], *, give: bool
    ) -> BulkPreview:
        """Whom giving or taking a role would concern; nothing is changed.

        Args:
            role: Its name.
            whom: Those who match, or those with these ids.
            give: Whether they are to have it, or no longer.
        """
        preview = BulkPreview()
        reason = f"{'has' if give else 'does not have'} the role {role}"
        rows = self._rows(UserPermission.ASSIGN_ROLES)
        async for user in self._matching(whom, rows, ["display_name", "roles"], preview):
            if (role in user.roles) == give:
                preview.skip(reason, [user.display_name])
            else:
                preview.take(user.id, user.display_name)
        return preview

    async def _matching(
        self,
        whom: UserFilter | Sequence[UUID],
        acting: Rows,
        fields: Sequence[str],
        preview: BulkPreview,
    ) -> AsyncIterator[UserRead]:
        """Those whom an action reaches and whose fields may be read, as many as it looks at."""
        rows = self._rows(UserPermission.READ).narrowed(acting, fields)
        if not isinstance(whom, UserFilter):
            for user in await self._users.with_ids(whom, rows):
                yield user
            return
        left = bulk.MOST
        async for users in self._users.walk(whom, rows):
            for user in users.items[:left]:
                yield user
            left -= len(users)
            if left < 0:
                preview.is_cut = True
                return

    async def _with_other_status(
        self, status: UserStatus, whom: UserFilter | Sequence[UUID], preview: BulkPreview
    ) -> AsyncIterator[list[UserRead]]:
        """Those who have not this status yet; the preview says who has."""
        already = f"{status} already"
        rows = self._rows(UserPermission.READ).narrowed(
            self._rows(UserPermission.SUSPEND), ["display_name", "status"]
        )
        if not isinstance(whom, UserFilter):
            users = await self._users.with_ids(whom, rows)
            preview.skip(already, [user.display_name for user in users if user.status == status])
            yield [user for user in users if user.status != status]
            return
        if whom.status in (None, status):
            having = whom.model_copy(update={"status": status})
            count = await self._users.count(having, rows)
            if count:
                page = await self._users.page(UserListQuery(**dict(having), limit=bulk.NAMED), rows)
                names = [user.display_name for user in page.items]
                is_exact = count <= COUNT_LIMIT
                preview.skipped[already] = Group(min(count, COUNT_LIMIT), names, is_exact)
        if whom.status != status:
            [other] = set(UserStatus) - {status}
            async for users in self._users.walk(whom.model_copy(update={"status": other}), rows):
                yield users.items

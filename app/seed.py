"""What every database starts with: the default roles and one administrator."""

import secrets
from dataclasses import dataclass

from dishka import AsyncContainer
from pydantic import SecretStr

from app.core.actor import SYSTEM, RequestContext
from app.core.ids import new_id
from app.core.migrations import Migrator
from app.core.unit_of_work import UnitOfWork, open_unit
from app.features.roles.repository import RoleRepository
from app.features.roles.service import DEFAULT_ROLES, RoleService
from app.features.users.schemas import UserCreate
from app.features.users.service import UserService
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was missing and is there now; `password` only when it was generated."""

    roles: tuple[str, ...] = ()
    admin_email: str = ""
    password: str = ""


async def seed(container: AsyncContainer, settings: Settings) -> Seeded:
    """Create the default roles and an administrator where they are missing.

    Two processes that seed at once agree: the second finds what the first made.
    """
    context = RequestContext(request_id=new_id().hex, channel="system")
    migrator = await container.get(Migrator)
    async with (
        migrator.locked(),
        open_unit(container, SYSTEM, context) as unit,
    ):
        uow = await unit.get(UnitOfWork)
        roles = await unit.get(RoleService)
        users = await unit.get(UserService)
        present = {role.name for role in await roles.all()}
        made: list[str] = []
        if not present.issuperset(DEFAULT_ROLES):
            made = await roles.ensure_defaults()
        email, password = "", ""
        if not await (await unit.get(RoleRepository)).administrators():
            given = settings.bootstrap.admin_password
            password = "" if given else secrets.token_urlsafe(12)
            created = await users.create(
                UserCreate(
                    email=settings.bootstrap.admin_email,
                    display_name="Administrator",
                    password=given or SecretStr(password),
                    roles=["admin"],
                    verified=True,
                    must_change_password=given is None,
                )
            )
            email = created.email
        await uow.commit()
    return Seeded(tuple(made), email, password)

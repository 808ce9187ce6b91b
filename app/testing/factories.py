"""Factories: things to test with, made by the platform's own operations.

Everything has a working default; a test names only what it is about.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

from app.core.actor import SYSTEM
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import Role
from app.features.roles.repository import RoleRepository
from app.features.roles.schemas import GrantSpec, RoleRead
from app.features.users.schemas import UserCreate, UserRead
from app.features.users.service import UserService
from app.testing.platform import Platform

PASSWORD = "correct horse battery staple"  # noqa: S105 - the password of every made user


class Factory:
    """Base of factories: makes things of one kind, numbered from 1."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._numbers = count(1)

    @property
    def number(self) -> int:
        """The next number, so that two things differ."""
        return next(self._numbers)


class RoleFactory(Factory):
    """Makes roles."""

    async def __call__(self, *grants: str | GrantSpec, name: str = "") -> RoleRead:
        """A role with these grants, also such as no feature declares (any more)."""
        name = name or f"role-{self.number}"
        role = Role(name=name)
        role.be_called(name)
        specs = [_spec(each) for each in grants]
        async with self.platform.caller(SYSTEM).unit() as unit:
            uow = await unit.get(UnitOfWork)
            roles = await unit.get(RoleRepository)
            await uow.begin_write()
            await roles.add(role)
            await roles.replace_grants(role.id, specs, by=(None, SYSTEM.name))
            await roles.raise_stamp()
            made = await roles.read(role)
            await uow.commit()
        return made


def _spec(grant: str | GrantSpec) -> GrantSpec:
    return GrantSpec(permission=grant) if isinstance(grant, str) else grant


class UserFactory(Factory):
    """Makes users; their password is `PASSWORD` unless another one is given."""

    async def __call__(
        self,
        *,
        email: str = "",
        display_name: str = "",
        password: str = PASSWORD,
        roles: Sequence[str] = ("user",),
        **details: Any,
    ) -> UserRead:
        """A user with these details, e.g. `verified=True`."""
        number = self.number
        new = UserCreate.model_validate(
            {
                "email": email or f"user{number}@example.com",
                "display_name": display_name or f"User {number}",
                "password": password,
                "roles": list(roles),
                "must_change_password": False,
                **details,
            }
        )
        return await self.platform.caller(SYSTEM)(UserService.create, new)

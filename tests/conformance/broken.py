"""A module that makes every mistake, to see that each one is seen."""

from fastapi import APIRouter

from app.core.module import Module
from app.core.operations import Service, query
from app.core.permissions import SIGNED_IN, PermissionName


class BrokenPermission(PermissionName):
    """Declared and never used."""

    READ = "broken.thing.read", "See things"


class BrokenService(Service):
    """Operations with mistakes."""

    async def forgotten(self) -> None:
        """Passed no gate."""

    @query("shop.item.read")
    async def undeclared(self) -> None:
        """Needs what nobody declares."""

    @query(SIGNED_IN, action="Unnamed")
    async def unnamed(self) -> None:
        """Has no proper name."""


router = APIRouter()


@router.get("/broken")
async def route() -> None:
    """Call nothing."""


module = Module(id="broken", permissions=(BrokenPermission,), router=router)

"""Operations on modules."""

from app.core.operations import Service, query
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork
from app.features.modules.permissions import ModulePermission
from app.features.modules.schemas import ModuleRead
from app.settings import Settings


class ModuleService(Service):
    """What is installed, within one unit of work."""

    def __init__(self, uow: UnitOfWork, registry: Registry, settings: Settings) -> None:
        super().__init__(uow)
        self._registry = registry
        self._is_production = settings.is_production

    @query(ModulePermission.READ)
    async def all(self) -> list[ModuleRead]:
        """All modules in the order in which they were installed, core features first.

        What is there for development only is left out in production.
        """
        return [
            ModuleRead(
                id=module.id,
                permissions=[str(name) for names in module.permissions for name in names],
                pages=[page.route for page in module.pages],
                routes=len(module.router.routes) if module.router is not None else 0,
                jobs=[job.id for job in module.jobs],
            )
            for module in self._registry.modules
            if not (self._is_production and module.is_for_development)
        ]

"""Operations on settings."""

from app.core.operations import Service, query
from app.core.unit_of_work import UnitOfWork
from app.features.settings.permissions import SettingPermission
from app.features.settings.schemas import SettingRead
from app.settings import Settings, setting_names, shown, variable_name


class SettingService(Service):
    """What the platform was told from outside, within one unit of work."""

    def __init__(self, uow: UnitOfWork, settings: Settings) -> None:
        super().__init__(uow)
        self._settings = settings

    @query(SettingPermission.READ)
    async def all(self) -> list[SettingRead]:
        """All settings with the values in force, secrets masked."""
        return [
            SettingRead(name=name, value=shown(self._settings, name), variable=variable_name(name))
            for name in setting_names()
        ]

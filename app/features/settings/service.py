"""Operations on settings."""

from app.core.operations import Service, query
from app.core.unit_of_work import UnitOfWork
from app.features.settings.permissions import SettingPermission
from app.features.settings.schemas import SettingRead
from app.setting_facts import facts_of, plain
from app.settings import Settings, variable_name


class SettingService(Service):
    """What the platform was told from outside, within one unit of work."""

    def __init__(self, uow: UnitOfWork, settings: Settings) -> None:
        super().__init__(uow)
        self._settings = settings

    @query(SettingPermission.READ)
    async def all(self) -> list[SettingRead]:
        """All settings with the values in force and where they come from, secrets masked."""
        return [
            SettingRead(
                name=facts.name,
                value=facts.value,
                unit=facts.unit,
                source=facts.origin.source,
                place=facts.origin.place,
                description=plain(facts.description),
                variable=variable_name(facts.name),
            )
            for facts in facts_of(self._settings)
        ]

"""The request keys feature."""

from datetime import timedelta

from dishka import AsyncContainer, Provider, Scope

from app.core.module import Job, Module
from app.core.ports import RequestKeys
from app.features.request_keys.permissions import RequestKeyPermission
from app.features.request_keys.service import RequestKeyService, StoredRequestKeys

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(RequestKeyService, StoredRequestKeys)
provider.alias(StoredRequestKeys, provides=RequestKeys)


async def _forget_expired(unit: AsyncContainer) -> None:
    keys = await unit.get(RequestKeyService)
    if await keys.has_expired():
        await keys.forget_expired()


module = Module(
    id="request_keys",
    permissions=(RequestKeyPermission,),
    provider=provider,
    jobs=(Job("request_keys.forget_expired", timedelta(hours=1), _forget_expired),),
)

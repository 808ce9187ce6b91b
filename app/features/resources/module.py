"""The pages that are drawn from descriptions, for all resources of all modules."""

from app.core.module import Module, PageSpec
from app.core.permissions import SIGNED_IN
from app.core.registry import Registry
from app.features.audit.permissions import AuditPermission
from app.features.resources.import_pages import resource_import_page
from app.features.resources.import_state import ImportRecords
from app.features.resources.list_pages import resource_list_page
from app.features.resources.list_state import ResourceList
from app.features.resources.new_state import NewResource
from app.features.resources.noun_state import LIST, NOUN, RECORD
from app.features.resources.record_pages import (
    new_resource_page,
    resource_activity_page,
    resource_page,
)
from app.features.resources.record_state import NOUN_RECORD, ResourceRecord
from app.features.resources.related_state import RelatedRecords


def _reading(registry: Registry, path: str) -> str | None:
    service = registry.service_at(path)
    return service.resource.meta.permission("read") if service is not None else None


def _reading_one(registry: Registry, path: str) -> str | None:
    service = registry.service_at(path)
    return _reading(registry, path) if service and "get" in service.operations else None


def _creating(registry: Registry, path: str) -> str | None:
    service = registry.service_at(path)
    if service is None or "create" not in service.operations:
        return None
    return str(service.resource.meta.permission("create"))


def _importing(registry: Registry, path: str) -> str | None:
    service = registry.service_at(path)
    if service is None or "import_csv" not in service.operations:
        return None
    return _creating(registry, path)


def _reading_activity(registry: Registry, path: str) -> str | None:
    return None if _reading_one(registry, path) is None else AuditPermission.READ


module = Module(
    id="resources",
    pages=(
        PageSpec(
            LIST,
            "Records",
            SIGNED_IN,
            resource_list_page,
            [ResourceList.load],
            wide=True,
            record=NOUN,
            permission_at=_reading,
        ),
        PageSpec(
            f"{LIST}/new",
            "New",
            SIGNED_IN,
            new_resource_page,
            [NewResource.load],
            permission_at=_creating,
        ),
        PageSpec(
            f"{LIST}/import",
            "Import",
            SIGNED_IN,
            resource_import_page,
            [ImportRecords.load],
            permission_at=_importing,
        ),
        PageSpec(
            RECORD,
            "Record",
            SIGNED_IN,
            resource_page,
            [ResourceRecord.load, RelatedRecords.load],
            record=NOUN_RECORD,
            permission_at=_reading_one,
        ),
        PageSpec(
            f"{RECORD}/activity",
            "Activity",
            AuditPermission.READ,
            resource_activity_page,
            [ResourceRecord.load, ResourceRecord.load_activity],
            record=NOUN_RECORD,
            permission_at=_reading_activity,
        ),
    ),
)

"""What grants may say: rules without a database."""

from collections.abc import Iterable
from datetime import datetime

from app.core import clock
from app.core.access import ALL_ROWS
from app.core.errors import Invalid
from app.core.permissions import covers, resource_of
from app.core.registry import Registry
from app.features.roles.schemas import GrantSpec


def check_grants(registry: Registry, grants: Iterable[GrantSpec]) -> None:
    """Refuse what no feature declares.

    Raises:
        Invalid: A permission, row rule or field does not exist, or an end is in the past.
    """
    for grant in grants:
        covered = [str(name) for name in registry.permissions if covers(grant.permission, name)]
        if not covered:
            message = f"No feature has a permission {grant.permission}."
            raise Invalid("role.permission.unknown", message, fields={"permissions": message})
        resources = {resource_of(name) for name in covered}
        rules = {rule.name for name in resources for rule in registry.resource(name).rules}
        if grant.rule != ALL_ROWS and grant.rule not in rules:
            known = ", ".join(sorted(rules)) or "none"
            message = f"{grant.permission} has no row rule {grant.rule}; there are: {known}."
            raise Invalid("role.rule.unknown", message, fields={"grants": message})
        fields = {field for name in resources for field in registry.resource(name).fields}
        for field in {*(grant.readable or ()), *(grant.writable or ())} - fields:
            known = ", ".join(sorted(fields)) or "none"
            message = f"{grant.permission} has no field {field}; there are: {known}."
            raise Invalid("role.field.unknown", message, fields={"grants": message})
        check_end(grant.expires_at)


def check_end(expires_at: datetime | None) -> None:
    """Refuse an end that is past.

    Raises:
        Invalid: It is.
    """
    if expires_at is not None and expires_at <= clock.now():
        message = "This end is in the past."
        raise Invalid("role.expires.past", message, fields={"expires_at": message})

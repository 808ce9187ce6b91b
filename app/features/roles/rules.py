"""What grants may say: rules without a database."""

from collections.abc import Iterable
from datetime import datetime

from app.core import clock
from app.core.access import ALL_ROWS
from app.core.errors import Conflict, Invalid
from app.core.permissions import covers, resource_of
from app.core.registry import Registry
from app.core.role_graph import RoleGraph
from app.features.roles.schemas import GrantSpec

MOST_INCLUDES = 50
"""How many roles one role may include itself."""

MOST_LEVELS = 20
"""How many roles may stand in one row of inclusions."""


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


def check_includes(
    names: Iterable[str],
    *,
    before: RoleGraph,
    after: RoleGraph,
    renamed: tuple[str, str],
    may_read: bool = True,
) -> None:
    """Refuse what a role cannot include.

    A role that is beyond the bounds already, by an earlier version, may stay so but not grow.

    Args:
        names: The roles that it is to include.
        before: The roles as they are.
        after: The roles as they would be.
        renamed: What the role is called before and after; empty before, for a new one.
        may_read: Whether whoever asks may know what roles include.

    Raises:
        Invalid: One of the roles does not exist, or they are too many, in number or in levels.
        Conflict: The role would include itself.
    """
    old, new = renamed
    unknown = sorted(set(names) - before.roles.keys())
    if unknown:
        raise _wrong_includes("unknown", f"There is no role {', '.join(unknown)}.")
    cycle = after.cycle(new)
    if cycle:
        way = f": {' includes '.join(cycle)}" if may_read else ""
        message = f"The role would include itself{way}."
        raise Conflict("role.cycle", message, fields={"includes": message})
    known = before.roles.get(old)
    count, levels = len(after.roles[new].includes), after.levels_through(new)
    if count > max(MOST_INCLUDES, len(known.includes) if known else 0):
        message = f"A role can include {MOST_INCLUDES} roles at most; these are {count}."
        raise _wrong_includes("too_many", message)
    if levels > max(MOST_LEVELS, before.levels_through(old) if known else 0):
        message = (
            f"Roles can include each other over {MOST_LEVELS} levels at most; "
            f"with this there would be {levels}."
        )
        raise _wrong_includes("too_deep", message)


def _wrong_includes(what: str, message: str) -> Invalid:
    return Invalid(f"role.include.{what}", message, fields={"includes": message})

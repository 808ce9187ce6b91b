"""What the trail tells of resources that are made of a description, by that description."""

from typing import Any
from uuid import UUID

from app.core.resources.fields import Choice, Field, Money, Reference
from app.core.resources.resource import Meta
from app.ui import runtime

_USUAL = {
    "create": ("created", "create"),
    "read": ("looked at", "look at"),
    "update": ("changed", "change"),
    "delete": ("deleted", "delete"),
    "restore": ("restored", "restore"),
    "purge": ("deleted for good", "delete for good"),
    "export": ("exported", "export"),
    "import": ("imported", "import"),
}
_OF_MANY = ("read", "export", "import")


def meta_of(target_type: str) -> Meta | None:
    """The description of a kind of thing; None when it has none."""
    service = runtime.current().registry.service_of(target_type)
    return service.resource.meta if service is not None else None


def phrase_of(action: str) -> tuple[str, str, str | None, str] | None:
    """How an action is told: what was done, what was tried, to what, and to what if not known.

    *("moved", "move", "item", "an item")* for `inventory.item.move`; None for what belongs to no
    description.
    """
    noun, _, verb = action.rpartition(".")
    service = runtime.current().registry.service_of(noun)
    if service is None:
        return None
    meta = service.resource.meta
    known = _USUAL.get(verb) or next(
        ((each.past, each.title.lower()) for each in service.actions.values() if each.verb == verb),
        None,
    )
    if known is None:
        return None
    article = "an" if meta.singular[:1] in "aeiou" else "a"
    alone = meta.plural if verb in _OF_MANY else f"{article} {meta.singular}"
    return *known, None if verb == "import" else meta.singular, alone


def field_of(target_type: str, name: str) -> Field[Any] | None:
    """A field of a kind of thing; None when it has no description, or no such field."""
    meta = meta_of(target_type)
    return meta.fields.get(name) if meta is not None else None


def is_reference(target_type: str, name: str) -> bool:
    """Whether the trail knows of a value only which record it is."""
    return isinstance(field_of(target_type, name), Reference)


def value_of(target_type: str, name: str, value: Any) -> Any:
    """A recorded value as people know it: the title of a choice, *12.50 EUR*; else as it is."""
    field = field_of(target_type, name)
    if isinstance(field, Choice) and isinstance(value, str):
        return field.options.get(value, value)
    if isinstance(field, Money) and isinstance(value, dict):
        return f"{value.get('amount')} {value.get('currency')}"
    return value


def address_of(target_type: str, target_id: UUID) -> str | None:
    """The page of a record, empty for whom it is not open; None when no description tells."""
    registry = runtime.current().registry
    service = registry.service_of(target_type)
    if service is None:
        return None
    meta = service.resource.meta
    is_shown = registry.service_at(meta.path) is service and "get" in service.operations
    may = runtime.caller().actor.may(meta.permission("read"))
    return f"{meta.path}/{target_id}" if is_shown and may else ""


def page_title(address: str) -> str:
    """What a drawn page is called; empty when the address leads to none."""
    service = runtime.current().registry.service_at(address)
    return service.resource.meta.plural.capitalize() if service is not None else ""

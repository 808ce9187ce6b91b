"""No text that anybody sends hides or turns what stands beside it.

Generated over all text fields of all that the REST API and the console's forms take.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from app.bootstrap import build_registry

FEATURES = Path(__file__).resolve().parents[2] / "app" / "features"

TURNING = "report\u202etxt.exe"
CONTROL = "one\ntwo"
BELL = "ring\x07"
ISOLATED = "a\u2067b"
SHAPELESS = ("\u200b", "ad\u00admin", "\u2060x", "x\ufeff", "\u3164", "\u2800")
NO_LETTER = ("\u0301", " \u0301\u0301 ", "\u200d", "\ufe0f")

# Fields that are no text of people, with the reason.
EXEMPT = {
    "cursor": "made by the platform; what is in it is checked when it is read",
    "sort": "one of the list's columns, or refused",
    "next": "an address of the console's own, or left out",
    "refresh_token": "a secret, compared by its hash",
    "token": "a secret, compared by its hash",
}


def request_models() -> dict[str, type[BaseModel]]:
    """Every model of a body, an address or a form, and those inside of it, by name."""
    routers = [
        router
        for module in build_registry().modules
        for router in (module.router, module.console_router)
        if router is not None
    ]
    fields = [
        field
        for router in routers
        for route in router.routes
        for field in (route.body_field, *route.dependant.query_params)
        if field is not None
    ]
    models = [each for field in fields for each in models_in(field.field_info.annotation)]
    for folder in FEATURES.glob("*/schemas.py"):
        schemas = importlib.import_module(f"app.features.{folder.parent.name}.schemas")
        # What the console's handlers parse says likewise that it takes nothing else.
        models += [
            each
            for each in vars(schemas).values()
            if isinstance(each, type)
            and issubclass(each, BaseModel)
            and each.model_config.get("extra") == "forbid"
            and not each.__name__.endswith("Read")
        ]
    return {model.__name__: model for model in models}


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type names, and those that their fields name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_in(field.annotation)
    for part in get_args(annotation):
        yield from models_in(part)


FIELDS = {
    f"{model.__name__}.{name}": field
    for model in request_models().values()
    for name, field in model.model_fields.items()
    if name not in EXEMPT
}


def accepted(field: FieldInfo, text: str) -> bool:
    """Whether the field takes this text, or a list with it, as it is."""
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, "", *field.metadata])
    for value in (text, [text]):
        try:
            taken = adapter.validate_python(value)
        except ValidationError:
            continue
        if not isinstance(taken, SecretStr) and taken == value:
            return True
    return False


class TestTextFields:
    """Bodies and addresses."""

    def test_are_found(self) -> None:
        """The fields of roles, users, views and filters are among those that are looked at."""
        assert {"RoleCreate.description", "GrantSpec.reason", "UserCreate.display_name"} <= {
            *FIELDS
        }
        assert {"ViewCreate.name", "AuditListQuery.target_id", "MembersAdd.reason"} <= {*FIELDS}
        assert accepted(FIELDS["RoleCreate.description"], "Keeps the مدونة in order 👩‍💻.")

    @pytest.mark.parametrize("name", FIELDS)
    def test_refuse_what_is_not_shown(self, name: str) -> None:
        """Line feeds, changes of direction, and what has no shape are accepted nowhere."""
        # A search for an accent alone is no harm, and finds nothing.
        alone = () if name.endswith((".q", ".text")) else NO_LETTER
        for text in (TURNING, CONTROL, BELL, ISOLATED, *SHAPELESS, *alone):
            assert not accepted(FIELDS[name], text), text

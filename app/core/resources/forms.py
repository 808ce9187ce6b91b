"""Forms: what an operation asks for, described by fields like a resource."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from pydantic import create_model

from app.core.errors import ModuleError
from app.core.resources.fields import Field
from app.core.resources.schemas import RecordInput, input_fields


class FormMeta:
    """What is known of a form.

    Args:
        form: The form.
        fields: Its fields by name.
    """

    def __init__(self, form: "type[Form]", fields: Mapping[str, Field[Any]]) -> None:
        self._form = form
        self.fields = fields

    @cached_property
    def schema(self) -> type[RecordInput]:
        """What pydantic accepts."""
        return create_model(
            self._form.__name__,
            __base__=RecordInput,
            __doc__=self._form.__doc__,
            __module__=self._form.__module__,
            **input_fields(self.fields),
        )


class Form:
    """Base of all forms; an instance is one that was filled in.

    ```python
    class Move(Form):
        place = Reference(Place)
    ```
    """

    meta: ClassVar[FormMeta]

    def __init_subclass__(cls) -> None:
        fields = {name: each for name, each in vars(cls).items() if isinstance(each, Field)}
        problems = [
            f"{name}: {each}" for name, field in fields.items() for each in field.problems()
        ]
        if problems:
            message = f"form {cls.__module__}.{cls.__name__}: {'; '.join(problems)}"
            raise ModuleError(message)
        cls.meta = FormMeta(cls, fields)

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

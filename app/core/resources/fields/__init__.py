"""Field types: what a field of a resource stores, accepts, is found by, and how it is drawn.

Each type says all of it in one class, so that forms, REST, CSV files, filters and the audit trail
treat a value alike. A module makes a type of its own by a subclass of the one that comes closest.
"""

from app.core.resources.fields.base import Field, Ordered, optional
from app.core.resources.fields.choices import Boolean, Choice
from app.core.resources.fields.links import Link, Reference
from app.core.resources.fields.numbers import Amount, Integer, Money, Number
from app.core.resources.fields.structured import Json
from app.core.resources.fields.texts import Colour, Email, LongText, Markdown, Text, Url
from app.core.resources.fields.times import Date, Duration, Moment

__all__ = [
    "Amount",
    "Boolean",
    "Choice",
    "Colour",
    "Date",
    "Duration",
    "Email",
    "Field",
    "Integer",
    "Json",
    "Link",
    "LongText",
    "Markdown",
    "Moment",
    "Money",
    "Number",
    "Ordered",
    "Reference",
    "Text",
    "Url",
    "optional",
]

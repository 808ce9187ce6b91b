"""Describe nouns, say what can be done with them, and put both into a module."""

from app.core import clock
from app.core.actor import Actor
from app.core.errors import (
    Conflict,
    Invalid,
    ModuleError,
    NotFound,
    PermissionDenied,
    PlatformError,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from app.core.ids import new_id
from app.core.module import Job, Module, RowRule, Tile, TileValue
from app.core.operations import Service, operation, query
from app.core.permissions import PUBLIC, SIGNED_IN, PermissionName
from app.core.resources.fields import (
    Amount,
    Boolean,
    Choice,
    Colour,
    Date,
    Duration,
    Email,
    Field,
    Integer,
    Json,
    Link,
    LongText,
    Markdown,
    Moment,
    Money,
    Number,
    Reference,
    Text,
    Url,
    optional,
)
from app.core.resources.finding import count_tile
from app.core.resources.forms import Form
from app.core.resources.import_schemas import ImportQuery, ImportReport
from app.core.resources.operations import action
from app.core.resources.records import Records
from app.core.resources.resource import Resource
from app.core.resources.service import READ_ONLY, STANDARD, ResourceService
from app.core.unit_of_work import UnitOfWork

__all__ = [
    "PUBLIC",
    "READ_ONLY",
    "SIGNED_IN",
    "STANDARD",
    "Actor",
    "Amount",
    "Boolean",
    "Choice",
    "Colour",
    "Conflict",
    "Date",
    "Duration",
    "Email",
    "Field",
    "Form",
    "ImportQuery",
    "ImportReport",
    "Integer",
    "Invalid",
    "Job",
    "Json",
    "Link",
    "LongText",
    "Markdown",
    "Module",
    "ModuleError",
    "Moment",
    "Money",
    "NotFound",
    "Number",
    "PermissionDenied",
    "PermissionName",
    "PlatformError",
    "RateLimited",
    "Records",
    "Reference",
    "Resource",
    "ResourceService",
    "RowRule",
    "Service",
    "Text",
    "Tile",
    "TileValue",
    "Unauthenticated",
    "Unavailable",
    "UnitOfWork",
    "Url",
    "action",
    "clock",
    "count_tile",
    "new_id",
    "operation",
    "optional",
    "query",
]

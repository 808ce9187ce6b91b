"""What a feature or a module contributes to the platform."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dishka import AsyncContainer, Provider, Scope
from sqlalchemy import ColumnElement

from app.core.actor import Actor
from app.core.permissions import PermissionName
from app.core.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from app.core.registry import Registry

CountBelongings = Callable[[UnitOfWork, UUID], Awaitable[tuple[int, str, str]]]
"""How many of something belong to a user, and what happens to one and to several of them,
e.g. `(3, "open session ends", "open sessions end")`."""


Run = Callable[[AsyncContainer], Awaitable[bool | None]]
"""Does some of a job in a unit of work, and says whether there is more to do at once."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done again and again, by every process at its own time.

    Attributes:
        id: Its name in the log, e.g. `auth.forget_expired`.
        every: How often.
        run: Does some of it, in a unit of work of the system's, and says whether there is more to
            do at once, in another one; twice at the same time does no harm.
        at_shutdown: What is done once more when the server stops; None for nothing.
    """

    id: str
    every: timedelta
    run: Run
    at_shutdown: Run | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A record that the console's search found.

    Attributes:
        group: What it is one of: *Users*.
        title: What people call it.
        detail: More, in quieter letters.
        href: Its page; what it ends with is the record's id.
        mark: A word of warning beside it: *Suspended*.
    """

    group: str
    title: str
    detail: str
    href: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds records by name for the console's search.

    Attributes:
        permission: Whom it is asked for.
        find: At most a handful that match the text, best first.
        target_type: What audit entries call these records.
    """

    permission: str
    find: Callable[[AsyncContainer, str], Awaitable[Sequence[Found]]]
    target_type: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What a page with a parameter in its route shows, as variables of its state.

    Attributes:
        name: What people call the record; empty until it is loaded.
        address: The path of its own page.
        section: The heading in the sidebar; None where the sidebar itself tells.
    """

    name: Any
    address: Any
    section: Any = None


@dataclass(frozen=True, slots=True)
class PageSpec:
    """A console page.

    Attributes:
        route: Its address; `[name]` stands for one segment, e.g. `/users/[user_id]`.
        title: What the browser's tab and the breadcrumbs call it.
        permission: Who may open it: a permission, `SIGNED_IN` or `PUBLIC`.
        build: Composes the page; called once, when the frontend is compiled.
        on_load: Event handlers run each time the page is opened.
        framed: Whether the console's sidebar and top bar surround it.
        wide: Whether it takes the full width, as tables do.
        development_only: Whether it is left out in production.
        record: Whose page it is, when the route has a parameter.
        keywords: Other words that people look for it by.
        permission_at: The permission at one address, for a page that shows different things at
            different ones; None where there is nothing. `permission` is who may ask at all.
    """

    route: str
    title: str
    permission: str
    build: Callable[[], Any]
    on_load: Sequence[Any] = ()
    framed: bool = True
    wide: bool = False
    development_only: bool = False
    record: Record | None = None
    keywords: str = ""
    permission_at: "Callable[[Registry, str], str | None] | None" = None


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do by its name in the command palette; offered to those who may.

    Attributes:
        title: The words: *New user*.
        permission: Who may.
        href: The page that it leads to, unless there is an event.
        event: The event handler that does it; it decides once more.
        page: Route of the page that it belongs to, with the pages below; everywhere when empty.
        when: A state variable that says whether it makes sense now.
        keywords: Other words that people look for it by.
    """

    title: str
    permission: str
    href: str = ""
    event: Any = None
    page: str = ""
    when: Any = None
    keywords: str = ""

    @property
    def id(self) -> str:
        """What it is called on the wire."""
        return f"{self.page} {self.title}".strip()

    def belongs_to(self, route: str) -> bool:
        """Whether it is offered on the page with this route."""
        below = self.page != "/" and route.startswith(f"{self.page}/")
        return not self.page or route == self.page or below


@dataclass(frozen=True, slots=True)
class RecordAction:
    """Something to do with a record, found in the command palette by both: *suspend ada*.

    Attributes:
        verb: The first word: *Suspend*.
        permission: Who may.
        target_type: What audit entries call these records; its finders find them.
        event: The event handler that does it, given the record's id; it decides once more.
        mark: It makes sense for records that their finder marks so.
    """

    verb: str
    permission: str
    target_type: str
    event: Any
    mark: str = ""

    @property
    def id(self) -> str:
        """What it is called on the wire, before the record's id."""
        return f"{self.verb} {self.target_type}"


Granters = Callable[[AsyncContainer, str], Awaitable[Sequence[str]]]
"""Names of some people who can grant a permission, as far as the caller may see them."""


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the console's sidebar; shown to those who may open its page."""

    section: str
    title: str
    icon: str
    route: str
    permission: str
    shortcut: str = ""


@dataclass(frozen=True, slots=True)
class RowRule:
    """A condition by which a grant can be limited to some rows of a resource.

    Attributes:
        name: What grants call it, e.g. `own`.
        title: What people read, e.g. `Their own record`.
        condition: One SQL expression over the resource's table, for whoever acts. The same
            expression decides for one row, a list, a count, a search and an export. Of the actor it
            looks at `user_id` only; whatever else it needs to know of them, it reads itself.
        depends_on: The facts that operations change and by which it picks other rows afterwards,
            e.g. `user.roles`. Operations that change such a fact let nobody reach more by it.
    """

    name: str
    title: str
    condition: Callable[[Actor], ColumnElement[bool]]
    depends_on: Collection[str]


@dataclass(frozen=True, slots=True)
class AccessScope:
    """What permissions are about, as far as grants can be limited to some of it.

    Attributes:
        name: All but the last word of its permissions, e.g. `user` or `blog.post`.
        title: What people call several of it.
        fields: The fields that a grant can be limited to: their titles by name.
        rules: The row rules that a grant can be limited by.
        label: The field by which audit entries call a row; empty when there are none to look at.
        sensitive: The fields whose being shown is worth a record; see `audit.reads`.
        key: The column of its table that holds the id.
        computed: Fields that nobody sets: they follow from what happens.
        secret: Fields that nobody reads.
    """

    name: str
    title: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    rules: Sequence[RowRule] = ()
    label: str = ""
    sensitive: Collection[str] = ()
    key: Any = None
    computed: Collection[str] = ()
    secret: Collection[str] = ()

    @property
    def readable(self) -> Mapping[str, str]:
        """The titles of the fields that can be read at all, by name."""
        return {name: title for name, title in self.fields.items() if name not in self.secret}

    @property
    def writable(self) -> Mapping[str, str]:
        """The titles of the fields that can be set at all, by name."""
        return {name: title for name, title in self.fields.items() if name not in self.computed}


Values = Mapping[str, Any]
"""Fields by name, as audit entries write them."""


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """What an audit entry tells that was changed of one thing.

    Attributes:
        entry_id: The entry.
        target_id: The thing.
        before: The values that the entry says were there before.
        after: Those that it says were there afterwards, of the same fields.
    """

    entry_id: UUID
    target_id: UUID
    before: Values
    after: Values


@dataclass(frozen=True, slots=True)
class RecordedWhole:
    """An action on many things that is taken back as one, as its audit entry tells.

    Attributes:
        entry_id: The entry.
        target_id: What the entry is about: the action itself.
        request_id: The request in which it was done, with the entries about each of the things.
        detail: What the entry tells besides.
    """

    entry_id: UUID
    target_id: UUID
    request_id: str
    detail: Mapping[str, Any]


TakeBack = Callable[[AsyncContainer, RecordedWhole], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Undo:
    """How recorded changes of one kind of thing are taken back.

    Attributes:
        target_type: The kind of thing, as audit entries call it.
        fields: Those that can be put back.
        current: The values now of the changed fields, as audit entries write them; keeps others
            from changing the thing until the transaction ends.
        put_back: Gives the fields the values they had before, by operations that decide and
            record themselves; refuses with a sentence when they cannot be given exactly.
        final: The last words of the actions that cannot be taken back.
        whole: What takes back actions on many things as one, by their last words; it decides,
            refuses with a sentence, and records what it does to each.
    """

    target_type: str
    fields: frozenset[str]
    current: Callable[[AsyncContainer, RecordedChange], Awaitable[Values]]
    put_back: Callable[[AsyncContainer, RecordedChange], Awaitable[None]]
    final: frozenset[str] = frozenset({"create", "delete"})
    whole: Mapping[str, TakeBack] = field(default_factory=dict)

    def takes_back(self, action: str, fields: Collection[str]) -> bool:
        """Whether an action that changed these fields can be taken back."""
        if self.whole_of(action) is not None:
            return True
        is_final = action in {f"{self.target_type}.{each}" for each in self.final}
        return not is_final and bool(fields) and self.fields.issuperset(fields)

    def whole_of(self, action: str) -> TakeBack | None:
        """What takes back an action on many things; None for one on a single thing."""
        kind, _, verb = action.rpartition(".")
        return self.whole.get(verb) if kind == self.target_type else None


@dataclass(frozen=True, slots=True)
class TileValue:
    """What a tile shows.

    Attributes:
        number: The number, or a text that holds one: `"10,000+"`.
        sentence: A few words below it: *3 more than last week*.
        good: Whether it is welcome, by its colour; None for neither.
    """

    number: int | str
    sentence: str = ""
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A number on the overview, for those who have a permission.

    Attributes:
        title: What it counts: *Broken items*.
        permission: What somebody needs to see it.
        value: Finds it out, by operations, in a unit of work of the person who looks.
        path: The list that explains it; empty for none.
    """

    title: str
    permission: str
    value: Callable[[AsyncContainer], Awaitable[TileValue]]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """One feature or module, complete. Core features and third-party modules have the same shape.

    Attributes:
        id: Unique lower-case name, e.g. `users`.
        permissions: The enumerations of its permissions.
        resources: What grants can be limited to, for those that can be limited.
        undos: How recorded changes of its things are taken back.
        asked: Those of its permissions that its services ask for within an operation.
        changes_access: Actions of the audit trail by which it changes who may do what.
        provider: Makes its repositories and services.
        router: Its REST routes, mounted under `/api/v1`.
        console_router: Its HTTP routes for the console's own forms, with cookie and Origin check.
        pages: Its console pages.
        nav: Its sidebar entries.
        actions: What its pages add to the command palette.
        record_actions: What the command palette does with records that were found.
        finders: What the console's search asks.
        jobs: What it does from time to time.
        belongings: Count what users own here, to be said before one is deleted.
        take_back: The event handler that does what *Undo* on a message says, given its id.
        granters: Whom somebody can ask who lacks a permission.
        migrations: The folder of its Alembic migrations, whose revisions begin with its id.
        services: Services of resources (`ResourceService`); what they need of the above is added.
        title: The heading of its resources in the sidebar; made of the id when not given.
        tiles: What it shows on the overview.
    """

    id: str
    permissions: Sequence[type[PermissionName]] = ()
    resources: Sequence[AccessScope] = ()
    undos: Sequence[Undo] = ()
    asked: Sequence[PermissionName] = ()
    changes_access: Sequence[str] = ()
    provider: Provider | None = None
    router: Any = None
    console_router: Any = None
    pages: Sequence[PageSpec] = ()
    nav: Sequence[NavItem] = ()
    actions: Sequence[Action] = ()
    record_actions: Sequence[RecordAction] = ()
    finders: Sequence[Finder] = ()
    jobs: Sequence[Job] = ()
    belongings: Sequence[CountBelongings] = ()
    take_back: Any = None
    granters: Granters | None = None
    services: Sequence[Any] = ()
    migrations: Path | None = None
    title: str = ""
    tiles: Sequence[Tile] = ()

    def __post_init__(self) -> None:
        """Add what services of resources contribute."""
        if not self.services:
            return
        provider = self.provider or Provider(scope=Scope.REQUEST)
        provider.provide_all(*self.services)
        more = {
            "permissions": [service.permissions for service in self.services],
            "resources": [service.resource.meta.scope for service in self.services],
            "undos": [service.undo() for service in self.services],
            "finders": [each for service in self.services for each in service.finders()],
        }
        for name, added in more.items():
            object.__setattr__(self, name, (*getattr(self, name), *added))
        object.__setattr__(self, "provider", provider)

    @property
    def heading(self) -> str:
        """What people call it."""
        return self.title or self.id.replace("_", " ").capitalize()

    @property
    def is_for_development(self) -> bool:
        """Whether all that it contributes are pages that production leaves out."""
        other = (self.permissions, self.router, self.console_router, self.provider, self.jobs)
        return bool(self.pages) and all(p.development_only for p in self.pages) and not any(other)

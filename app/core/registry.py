"""The registry: everything that is installed, checked once and then frozen."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from app.core.errors import ModuleError
from app.core.module import (
    AccessScope,
    Action,
    CountBelongings,
    Finder,
    Granters,
    Job,
    Module,
    NavItem,
    PageSpec,
    RecordAction,
    Tile,
    Undo,
)
from app.core.permissions import PUBLIC, SIGNED_IN, PermissionName, resource_of

ICONS = (
    "activity",
    "archive",
    "bell",
    "book",
    "box",
    "briefcase",
    "building",
    "calendar",
    "car",
    "circle_help",
    "clipboard_list",
    "clock",
    "credit_card",
    "database",
    "file_text",
    "flag",
    "folder",
    "globe",
    "heart",
    "image",
    "key",
    "layers",
    "link",
    "list",
    "mail",
    "map_pin",
    "message_square",
    "package",
    "phone",
    "receipt",
    "shopping_cart",
    "star",
    "tag",
    "truck",
    "user",
    "users",
    "wrench",
)
"""The icons of resources: they are part of every page, so there is a fixed set."""
_DRAWN_SEGMENTS = 2
_ID = re.compile(r"[a-z][a-z0-9_]*")


class Registry:
    """The installed modules and what they contribute. Lives as long as the process."""

    def __init__(self) -> None:
        self._modules: dict[str, Module] = {}
        self._frozen = False
        self._module_of: dict[str, str] = {}
        self._by_path: dict[tuple[str, ...], Any] = {}
        self._by_name: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Registry modules={list(self._modules)}>"

    @property
    def packages(self) -> set[str]:
        """Where the installed modules live, by what their providers make."""
        made = [
            factory.provides.type_hint
            for module in self._modules.values()
            if module.provider is not None
            for factory in module.provider.factories
        ]
        return {each.__module__.rpartition(".")[0] for each in made if hasattr(each, "__module__")}

    def install(self, module: Module) -> None:
        """Add a module.

        Raises:
            ModuleError: The registry is frozen, or the module repeats a name of another.
        """
        if self._frozen:
            message = f"module {module.id!r} comes too late: the registry is frozen"
            raise ModuleError(message)
        if not _ID.fullmatch(module.id):
            message = f"module id {module.id!r}: lower-case letters, digits and _ only"
            raise ModuleError(message)
        if module.id in self._modules:
            message = f"module {module.id!r} is installed twice"
            raise ModuleError(message)
        for name, known, new in (
            ("permission", self.permissions, _permissions(module)),
            ("resource", _names(self.resources), _names(module.resources)),
            ("path", _paths(self.services), _paths(module.services)),
            ("page route", [page.route for page in self.pages], [p.route for p in module.pages]),
            ("action", [each.id for each in self.actions], [each.id for each in module.actions]),
        ):
            seen = {str(item) for item in known}
            for item in map(str, new):
                if item in seen:
                    message = f"module {module.id!r} repeats the {name} {item!r}"
                    raise ModuleError(message)
                seen.add(item)
        self._modules[module.id] = module

    def freeze(self) -> None:
        """Check what spans modules, then refuse further changes.

        Raises:
            ModuleError: A page, sidebar entry or action names a permission nobody declares, or a
                resource refers to one that no module has.
        """
        declared = {*self.permissions, PUBLIC, SIGNED_IN}
        for module in self.modules:
            needs = [
                *((page.route, page.permission) for page in module.pages),
                *((item.route, item.permission) for item in module.nav),
                *((action.id, action.permission) for action in module.actions),
                *((action.id, action.permission) for action in module.record_actions),
            ]
            for what, permission in needs:
                if permission not in declared:
                    message = (
                        f"module {module.id!r}: {what} needs {permission!r}, "
                        "which no module declares"
                    )
                    raise ModuleError(message)
        self._check_references()
        self._check_paths()
        self._check_icons()
        self._by_path = {_segments(each.resource.meta.path): each for each in self.services}
        self._by_name = {each.resource.meta.name: each for each in self.services}
        self._frozen = True

    def _check_paths(self) -> None:
        """Refuse resources where others have pages or routes: they would never be reached."""
        for module in self.modules:
            taken = {
                _first_segment(path)
                for other in self.modules
                if other is not module
                for path in (*(page.route for page in other.pages), *_routes(other))
            }
            for service in module.services:
                meta = service.resource.meta
                if _first_segment(meta.path) in taken:
                    message = (
                        f"resource {meta.name!r} has the path {meta.path!r}, where the platform "
                        "or another module is already; say path="
                    )
                    raise ModuleError(message)

    def _check_references(self) -> None:
        described = [service.resource for service in self.services]
        for resource in described:
            for field in resource.meta.references:
                if field.to not in described:
                    message = (
                        f"{resource.meta.name}.{field.name} refers to {field.to.meta.name!r}, "
                        "which no installed module has"
                    )
                    raise ModuleError(message)

    def _check_icons(self) -> None:
        for service in self.services:
            meta = service.resource.meta
            if icon_name(meta.icon) not in ICONS:
                message = (
                    f"resource {meta.name!r}: there is no icon {meta.icon!r}; "
                    f"choose one of {', '.join(ICONS)}"
                )
                raise ModuleError(message)

    @property
    def modules(self) -> Sequence[Module]:
        """All modules in order of installation."""
        return tuple(self._modules.values())

    @property
    def permissions(self) -> Sequence[PermissionName]:
        """All declared permissions."""
        return [name for module in self.modules for name in _permissions(module)]

    @property
    def services(self) -> Sequence[Any]:
        """The services of all resources that are made of a description."""
        return [service for module in self.modules for service in module.services]

    def service_at(self, path: str) -> Any:
        """The service of the resource whose console pages are at an address; None for none.

        Only what has a path of two segments has pages drawn from its description.
        """
        found = self._by_path.get(_segments(path)[:_DRAWN_SEGMENTS])
        return found if found is not None and "page" in found.operations else None

    def service_of(self, name: str) -> Any:
        """The service of the resource with this name; None when it is not made of a description."""
        return self._by_name.get(name)

    @property
    def resources(self) -> Sequence[AccessScope]:
        """What grants can be limited to."""
        return [resource for module in self.modules for resource in module.resources]

    def references_to(self, resource: Any) -> Sequence[tuple[Any, Any]]:
        """The resources, with the field, whose records refer to those of this one."""
        return [
            (service.resource, field)
            for service in self.services
            for field in service.resource.meta.references
            if field.to is resource
        ]

    def resource(self, name: str) -> AccessScope:
        """What grants on this resource can be limited to; nothing, for one nobody describes."""
        for module in self.modules:
            for resource in module.resources:
                if resource.name == name:
                    return resource
        return AccessScope(name)

    def undo(self, target_type: str) -> Undo | None:
        """How changes of this kind of thing are taken back; None when they cannot be."""
        for module in self.modules:
            for undo in module.undos:
                if undo.target_type == target_type:
                    return undo
        return None

    def module_of(self, action: str) -> str:
        """The module that an action of the audit trail belongs to.

        It is the one that declares the permission of that name, or permissions about the same
        thing; or the one of the thing's name. What nobody knows belongs to the module of its noun.
        """
        known = self._module_of.get(action)
        if known is None:
            known = self._find_module_of(action)
            # Before, a module could still be installed that it belongs to.
            if self._frozen:
                self._module_of[action] = known
        return known

    def _find_module_of(self, action: str) -> str:
        owner = self._owner(action)
        noun = action
        while not owner and "." in noun:
            noun = noun.rpartition(".")[0]
            owner = self._owner(noun)
        return owner or noun

    def _owner(self, name: str) -> str:
        for module in self.modules:
            permissions = [str(permission) for permission in _permissions(module)]
            if name == module.id or name in permissions or name in map(resource_of, permissions):
                return module.id
        return ""

    @property
    def changing_access(self) -> frozenset[str]:
        """Actions of the audit trail by which somebody changes who may do what."""
        return frozenset(str(each) for module in self.modules for each in module.changes_access)

    @property
    def pages(self) -> Sequence[PageSpec]:
        """All console pages."""
        return [page for module in self.modules for page in module.pages]

    @property
    def nav(self) -> Sequence[NavItem]:
        """All sidebar entries in order of installation."""
        return [item for module in self.modules for item in module.nav]

    @property
    def actions(self) -> Sequence[Action]:
        """What the command palette offers besides pages."""
        return [action for module in self.modules for action in module.actions]

    @property
    def record_actions(self) -> Sequence[RecordAction]:
        """What the command palette does with records that were found."""
        return [action for module in self.modules for action in module.record_actions]

    @property
    def granters(self) -> Granters | None:
        """What names people who can grant a permission; None when no module does."""
        found = (module.granters for module in self.modules)
        return next((each for each in found if each is not None), None)

    @property
    def tiles(self) -> Sequence[Tile]:
        """What modules show on the overview, in order of installation."""
        return [tile for module in self.modules for tile in module.tiles]

    @property
    def finders(self) -> Sequence[Finder]:
        """What the console's search asks."""
        return [finder for module in self.modules for finder in module.finders]

    def finders_of(self, target_type: str) -> Sequence[Finder]:
        """What finds records that audit entries call so."""
        return [finder for finder in self.finders if finder.target_type == target_type]

    @property
    def jobs(self) -> Sequence[Job]:
        """What is done from time to time."""
        return [job for module in self.modules for job in module.jobs]

    @property
    def belongings(self) -> Sequence[CountBelongings]:
        """What counts the things a user owns."""
        return [count for module in self.modules for count in module.belongings]

    @property
    def take_back(self) -> Any:
        """The event handler behind *Undo* on a message; None when no module has one."""
        handlers = (module.take_back for module in self.modules)
        return next((each for each in handlers if each is not None), None)


def icon_name(icon: str) -> str:
    """An icon as Python writes it: `map_pin` for `map-pin`."""
    return icon.replace("-", "_")


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


def _first_segment(path: str) -> str:
    return path.strip("/").partition("/")[0]


def _routes(module: Module) -> Iterator[str]:
    for router in (module.router, module.console_router):
        yield from (route.path for route in router.routes) if router is not None else ()


def _names(resources: Iterable[AccessScope]) -> list[str]:
    return [resource.name for resource in resources]


def _paths(services: Iterable[Any]) -> list[str]:
    return [service.resource.meta.path for service in services]


def _permissions(module: Module) -> Iterable[PermissionName]:
    return [name for enumeration in module.permissions for name in enumeration]

"""The registry: what cannot be installed, and what it says."""

from collections.abc import Callable
from typing import Any

import pytest

from app.bootstrap import build_registry
from app.core.errors import ModuleError
from app.core.module import Module, NavItem, PageSpec
from app.core.operations import operations_in
from app.core.permissions import PUBLIC, SIGNED_IN, PermissionName
from app.core.registry import Registry
from app.core.resources.fields import Text
from app.core.resources.resource import Resource
from app.core.resources.service import STANDARD, ResourceService
from examples.inventory.module import ItemService
from examples.inventory.module import module as inventory


class ShopPermission(PermissionName):
    """Permissions of a shop."""

    READ = "shop.item.read", "See items"


class OtherPermission(PermissionName):
    """Declares the same once more."""

    READ = "shop.item.read", "See items"


def page(route: str, permission: str = PUBLIC) -> PageSpec:
    """A page that shows nothing."""
    return PageSpec(route=route, title="Some", permission=permission, build=lambda: None)


def nav(route: str, permission: str = PUBLIC) -> NavItem:
    """A sidebar entry."""
    return NavItem("Some", "Some", "box", route, permission)


class TestServices:
    """Resources that are made of a description."""

    def test_are_found_by_their_address(self) -> None:
        """By its first two segments; by name as well."""
        registry = build_registry(inventory)

        assert registry.service_at("/inventory/items") is ItemService
        assert registry.service_at("/inventory/items/0190/activity") is ItemService
        assert registry.service_at("/inventory") is None
        assert registry.service_at("/inventory/item") is None
        assert registry.service_of("inventory.item") is ItemService
        assert registry.service_of("user") is None

    def test_unknown_icon(self) -> None:
        """Icons are part of every page: there is a fixed set."""

        class Thing(Resource, name="iconic.thing", icon="no-such-icon"):
            """Has an icon that there is not."""

            name = Text()

        class ThingService(ResourceService[Thing]):
            """Things within one unit of work."""

            operations = STANDARD

        with pytest.raises(ModuleError, match="there is no icon 'no-such-icon'; choose one of"):
            build_registry(Module("iconic", services=[ThingService]))


class TestInstall:
    """One module after another."""

    def test_collects_contributions(self) -> None:
        """Everything that modules contribute can be asked for."""
        count: Callable[..., Any] = lambda: None  # noqa: E731 - only its identity matters
        shop = Module(
            id="shop",
            permissions=(ShopPermission,),
            pages=(page("/shop", ShopPermission.READ),),
            nav=(nav("/shop", ShopPermission.READ),),
            belongings=(count,),
        )
        blog = Module(id="blog", pages=(page("/blog"), page("/blog/[id]", SIGNED_IN)))
        registry = Registry()

        registry.install(shop)
        registry.install(blog)
        registry.freeze()

        assert registry.modules == (shop, blog)
        assert registry.permissions == [ShopPermission.READ]
        assert [item.route for item in registry.pages] == ["/shop", "/blog", "/blog/[id]"]
        assert [item.route for item in registry.nav] == ["/shop"]
        assert registry.belongings == [count]
        assert repr(registry) == "<Registry modules=['shop', 'blog']>"

    @pytest.mark.parametrize("name", ["", "Shop", "shop-1", "1shop", "shop.item", "shöp", "shop\n"])
    def test_refuses_a_wrong_id(self, name: str) -> None:
        """An id is a lower-case name."""
        with pytest.raises(ModuleError, match="lower-case letters, digits and _ only"):
            Registry().install(Module(id=name))

    def test_refuses_a_second_module_of_the_same_id(self) -> None:
        """Two modules cannot share a name."""
        registry = Registry()
        registry.install(Module(id="shop"))

        with pytest.raises(ModuleError, match="'shop' is installed twice"):
            registry.install(Module(id="shop"))

    def test_refuses_a_permission_of_another_module(self) -> None:
        """A permission belongs to one module."""
        registry = Registry()
        registry.install(Module(id="shop", permissions=(ShopPermission,)))

        with pytest.raises(ModuleError, match=r"'other' repeats the permission 'shop\.item\.read'"):
            registry.install(Module(id="other", permissions=(OtherPermission,)))

    def test_refuses_a_page_of_another_module(self) -> None:
        """An address leads to one page."""
        registry = Registry()
        registry.install(Module(id="shop", pages=(page("/shop"),)))

        with pytest.raises(ModuleError, match="'other' repeats the page route '/shop'"):
            registry.install(Module(id="other", pages=(page("/shop"),)))

    @pytest.mark.parametrize(
        ("module", "what"),
        [
            (Module(id="shop", pages=(page("/a"), page("/a"))), "page route '/a'"),
            (
                Module(id="shop", permissions=(ShopPermission, OtherPermission)),
                "permission 'shop.item.read'",
            ),
        ],
    )
    def test_refuses_a_module_that_repeats_itself(self, module: Module, what: str) -> None:
        """Nor may one module contribute the same twice."""
        with pytest.raises(ModuleError, match=f"'shop' repeats the {what}"):
            Registry().install(module)

    def test_leaves_nothing_of_a_refused_module(self) -> None:
        """A module that was refused contributes nothing."""
        registry = Registry()
        registry.install(Module(id="shop", pages=(page("/shop"),)))

        with pytest.raises(ModuleError):
            registry.install(Module(id="other", pages=(page("/new"), page("/shop"))))

        assert [module.id for module in registry.modules] == ["shop"]


class TestFreeze:
    """The end of installation."""

    def test_refuses_latecomers(self) -> None:
        """Nothing is added once the platform runs."""
        registry = Registry()
        registry.freeze()

        with pytest.raises(ModuleError, match="'late' comes too late"):
            registry.install(Module(id="late"))

    @pytest.mark.parametrize(
        "module",
        [
            Module(id="shop", pages=(page("/shop", "shop.item.read"),)),
            Module(id="shop", nav=(nav("/shop", "shop.item.read"),)),
        ],
    )
    def test_refuses_unknown_permissions(self, module: Module) -> None:
        """A page that nobody could ever open is a mistake."""
        registry = Registry()
        registry.install(module)

        with pytest.raises(ModuleError, match=r"/shop needs 'shop\.item\.read', which no module"):
            registry.freeze()

    def test_accepts_a_permission_of_another_module(self) -> None:
        """A module may rely on another one's permissions, whichever comes first."""
        registry = Registry()
        registry.install(Module(id="report", pages=(page("/report", "shop.item.read"),)))
        registry.install(Module(id="shop", permissions=(ShopPermission,)))

        registry.freeze()

        assert len(registry.modules) == 2


class TestActions:
    """What the registry knows of actions in the audit trail."""

    @pytest.mark.parametrize(
        ("action", "module"),
        [
            ("shop.item.read", "store"),
            ("shop.item.buy", "store"),
            ("shop.item.price.change", "store"),
            ("store.open", "store"),
            ("bank.account.close", "bank"),
            ("signed_in", "signed_in"),
        ],
    )
    def test_module(self, action: str, module: str) -> None:
        """By the permission, by the thing, by the module's name; else by the noun."""
        registry = Registry()
        registry.install(Module(id="store", permissions=(ShopPermission,)))

        assert registry.module_of(action) == module

    def test_changing_access(self) -> None:
        """Every action that is said to change access is one that there is."""
        registry = build_registry()
        known = {op.action for op in operations_in("app.features").values() if op and op.changes}

        assert {"user.assign_roles", "role.add_members"} < registry.changing_access <= known

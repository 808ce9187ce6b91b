"""Descriptions: what follows from a name, and what contradicts itself."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from app.bootstrap import build_registry
from app.core.errors import ModuleError
from app.core.module import Module, RowRule
from app.core.resources.fields import (
    Choice,
    Integer,
    LongText,
    Money,
    Number,
    Reference,
    Text,
    optional,
)
from app.core.resources.forms import Form
from app.core.resources.resource import Resource
from app.core.resources.service import STANDARD, ResourceService


def describe(name: str = "tried.noun", *, says: dict[str, Any] | None = None, **fields: Any) -> Any:
    """A resource with these fields, besides a name."""
    body = {"name": Text(), **fields}
    for key, each in body.items():
        each.__set_name__(None, key)
    body["__module__"] = __name__
    return type("Noun", (Resource,), body, name=name, **(says or {}))


class Loose(Resource, name="tried.loose"):
    """A noun that no module has."""

    name = Text()


WRONG: dict[str, Callable[[], Any]] = {
    "write its name like inventory.item": lambda: describe("Tried.Noun"),
    "lower-case words, at most two": lambda: describe("one.two.three"),
    "write its path like": lambda: describe(says={"path": "items"}),
    "label is 'title', which is no field": lambda: describe(says={"label": "title"}),
    "label 'size' is not a text": lambda: describe(says={"label": "size"}, size=Integer()),
    "no field that lists are sorted by": lambda: describe(says={"order": "-note"}, note=LongText()),
    "two rules 'own'": lambda: describe(
        says={"rules": [RowRule("own", "Own", lambda _actor: True, ())] * 2}  # type: ignore[list-item, return-value, arg-type]  # never asked
    ),
    "id is a name that the platform uses": lambda: describe(id=Integer()),
    "sort is a name that the platform uses": lambda: describe(sort=Text()),
    "meta is a name that the platform uses": lambda: describe(meta=Text()),
    "place_id is a name that the platform uses": lambda: describe(place_id=Text()),
    "'Size' is no name of a field": lambda: describe(Size=Integer()),
    "'a__b' is no name of a field": lambda: describe(a__b=Integer()),
    "is no name of a field": lambda: describe(**{"x" * 51: Integer()}),
    "minimum 2 is more than maximum 1": lambda: describe(size=Integer(minimum=2, maximum=1)),
    "the default -1 is no value": lambda: describe(size=Integer(minimum=0, default=-1)),
    "the default 'x' is no value": lambda: describe(kind=Choice({"a": "A"}, default="x")),
    "nothing to choose from": lambda: describe(kind=Choice({})),
    "accepts no currency": lambda: describe(price=Money([])),
    "'euro' is no currency": lambda: describe(price=Money(["euro"])),
    "say an example= that the pattern": lambda: describe(code=Text(pattern="[0-9]+")),
    "is no regular expression": lambda: describe(code=Text(pattern="[")),
    "cannot be cleared, because it is required": lambda: describe(
        other=Reference(Loose, when_deleted="clear")
    ),
    "the default Decimal('1.234') is no value": lambda: describe(
        price=Number(places=2, default=Decimal("1.234"))
    ),
}


class TestProblems:
    """A description that contradicts itself is refused at import, in a sentence."""

    @pytest.mark.parametrize("sentence", WRONG)
    def test_is_refused(self, sentence: str) -> None:
        """The sentence says which resource, where it stands, and what to mend."""
        with pytest.raises(ModuleError) as refused:
            WRONG[sentence]()

        assert sentence in str(refused.value)
        assert __name__.rpartition(".")[2] in str(refused.value)

    def test_several_at_once(self) -> None:
        """All that is wrong is said at once."""
        with pytest.raises(ModuleError) as refused:
            describe(id=Integer(), size=Integer(minimum=2, maximum=1))

        assert "id is a name" in str(refused.value)
        assert "minimum 2" in str(refused.value)

    def test_form(self) -> None:
        """Forms likewise."""
        with pytest.raises(ModuleError, match="nothing to choose from"):
            type("Wrong", (Form,), {"kind": Choice({}), "__module__": __name__})

    def test_no_fields(self) -> None:
        """A noun without a field is none."""
        with pytest.raises(ModuleError, match="it has no fields"):
            type("Empty", (Resource,), {}, name="tried.empty")


class TestNames:
    """What is left out follows from the name."""

    @pytest.mark.parametrize(
        ("name", "plural", "path"),
        [
            ("inventory.item", "items", "/inventory/items"),
            ("library.category", "categories", "/library/categories"),
            ("stock.box", "boxes", "/stock/boxes"),
            ("crm.sales_lead", "sales leads", "/crm/sales-leads"),
            ("note", "notes", "/notes"),
        ],
    )
    def test_plural_and_path(self, name: str, plural: str, path: str) -> None:
        """Several of them, and where they are."""
        meta = describe(name).meta

        assert (meta.plural, meta.path) == (plural, path)

    def test_many_fields(self) -> None:
        """Two hundred fields are no problem."""
        fields = {f"field{number}": optional(Integer()) for number in range(200)}
        meta = describe("tried.wide", **fields).meta

        assert len(meta.table.c) == 4 + 2 + 200
        assert len(meta.schemas.create.model_fields) == 201


def service_of(resource: Any) -> Any:
    """A service with the usual operations."""

    class NounService(ResourceService[resource]):  # type: ignore[valid-type]  # made at run time
        operations = STANDARD

    return NounService


class TestRegistry:
    """What spans modules is checked when they are installed."""

    def test_same_name(self) -> None:
        """Two resources of one name."""
        services = [service_of(describe("tried.twin")) for _ in "ab"]
        with pytest.raises(ModuleError, match="another one has the table 'tried_twin'"):
            Module("tried", services=services)

    def test_path_taken(self) -> None:
        """Two resources at one place."""
        one, other = (
            Module(key, services=[service_of(describe(f"{key}.noun", says={"path": "/same"}))])
            for key in "ab"
        )
        with pytest.raises(ModuleError, match="repeats the path '/same'"):
            build_registry(one, other)

    @pytest.mark.parametrize("path", ["/users", "/audit/mine", "/access/explain", "/auth/me"])
    def test_path_of_the_platform(self, path: str) -> None:
        """Where the platform has pages or routes of its own, a resource would never be reached."""
        noun = describe(f"tried.at{path.replace('/', '_')}", says={"path": path})
        with pytest.raises(ModuleError, match="where the platform or another module is already"):
            build_registry(Module("tried", services=[service_of(noun)]))

    def test_refers_to_nothing(self) -> None:
        """A reference to what no module has."""
        referring = describe("tried.referring", other=Reference(Loose))
        with pytest.raises(
            ModuleError, match=r"refers to 'tried\.loose', which no installed module"
        ):
            build_registry(Module("tried", services=[service_of(referring)]))


class TestServices:
    """A service says whose it is and what it can do."""

    def test_unknown_operation(self) -> None:
        """There is no such operation."""
        with pytest.raises(ModuleError, match="there is no operation fly"):

            class BirdService(ResourceService[Loose]):
                operations = ("fly",)

    def test_of_nothing(self) -> None:
        """It must say whose."""
        with pytest.raises(ModuleError, match="say whose service it is"):
            type("NobodyService", (ResourceService,), {})

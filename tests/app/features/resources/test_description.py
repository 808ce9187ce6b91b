"""What the browser is told of a resource."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.bootstrap import build_registry
from app.core.access import Access, Grant
from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.resources.fields import Link
from app.features.resources import description
from tests.fixtures.nouns import Specimen, SpecimenService, module

REGISTRY = build_registry(module)
META = Specimen.meta


def somebody(*grants: str | Grant) -> Actor:
    """An actor with these grants."""
    access = Access(Grant(each) if isinstance(each, str) else each for each in grants)
    return Actor(kind="user", name="Ada", access=access)


def described(*grants: str | Grant) -> description.Noun:
    """The specimens as somebody with these grants is told of them."""
    return description.describe(SpecimenService, REGISTRY, somebody(*grants))


class TestDescribe:
    """A resource as one person may see it."""

    def test_everything(self) -> None:
        """Whoever may read all is told of every field; what records are called comes first."""
        noun = described("nouns.specimen.*")

        assert [column["key"] for column in noun.columns] == ["title", *list(META.fields)[1:]]
        assert noun.may == {"create": True, "update": True, "delete": True}
        assert (noun.base, noun.title, noun.section) == ("/nouns/specimens", "Specimens", "Nouns")
        assert noun.sentence.startswith("A noun with fields of every type")
        assert noun.searched == "Title or code"

    def test_is_json(self) -> None:
        """All of it can be sent."""
        assert json.dumps(description.describe(SpecimenService, REGISTRY, somebody("*")).columns)

    def test_hidden_fields(self) -> None:
        """What nobody may show them is not mentioned, also where its words would be searched."""
        noun = described(Grant("nouns.specimen.read", readable=frozenset({"title", "kind"})))

        assert [column["key"] for column in noun.columns] == ["title", "kind"]
        assert noun.searched == "Title"
        assert noun.may == {"create": False, "update": False, "delete": False}

    def test_no_rights(self) -> None:
        """Without the permission there is not a column."""
        assert described().columns == []

    @pytest.mark.parametrize("may", [True, False])
    def test_references_lead_where_one_may_go(self, may: bool) -> None:
        """A reference is a link for those who may read what it leads to."""
        grants = ["nouns.specimen.read", *(["nouns.shelf.read"] if may else [])]
        columns = {column["key"]: column for column in described(*grants).columns}

        assert columns["shelf"]["leads"] is may
        assert columns["parent"]["leads"] is True

    def test_filters(self) -> None:
        """Lists are narrowed by choices, by yes and no, and by references."""
        filters = {each["key"]: each for each in description.filters_of(described("*"))}

        assert list(filters) == ["kept", "sealed", "kind", "mood", "shelf", "former", "parent"]
        assert filters["kind"]["options"][0] == {"value": "plant", "label": "Plant"}
        assert filters["kept"]["options"][1] == {"value": "false", "label": "No"}

    def test_creatable(self) -> None:
        """Of a new record somebody sets what their grant lets them write."""
        actor = somebody(Grant("nouns.specimen.create", writable=frozenset({"title", "kind"})))

        assert description.creatable(SpecimenService, REGISTRY, actor) == {"title", "kind"}


class TestInputs:
    """What a form starts from."""

    def test_hidden_and_locked(self) -> None:
        """What was not read is absent; what may not be written is locked."""
        fields = description.inputs(META.writable, {"title": "Fern", "count": 3}, {"title"})

        assert [(each["name"], each["locked"]) for each in fields] == [
            ("title", False),
            ("count", True),
        ]

    def test_values_are_json(self) -> None:
        """Values of every type can be sent."""
        values: dict[str, Any] = {
            "weight": Decimal("1.500"),
            "seen_at": datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
            "aged": timedelta(minutes=90),
            "shelf": None,
        }

        fields = description.inputs(META.writable, values, META.writable)

        assert [each["value"] for each in fields] == [
            "1.500",
            "2026-01-31T09:30:00Z",
            "PT1H30M",
            None,
        ]


class TestReadForm:
    """What a form says."""

    def test_types(self) -> None:
        """Texts are read by the types of their fields; what the form does not say is absent."""
        form = {
            "title": " Fern ",
            "count": "12",
            "kept": False,
            "sealed": "",
            "worth": "12.50",
            "worth_currency": "USD",
            "cost": "",
            "cost_currency": "JPY",
            "nonsense": "x",
        }

        assert description.read_form(META.writable, form) == {
            "title": "Fern",
            "count": 12,
            "kept": False,
            "sealed": None,
            "worth": {"amount": "12.50", "currency": "USD"},
            "cost": None,
        }

    def test_empty(self) -> None:
        """A field that must not be empty says so at the field."""
        with pytest.raises(Invalid) as refused:
            description.read_form(META.writable, {"title": "  ", "code": ""})

        assert refused.value.fields == {"title": "Fill this in."}

    @pytest.mark.parametrize("given", [None, 1, [], {}, "x" * 100, True])
    def test_anything(self, given: object) -> None:
        """Whatever somebody sends comes to the schema, or is refused."""
        form = dict.fromkeys(META.writable, given)
        try:
            values = description.read_form(META.writable, form)
        except Invalid:
            return

        with pytest.raises(ValueError, match="validation error"):
            META.schemas.create.model_validate(values)


def test_cells_are_cut() -> None:
    """A list carries no whole texts."""
    assert len(description.cell(META, "note", "x" * 5000)) == 300


def test_facts_of_references() -> None:
    """Two versions are compared by where a reference leads, not by what that is called."""
    link = Link(UUID(int=7), "Top shelf")

    assert description.fact(META.fields["shelf"], link) == str(link.id)
    assert description.fact(META.fields["shelf"], link.id) == str(link.id)

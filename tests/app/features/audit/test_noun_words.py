"""Entries about resources, told by their descriptions."""

from typing import Any
from uuid import uuid4

import pytest

from app.core.access import Access
from app.core.actor import Actor, RequestContext
from app.core.ids import new_id
from app.features.audit.narrowing import kind_options
from app.features.audit.noun_words import address_of, field_of, phrase_of, value_of
from app.features.audit.words import action_in_words, changes_in_short, record_of, tell
from app.ui import runtime
from tests.app.features.audit.test_words import entry

pytestmark = pytest.mark.one_engine

ITEM = "inventory.item"


def about(action: str, **facts: Any) -> Any:
    """An entry about an item."""
    usual = {"target_type": ITEM, "target_label": "Lamp", "action": f"{ITEM}.{action}"}
    return entry(**usual | facts)


@pytest.mark.parametrize(
    ("action", "facts", "told"),
    [
        ("create", {}, ("created item", "Lamp")),
        ("update", {"changes": [{"field": "name"}]}, ("changed item", "Lamp")),
        ("update", {}, ("changed nothing of item", "Lamp")),
        ("delete", {}, ("deleted item", "Lamp")),
        ("read", {}, ("looked at item", "Lamp")),
        ("move", {"changes": [{"field": "place"}]}, ("moved item", "Lamp")),
        ("move", {"outcome": "denied"}, ("tried to move item", "Lamp")),
        ("create", {"outcome": "failed", "target_label": "", "target_id": ""},
         ("tried to create an item", "")),
        ("read", {"target_label": "", "target_id": ""}, ("looked at items", "")),
    ],
)  # fmt: skip
def test_sentences(action: str, facts: dict[str, Any], told: tuple[str, str]) -> None:
    """Singular and past, without a list of actions to be kept."""
    assert tell(about(action, **facts)) == told


def test_actions() -> None:
    """Where no single entry is meant."""
    assert action_in_words("inventory.item.move") == "Moved an item"
    assert phrase_of("inventory.item.nonsense") is None
    assert phrase_of("user.create") is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"field": "state", "before": "new", "after": "used"}, "State: New → Used"),
        ({"field": "insured", "before": False, "after": True}, "Insured: no → yes"),
        ({"field": "place", "before": None, "after": str(uuid4())}, "Place: changed"),
        ({"field": "gone", "before": 1, "after": 2}, "Gone: 1 → 2"),
    ],
)
def test_changes(change: dict[str, Any], words: str) -> None:
    """Fields by their titles, choices by their words; of a reference only that it changed."""
    assert changes_in_short(about("update", changes=[change])) == words


def test_values() -> None:
    """What is no choice stays as it is."""
    assert value_of(ITEM, "state", "forgotten") == "forgotten"
    assert value_of("user", "email", "a@example.com") == "a@example.com"
    assert field_of(ITEM, "nonsense") is None


@pytest.mark.parametrize(("grant", "leads"), [("inventory.item.read", True), ("user.read", False)])
def test_links(grant: str, leads: bool) -> None:
    """An entry leads to the record for those who may see it."""
    actor = Actor(kind="user", name="Ada", access=Access.to(grant))
    context = RequestContext(request_id=new_id().hex, channel="console", address="127.0.0.1")
    runtime.set_caller(runtime.Caller(actor, context))
    told = about("update", target_id=str(uuid4()))

    assert record_of(told) == (f"/inventory/items/{told.target_id}" if leads else "")
    assert address_of("user", uuid4()) is None


def test_kinds() -> None:
    """The filter calls them by their nouns."""
    kinds = kind_options(runtime.current().registry)

    assert {"value": ITEM, "label": "Item"} in kinds

"""A role and what a change of it means, in words."""

from typing import Any
from uuid import UUID

import pytest

from app.features.roles.schemas import GrantSpec, PermissionChange, Person, RoleUpdate, WhatIf
from app.features.roles.words import change_to, draft_of, effects_of, in_words_of, summary_of

NAMES = ("Ada", "Bob", "Cyd", "Dan", "Eve")


def change(count: int) -> WhatIf:
    """So many people gain a permission."""
    people = [
        Person(id=UUID(int=number), display_name=name, email="")
        for number, name in enumerate(NAMES[:count])
    ]
    nobody: dict[str, Any] = {
        f"{kind}{suffix}": empty
        for kind in ("loses", "narrows", "widens")
        for suffix, empty in (("", []), ("_count", 0))
    }
    gain = PermissionChange.model_validate(
        {"permission": "user.read", "description": "", "gains": people, "gains_count": count}
        | nobody
    )
    return WhatIf(changes=[gain], affected=count, refusal=None)


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "Ada gains it."),
        (2, "Ada and Bob gain it."),
        (5, "Ada, Bob, Cyd, Dan and Eve gain it."),
        (1234, "Ada, Bob, Cyd, Dan, Eve and 1,229 more gain it."),
    ],
)
def test_people_are_named(count: int, sentence: str) -> None:
    """A few by name, the others by number; who is not concerned is not mentioned."""
    [effect] = effects_of(change(count))

    assert effect["gains"] == sentence
    assert (effect["loses"], effect["widens"], effect["narrows"]) == ("", "", "")


@pytest.mark.parametrize(
    ("affected", "members", "begins"),
    [
        (1, 1, "1 person is"),
        (1234, 2, "1,234 people are"),
        (0, 0, "Nobody has"),
        (0, 2, "Nobody's"),
    ],
)
def test_summary(affected: int, members: int, begins: str) -> None:
    """How many are concerned, or why nobody is."""
    found = WhatIf(changes=[], affected=affected, refusal=None)

    assert summary_of(found, members).startswith(begins)


def test_facts_and_back() -> None:
    """A role taken to pieces and put together is the same; pieces that are None are gone."""
    role = RoleUpdate(
        name="desk",
        description="Helps",
        includes=["guest"],
        grants=[GrantSpec(permission="user.read", rule="own", readable=["email"], reason="x")],
    )
    facts = draft_of(role)

    assert change_to(facts, 7) == role.model_copy(update={"version": 7})
    assert change_to({**facts, "user.read own": None, "includes guest": None}, 7).grants == []


def test_what_is_not_there() -> None:
    """A grant that one of two people took away."""
    assert in_words_of(None) == "no"

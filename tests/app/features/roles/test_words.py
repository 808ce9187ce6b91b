"""A role and what a change of it means, in words."""

from typing import Any
from uuid import UUID

import pytest

from app.features.roles.schemas import Affected, GrantSpec, Person, RoleUpdate, WhatIf
from app.features.roles.words import (
    change_to,
    draft_of,
    in_words_of,
    label_of_fact,
    summary_of,
    who_of,
)

pytestmark = pytest.mark.one_engine

NAMES = ("Ada", "Bob", "Cyd", "Dan", "Eve")


def group(count: int, hidden: int = 0) -> Affected:
    """So many people get a permission, some of whom may not be seen."""
    people = [
        Person(id=UUID(int=number), display_name=name, email=None)
        for number, name in enumerate(NAMES[: count - hidden])
    ]
    nothing: dict[str, Any] = {"widens": [], "narrows": [], "loses": []}
    return Affected(people=people, count=count, hidden=hidden, gains=["user.read"], **nothing)


@pytest.mark.parametrize(
    ("count", "hidden", "who"),
    [
        (1, 0, "Ada"),
        (2, 0, "Ada and Bob"),
        (5, 0, "Ada, Bob, Cyd, Dan and Eve"),
        (1234, 0, "Ada, Bob, Cyd, Dan, Eve and 1,229 more"),
        (3, 1, "Ada, Bob and 1 person you may not see"),
        (1234, 3, "Ada, Bob, Cyd, Dan, Eve, 1,226 more and 3 people you may not see"),
        (2, 2, "2 people you may not see"),
    ],
)
def test_people_are_named(count: int, hidden: int, who: str) -> None:
    """A few by name, the others by number."""
    assert who_of(group(count, hidden)) == who


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
    found = WhatIf(groups=[], affected=affected, refusal=None)

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


@pytest.mark.usefixtures("tab")
@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("name", "Name"),
        ("includes guest", "Includes: guest"),
        ("audit.read", "Audit: read"),
        ("user.assign_roles", "User: assign roles"),
        ("user.read own", "User: read (their own record)"),
        ("user.*", "User: all"),
        ("*.read", "Everything: read"),
        ("*", "Everything"),
    ],
)
async def test_facts_are_called(key: str, label: str) -> None:
    """As people say it, without dots and underscores."""
    assert label_of_fact(key) == label


def test_what_is_not_there() -> None:
    """A grant that one of two people took away."""
    assert in_words_of(None) == "no"

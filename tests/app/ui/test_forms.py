"""What a form or an address gave, checked against a schema."""

import pytest

from app.core.errors import Invalid
from app.features.users.schemas import UserListQuery, UserUpdate
from app.ui.forms import parse


def test_right() -> None:
    """What fits becomes the schema's object."""
    assert parse(UserListQuery, {"q": "ada"}).q == "ada"


def test_wrong_address() -> None:
    """Somebody who edits the address reads what is allowed there, in our words."""
    with pytest.raises(Invalid) as refused:
        parse(UserListQuery, {"status": "weird"})

    assert refused.value.message == "status: Must be active or suspended."


def test_wrong_fields() -> None:
    """Each field of a form has its own sentence, by the name of the control."""
    with pytest.raises(Invalid) as refused:
        parse(UserUpdate, {"display_name": "", "verified": None, "email": 7})

    assert refused.value.fields == {
        "display_name": "Use at least 1 character.",
        "verified": "This cannot be null; leave it out to keep what is there.",
        "email": "Must be text.",
    }

"""What a form or an address gave, checked against a schema."""

import pytest

from app.core.errors import Invalid
from app.features.users.schemas import EmailChange, UserListQuery
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
        parse(EmailChange, {"verified": None, "email": 7})

    assert refused.value.fields == {
        "verified": "Must be true or false.",
        "email": "Must be text.",
    }

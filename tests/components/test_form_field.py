"""Label, control, help and message belong together."""

from collections.abc import Callable

import pytest
import reflex as rx

from components.badge import badge
from components.form_field import form_field, form_group
from components.password_input import password_input
from components.select import select
from components.text_input import text_input
from components.textarea import textarea


@pytest.mark.parametrize(
    "draw",
    [
        lambda: text_input("thing"),
        lambda: textarea("thing"),
        lambda: select("thing", ["a", "b"]),
        lambda: password_input("thing"),
    ],
    ids=["text", "textarea", "select", "password"],
)
class TestControl:
    """Whatever the control is."""

    def test_label_leads_to_control(self, draw: Callable[[], rx.Component]) -> None:
        """The label's `for` is the control's id."""
        drawn = str(form_field("Thing", draw()))

        assert 'htmlFor:"field-thing"' in drawn
        assert 'id:"field-thing"' in drawn

    def test_help_and_message_describe_control(self, draw: Callable[[], rx.Component]) -> None:
        """Assistive technology reads both."""
        drawn = str(form_field("Thing", draw(), help="Why", error="Wrong"))

        assert '"aria-describedby":"field-thing-help field-thing-error"' in drawn
        assert '"aria-invalid":"true"' in drawn
        assert '"Wrong"' in drawn

    def test_required_is_said_once(self, draw: Callable[[], rx.Component]) -> None:
        """What the field demands wins over what the control says."""
        drawn = str(form_field("Thing", draw(), required=True))

        assert drawn.count("required:true") == 1
        assert "required:false" not in drawn


def test_message_from_state_marks_control() -> None:
    """An error that comes later marks the control later."""
    error: rx.Var[str] = rx.Var("errors.name", _var_type=str)

    drawn = str(form_field("Name", text_input("name"), error=error))

    assert '"aria-invalid":' in drawn
    assert "errors.name" in drawn


def test_field_needs_control() -> None:
    """A badge is nothing to fill in."""
    with pytest.raises(ValueError, match="needs an input"):
        form_field("Name", badge("no control"))


def test_group_is_fieldset_with_legend() -> None:
    """A question with several controls is named as a group."""
    drawn = str(form_group("Colour", text_input("red"), name="colour", error="Choose."))

    assert 'jsx("fieldset"' in drawn
    assert 'jsx("legend",{className:"field-label"},"Colour")' in drawn
    assert '"aria-describedby":"group-colour-error"' in drawn

"""Lines that the server sends without an event having run."""

import json
from dataclasses import fields

from app.ui.notices import MEMORY_LOST, TOO_MANY, notice, notice_delta
from app.ui.page_state import Console, Notice


class TestNotice:
    """A line at the top of the page."""

    def test_fits_the_page(self) -> None:
        """It is a change of the variable that the page shows, and complete."""
        [[state, values]] = notice_delta(TOO_MANY).items()
        [[name, value]] = values.items()

        assert state == Console.get_full_name()
        assert name == "notice_rx_state_"
        assert name.removesuffix("_rx_state_") in Console.base_vars
        assert isinstance(value, dict)
        assert set(value) == {field.name for field in fields(Notice)}

    def test_again(self) -> None:
        """The same words again are another line, so that the page shows them again."""
        assert notice(TOO_MANY) != notice(TOO_MANY)

    def test_lasting(self) -> None:
        """What goes on until the connection is back says so."""
        _, update = json.loads(notice(MEMORY_LOST).removeprefix("42/_event,"))

        assert update["delta"][Console.get_full_name()]["notice_rx_state_"]["lasting"] is True

"""Lines at the top of a page that the server sends without an event having run."""

from typing import NamedTuple

from reflex_base.constants.state import FIELD_MARKER

from app.core.ids import new_id
from app.ui.page_state import Console
from app.ui.socket_messages import written_event


class Words(NamedTuple):
    """What a line says; `lasting` until the connection is back, else for seconds."""

    text: str
    lasting: bool = False


BAD_MESSAGE = Words("That could not be understood, and nothing was done. Load the page anew.")
FAILED = Words("The server could not do that just now. Try again in a moment.")
MEMORY_LOST = Words(
    "The server has lost touch with its memory (Redis). This page goes on by itself as soon as it "
    "is back; what you typed is kept.",
    lasting=True,
)
TOO_LARGE = Words("That was too much at once: more than the server takes in one message.")
TOO_MANY = Words("Too much in a short time. Wait a moment, then go on.")


def notice(words: Words) -> str:
    """A frame that makes a page show a line."""
    return written_event({"delta": notice_delta(words)})


def notice_delta(words: Words) -> dict[str, dict[str, object]]:
    """What changes in a page's state, so that it shows a line."""
    value = {"id": new_id().hex, "text": words.text, "lasting": words.lasting}
    return {Console.get_full_name(): {f"notice{FIELD_MARKER}": value}}

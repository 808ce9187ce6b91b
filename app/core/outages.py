"""What keeps a database from answering, whichever it is."""

from enum import Enum

from app.core.errors import Unavailable


class Outage(Enum):
    """A kind of outage: its code, and the sentence for people."""

    GONE = ("database.unavailable", "The database does not answer. Try again in a moment.")
    BUSY = ("database.busy", "The database is busy with other changes. Try again in a moment.")
    SLOW = ("database.too_slow", "The database took too long. Ask for less, or try again later.")
    FULL = ("database.full", "The disk is full: nothing can be saved until there is space again.")
    READ_ONLY = ("database.read_only", "The database takes no changes at the moment.")
    FORBIDDEN = (
        "database.forbidden",
        "The database refuses this to the role that the server connects with.",
    )

    def error(self) -> Unavailable:
        """The error that tells of it."""
        code, message = self.value
        return Unavailable(code, message)

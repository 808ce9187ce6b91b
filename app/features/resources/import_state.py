"""State of the drawn import page: one for all resources. The file never comes here."""

from typing import Any

import reflex as rx

from app.core.errors import NotFound
from app.core.ids import parse_id
from app.core.permissions import SIGNED_IN
from app.features.audit.permissions import AuditPermission
from app.features.audit.service import AuditService
from app.features.resources import description
from app.features.resources.noun_state import NounState
from app.ui import runtime
from app.ui.handlers import handler


class ImportRecords(NounState, rx.State):
    """What a file's columns can stand for, on the import page of whatever resource is named."""

    fields: list[dict[str, Any]] = []
    """`{"key", "title", "required", "unique"}` each."""
    action: str = ""
    """Where the file is sent."""
    may_change: bool = False
    may_undo: bool = False
    undone: str = ""
    """The audit entry of the import that was taken back here."""

    @handler(SIGNED_IN)
    async def load(self) -> None:
        """Load what can be imported."""
        service, noun = await self._open()
        actor = runtime.caller().actor
        self.fields = description.importable(service, runtime.current().registry, actor)
        self.action = f"/session/resources{noun.base}/import"
        self.may_change = noun.may.get("update", False)
        self.may_undo = actor.may(AuditPermission.UNDO)
        self.undone = ""

    @handler(AuditPermission.UNDO)
    async def undo(self, entry_id: str) -> None:
        """Take back an import, all of it or nothing.

        Raises:
            NotFound: There is no such entry.
        """
        found = parse_id(entry_id)
        if found is None:
            code, message = "audit.not_found", "There is no such audit entry."
            raise NotFound(code, message)
        async with runtime.operations(AuditService) as audit:
            await audit.undo(found)
        self.undone = entry_id
        await self._say("Taken back.", undo=False)

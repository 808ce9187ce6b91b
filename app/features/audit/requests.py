"""The operation by which the HTTP edge tells the audit trail of requests."""

from http import HTTPStatus

from app.core.audit import Outcome
from app.core.operations import Service, operation
from app.core.permissions import SIGNED_IN
from app.core.ports import AnsweredRequest

_LONGEST_PATH = 200


class RequestService(Service):
    """What the HTTP edge tells the audit trail of, within one unit of work."""

    @operation(
        SIGNED_IN,
        action="request.write",
        allowed_before_password_change=True,
        allowed_in_preview=True,
    )
    async def write(self, request: AnsweredRequest) -> None:
        """Record a request that could have changed something and that no operation recorded."""
        # A name by the path would let anybody make up as many as they like.
        name = f"{request.method} {request.route or 'to an unknown address'}"
        detail = {
            "method": request.method,
            "route": request.route,
            "path": request.path[:_LONGEST_PATH],
            "status": request.status,
        }
        self.uow.audit.about("request", name, name, detail=detail)
        outcome = _outcome_of(request.status)
        self.uow.audit.turned_out(outcome, request.error_code, request.duration_ms)


def _outcome_of(status: int) -> Outcome:
    if status < HTTPStatus.BAD_REQUEST:
        return "succeeded"
    return "denied" if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) else "failed"

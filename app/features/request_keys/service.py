"""How requests are remembered by the keys that their callers gave them."""

import hashlib
from datetime import timedelta
from uuid import UUID

import orjson
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.access import Access
from app.core.crypto import sign
from app.core.errors import Conflict, Invalid, RateLimited
from app.core.ids import new_id
from app.core.operations import Service, operation, query
from app.core.ports import KeptAnswer
from app.core.unit_of_work import UnitOfWork
from app.features.request_keys.permissions import RequestKeyPermission
from app.features.request_keys.repository import (
    RequestKeyRepository,
    delete_older,
    has_older,
)
from app.settings import Settings, jwt_secret

KEPT_FOR = timedelta(hours=24)
LONGEST = timedelta(minutes=5)
"""After this time a request without an answer may be tried anew: its process has ended."""
MOST_BYTES = 1024 * 1024
"""Of the body of an answer; a larger one is not kept."""
MOST_KEYS = 10_000
"""Of one caller within a day."""
MOST_BYTES_IN_ALL = 64 * MOST_BYTES
"""Of all answers that are kept for one caller."""
_CODE = "request.idempotency_key"


class StoredRequestKeys:
    """The request of one unit of work, remembered in the database; see `RequestKeys`.

    A row is written, in a transaction of its own, before the operation begins; the answer is
    written into it in the operation's transaction. So what was done is remembered, whatever
    happens in between, and what was not done is never said to be.
    """

    def __init__(self, uow: UnitOfWork, settings: Settings) -> None:
        self._uow = uow
        self._secret = jwt_secret(settings)
        self._key_hash = ""
        self._attempt = new_id()

    async def begin(self, key: str, request: bytes) -> KeptAnswer | None:
        """Take a request on, or tell how it was answered before."""
        self._key_hash = hashlib.sha256(key.encode()).hexdigest()
        # A body may hold a password, which must not be found by trying.
        fingerprint = sign(self._secret, "request-key", request).hex()
        now = clock.now()
        access = _access_hash(self._uow.actor.access)
        fresh = {
            "fingerprint": fingerprint,
            "access_hash": access,
            "attempt": self._attempt,
            "started_at": now,
            "status": None,
        }
        try:
            async with self._uow.aside() as session:
                stored = RequestKeyRepository(session, self._user_id)
                known = await stored.get(self._key_hash)
                if known is None:
                    _refuse_more(*await stored.usage())
                    await stored.add(self._key_hash, **fresh)
                    return None
                if known.started_at > now - KEPT_FOR:
                    if known.fingerprint != fingerprint:
                        raise _reused()
                    if known.status is not None:
                        return _shown(
                            known.status, known.headers, known.body, known.access_hash, access
                        )
                    if known.started_at > now - LONGEST:
                        raise _in_use()
                await stored.change(self._key_hash, None, **fresh, body=None, size_bytes=0)
                return None
        except IntegrityError as error:
            raise _in_use() from error

    async def keep(self, answer: KeptAnswer) -> None:
        """Remember the answer, in the transaction of the operation that gave it."""
        await self._uow.begin_write()
        stored = RequestKeyRepository(self._uow.session, self._user_id)
        if not await stored.change(self._key_hash, self._attempt, **_columns(answer)):
            raise _in_use()

    async def keep_refusal(self, answer: KeptAnswer) -> None:
        """Remember a refusal, in a transaction of its own."""
        async with self._uow.aside() as session:
            stored = RequestKeyRepository(session, self._user_id)
            await stored.change(self._key_hash, self._attempt, **_columns(answer))

    async def release(self) -> None:
        """Forget the request: it may be tried again at once."""
        async with self._uow.aside() as session:
            stored = RequestKeyRepository(session, self._user_id)
            await stored.forget(self._key_hash, self._attempt)

    @property
    def _user_id(self) -> UUID:
        user_id = self._uow.actor.user_id
        if user_id is None:
            message = "only people's requests are remembered"
            raise RuntimeError(message)
        return user_id


class RequestKeyService(Service):
    """What becomes of old keys."""

    @query(RequestKeyPermission.PURGE, action="request_key.has_expired")
    async def has_expired(self) -> bool:
        """Whether there are requests that nobody can repeat any more."""
        return await has_older(self.uow.session, clock.now() - KEPT_FOR)

    # The requests themselves are in the trail.
    @operation(RequestKeyPermission.PURGE, recorded=False)
    async def forget_expired(self) -> int:
        """Forget requests that nobody can repeat any more; returns how many."""
        return await delete_older(self.uow.session, clock.now() - KEPT_FOR)


def _columns(answer: KeptAnswer) -> dict[str, object]:
    body = answer.body
    if body is not None and len(body) > MOST_BYTES:
        body = None
    headers = orjson.dumps(dict(answer.headers)).decode()
    return {
        "status": answer.status,
        "headers": headers,
        "body": body,
        "size_bytes": len(body or b""),
    }


def _shown(
    status: int, headers: str, body: bytes | None, access_then: str, access_now: str
) -> KeptAnswer:
    """The answer, if it may be shown again."""
    if body is None or access_then != access_now:
        message = (
            "This was done already; its answer is not kept, since it held a secret or was large."
            if body is None
            else "This was done already; what you may see has changed since, so read it anew."
        )
        raise Conflict(f"{_CODE}.answer_not_kept", message, answered_with=status)
    return KeptAnswer(status, orjson.loads(headers), body)


def _refuse_more(count: int, size_bytes: int) -> None:
    if count >= MOST_KEYS or size_bytes >= MOST_BYTES_IN_ALL:
        message = "You have named too many requests within a day; send this one without a key."
        hour = 3600
        raise RateLimited(f"{_CODE}.too_many", message, retry_after_seconds=hour)


def _reused() -> Invalid:
    message = "You have sent another request with this `Idempotency-Key`; use a new one."
    return Invalid(f"{_CODE}.reused", message)


def _in_use() -> Conflict:
    message = "A request with this `Idempotency-Key` is being answered; try again in a moment."
    return Conflict(f"{_CODE}.in_use", message)


def _access_hash(access: Access) -> str:
    """Of all that somebody holds now, which decides what they are shown."""
    now = clock.now()
    held = sorted(
        repr(
            (
                grant.permission,
                grant.rule,
                sorted(grant.readable) if grant.readable is not None else None,
            )
        )
        for grant in access.grants
        if grant.counts_at(now)
    )
    return hashlib.sha256("\n".join(held).encode()).hexdigest()

"""Where the console's state is kept: people's own signed, that of strangers for seconds.

Reflex keeps a state for every client token that anybody presents, for an hour, and takes it from
Redis as a pickle, which runs code when it is read. Here what stands in Redis is signed, and who is
not signed in gets a state of this process that is gone when the tab is, or soon after.
"""

import asyncio
import hashlib
import hmac
import logging
import pickle
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import reflex as rx
from reflex import state as reflex_state
from reflex.app import EventNamespace
from reflex.istate.manager import StateManager
from reflex.istate.manager import token as reflex_token
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import StateToken
from reflex.utils import prerequisites, token_manager

from app.core.log import get_logger
from app.core.shared_memory import client
from app.ui.callers import identify
from app.ui.socket_messages import LARGEST_FRAME_BYTES

log = get_logger(__name__)

UNPICKLING = (reflex_state, reflex_token, token_manager)
"""The modules of Reflex that unpickle what they find in Redis."""
_SIGNATURE_BYTES = hashlib.sha256().digest_size
_STRANGERS = 64
"""So many states of strangers are kept by a process at most; the oldest goes first."""
_STRANGERS_SECONDS = 20
_ANSWER_SECONDS = 2.0


class SignedPickle:
    """Takes the place of `pickle` where Reflex reads what somebody else could have written.

    Args:
        secret: Of the installation; the key is derived from it.
    """

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"atrium console state", hashlib.sha256)
        self._has_refused = False

    def dumps(self, value: object) -> bytes:
        """The value, pickled, behind its signature."""
        data = pickle.dumps(value)
        return self._signature(data) + data

    def loads(self, signed: bytes) -> Any:
        """The value that `dumps` was given.

        Raises:
            pickle.UnpicklingError: This installation has not signed it; it was not looked into.
        """
        signature, data = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
        if hmac.compare_digest(signature, self._signature(data)):
            # Our own, see above.
            return pickle.loads(data)  # noqa: S301  # nosec B301
        if not self._has_refused:
            self._has_refused = True
            log.error("console.foreign_state", effect="ignored, and so will others be")
        message = "not signed by this installation"
        raise pickle.UnpicklingError(message)

    def _signature(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, hashlib.sha256)


class StrangerStates(StateManagerMemory):
    """States of people who are not signed in: few, for seconds, in this process only."""

    def forget(self, token: str) -> None:
        """Drop the state of a tab that is gone."""
        known = self._token_expires_at.get(token)
        if known is not None:
            self._purge_token(known[1])

    def _get_or_create_state(self, token: StateToken[Any]) -> Any:
        if token.cache_key not in self.states and len(self.states) >= _STRANGERS:
            oldest = next(filter(self._is_idle, self.states), None)
            if oldest is not None:
                self.forget(oldest)
        return super()._get_or_create_state(token)

    def _is_idle(self, key: str) -> bool:
        lock = self._states_locks.get(key)
        return lock is None or not lock.locked()


class _StrangersApart(StateManager):
    """A manager of states that leaves those of strangers to another one."""

    strangers: StrangerStates

    def modify_state(
        self, token: StateToken[Any] | str, **context: Any
    ) -> AbstractAsyncContextManager[Any]:
        """The state that whoever sent the event may have, exclusively while the block runs."""
        return self._modify(token, context)

    @asynccontextmanager
    async def _modify(
        self, token: StateToken[Any] | str, context: dict[str, Any]
    ) -> AsyncIterator[Any]:
        caller = await identify(context.get("event"))
        modify: Callable[..., AbstractAsyncContextManager[Any]] = super().modify_state
        if not caller.actor.is_signed_in:
            modify = self.strangers.modify_state
        async with modify(token, **context) as state:
            yield state


class MemoryStates(_StrangersApart, StateManagerMemory):
    """States of one process."""


class RedisStates(_StrangersApart, StateManagerRedis):
    """States that several workers share."""

    def let_go(self) -> None:
        """Stop listening to a Redis that is gone, and take nothing of it for granted."""
        if self._lock_task is not None:
            self._lock_task.cancel()
            self._lock_task = None
        # Redis keeps the setting in its memory only.
        self._redis_notify_keyspace_events_enabled = False


class ConsoleNamespace(EventNamespace):
    """Reflex's end of the sockets."""

    strangers: StrangerStates

    async def link_token_to_sid(self, sid: str, token: str, *, update_state: bool = True) -> None:
        """Remember which tab a socket belongs to; that alone makes no state."""
        del update_state
        await super().link_token_to_sid(sid, token, update_state=False)

    def on_disconnect(self, sid: str) -> asyncio.Task[None] | None:
        """Forget the socket, and its state if it was a stranger's."""
        token = self.sid_to_token.get(sid)
        task: asyncio.Task[None] | None = super().on_disconnect(sid)
        if token is not None:
            self.strangers.forget(token)
        return task

    def let_go(self) -> None:
        """Stop listening to a Redis that is gone; it begins anew with the next socket."""
        for name in ("_socket_record_task", "_lost_and_found_task"):
            task = getattr(self._token_manager, name, None)
            if task is not None:
                task.cancel()
                setattr(self._token_manager, name, None)


def connect_to_redis(url: str | None) -> None:
    """Have Reflex connect to Redis with time-outs; before the app is made."""
    if url is None:
        return
    prerequisites.get_redis = lambda: client(url, timeout_seconds=_ANSWER_SECONDS)
    # They log every call that fails; the watch over Redis says it once.
    for talkative in ("reflex.utils.token_manager", "reflex.utils.tasks"):
        logging.getLogger(talkative).setLevel(logging.CRITICAL)


def keep_states(app: rx.App, secret: str) -> None:
    """Have an app's states signed and strangers' kept apart.

    Args:
        app: With Reflex's own managers, not yet used.
        secret: Of the installation.
    """
    signed = SignedPickle(secret)
    for module in UNPICKLING:
        module.pickle = signed  # type: ignore[attr-defined]  # Reflex's import
    strangers = StrangerStates(token_expiration=_STRANGERS_SECONDS)
    made = app.state_manager
    states: MemoryStates | RedisStates
    if isinstance(made, StateManagerRedis):
        states = RedisStates(
            redis=made.redis,
            token_expiration=made.token_expiration,
            lock_expiration=made.lock_expiration,
            lock_warning_threshold=made.lock_warning_threshold,
        )
    else:
        states = MemoryStates()
    states.strangers = strangers
    app._state_manager = states
    server, reflexs = app.sio, app.event_namespace
    if server is None or reflexs is None:
        message = "an app without states"
        raise TypeError(message)
    namespace = ConsoleNamespace(reflexs.namespace, app)
    namespace.strangers = strangers
    app._event_namespace = namespace
    server.register_namespace(namespace)
    # The gate has measured before; a frame grows by a few characters there.
    server.eio.max_http_buffer_size = LARGEST_FRAME_BYTES + 1024


def let_go(app: rx.App) -> None:
    """Stop listening to a Redis that is gone."""
    for part in (app.state_manager, app.event_namespace):
        if isinstance(part, RedisStates | ConsoleNamespace):
            part.let_go()

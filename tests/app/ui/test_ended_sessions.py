"""Tabs whose session ends elsewhere are told so, and why."""

import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from pydantic import SecretStr

from app.core.actor import SYSTEM
from app.core.ports import Authenticator, EndReason
from app.features.auth.schemas import Credentials
from app.features.auth.service import AuthService
from app.features.auth.session_service import SessionService
from app.features.users.schemas import UserRead
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform
from app.ui.connections import Connections
from app.ui.ended_sessions import SENTENCES, tell_ended


async def session_of(platform: Platform, user: UserRead) -> str:
    """Sign in to the console; returns the session's id."""
    credentials = Credentials(email=user.email, password=SecretStr(PASSWORD))
    started = await platform.caller(channel="console")(AuthService.sign_in, credentials)
    authenticator = await platform.container.get(Authenticator)
    actor = await authenticator.from_cookie(started.cookie)
    assert actor is not None
    return str(actor.session_id)


class TestTellEnded:
    """`tell_ended`."""

    async def test_those_whose_session_has_ended(
        self, platform: Platform, make_user: UserFactory
    ) -> None:
        """They are told once, and why; neither the others nor strangers are."""
        authenticator = await platform.container.get(Authenticator)
        connections = Connections()
        heard: dict[str, list[str]] = {}
        ada, bea = await make_user(), await make_user()

        def listen(name: str) -> Any:
            async def send(message: MutableMapping[str, Any]) -> None:
                heard.setdefault(name, []).append(message["text"])

            return send

        with (
            connections.opened("", await session_of(platform, ada)) as hers,
            connections.opened("", await session_of(platform, bea)) as another,
            connections.opened("", "") as stranger,
        ):
            hers.send, another.send, stranger.send = map(listen, ("ada", "bea", "nobody"))
            await tell_ended(connections, authenticator)
            nothing = dict(heard)
            await platform.caller(SYSTEM)(SessionService.revoke_all, ada.id)
            await tell_ended(connections, authenticator)
            await tell_ended(connections, authenticator)

        assert nothing == {}
        assert list(heard) == ["ada"]
        [frame] = heard["ada"]
        [values] = json.loads(frame.removeprefix("42/_event,"))[1]["delta"].values()
        assert values == {"session_ended_rx_state_": True, "ended_because_rx_state_": "revoked"}

    async def test_closing_at_this_moment(self, platform: Platform, make_user: UserFactory) -> None:
        """A tab that goes while it is told keeps nobody else from hearing it."""
        authenticator = await platform.container.get(Authenticator)
        connections = Connections()
        user = await make_user()

        async def send(_message: object) -> None:
            message = "closed"
            raise RuntimeError(message)

        with connections.opened("", await session_of(platform, user)) as socket:
            socket.send = send
            await platform.caller(SYSTEM)(UserService.suspend, user.id)
            await tell_ended(connections, authenticator)

            assert socket.was_told


@pytest.mark.parametrize("why", EndReason)
def test_every_reason_is_a_sentence(why: EndReason) -> None:
    """Nobody is signed out without a word."""
    assert SENTENCES[why].endswith(".")

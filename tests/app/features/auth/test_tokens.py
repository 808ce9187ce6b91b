"""Access tokens: ours, whole, and in time, or worth nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
import time_machine

from app.core.errors import Unauthenticated
from app.features.auth.tokens import LEEWAY, AccessTokens

SESSION = UUID("01890000-0000-7000-8000-000000000001")
USER = UUID("01890000-0000-7000-8000-000000000002")
SECRET = "a key that signs tokens in tests only, and long enough for any algorithm"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def tokens() -> AccessTokens:
    """Tokens that live a quarter of an hour."""
    return AccessTokens(SECRET, lifetime=timedelta(minutes=15))


def forged(claims: dict[str, Any], key: str = SECRET, algorithm: str = "HS256") -> str:
    """A token made by somebody else."""
    good = {
        "iss": "atrium",
        "aud": "atrium.api",
        "sub": str(USER),
        "sid": str(SESSION),
        "iat": 0,
        "exp": 2**33,
    }
    kept = {name: value for name, value in (good | claims).items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm)


class TestSessionOf:
    """The session that a token belongs to."""

    @time_machine.travel(NOW, tick=False)
    def test_own_token(self, tokens: AccessTokens) -> None:
        """A token that was just issued is good."""
        assert tokens.session_of(tokens.issue(SESSION, USER, NOW)) == SESSION

    @pytest.mark.parametrize(
        ("seconds", "good"), [(0, True), (909, True), (910, False), (9999, False)]
    )
    def test_lifetime(self, tokens: AccessTokens, seconds: int, *, good: bool) -> None:
        """It is good for its lifetime, ten seconds for clocks that differ, and no longer."""
        token = tokens.issue(SESSION, USER, NOW)

        with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
            if good:
                assert tokens.session_of(token) == SESSION
            else:
                with pytest.raises(Unauthenticated) as refused:
                    tokens.session_of(token)
                assert refused.value.code == "auth.token.expired"

    def test_expires_though_it_was_seen_before(self, tokens: AccessTokens) -> None:
        """That its signature was checked once does not make it good for longer."""
        token = tokens.issue(SESSION, USER, NOW)
        with time_machine.travel(NOW, tick=False):
            assert tokens.session_of(token) == SESSION

        with time_machine.travel(NOW + timedelta(minutes=15) + LEEWAY, tick=False):
            with pytest.raises(Unauthenticated) as refused:
                tokens.session_of(token)
            assert refused.value.code == "auth.token.expired"

    def test_remembers_some_only(
        self, tokens: AccessTokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many tokens are used, memory does not grow, and all of them are good."""
        monkeypatch.setattr("app.features.auth.tokens._REMEMBERED", 3)
        issued = [tokens.issue(SESSION, UUID(int=number), datetime.now(UTC)) for number in range(9)]

        assert {tokens.session_of(token) for token in [*issued, *issued]} == {SESSION}
        assert len(tokens._verified) == 3

    def test_forgery_is_otherwise_good(self, tokens: AccessTokens) -> None:
        """What the tests forge is refused for what they change in it, and for nothing else."""
        assert tokens.session_of(forged({})) == SESSION

    @pytest.mark.parametrize("claim", ["iat", "nbf"])
    @pytest.mark.parametrize(("seconds", "good"), [(1, True), (10, True), (11, False), (60, False)])
    @time_machine.travel(NOW, tick=False)
    def test_clock_of_another_host(
        self, tokens: AccessTokens, claim: str, seconds: int, *, good: bool
    ) -> None:
        """A token of a clock that is ahead by ten seconds is good; beyond that it says why not."""
        token = forged({claim: int(NOW.timestamp()) + seconds})

        if good:
            assert tokens.session_of(token) == SESSION
        else:
            with pytest.raises(Unauthenticated, match="not valid yet") as refused:
                tokens.session_of(token)
            assert refused.value.code == "auth.token.not_yet_valid"

    @time_machine.travel(NOW, tick=False)
    def test_other_installation(self, tokens: AccessTokens) -> None:
        """A copy of the installation with the same secret and another address takes no tokens."""
        copy = AccessTokens(SECRET, lifetime=timedelta(minutes=15), issuer="https://copy.example")

        assert copy.session_of(copy.issue(SESSION, USER, NOW)) == SESSION
        with pytest.raises(Unauthenticated):
            copy.session_of(tokens.issue(SESSION, USER, NOW))
        with pytest.raises(Unauthenticated):
            tokens.session_of(copy.issue(SESSION, USER, NOW))

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "x",
            "a.b.c",
            "..",
            "é.é.é",
            "\ud800",
            "\0",
            "x" * 100_000,
            forged({}, key="another key that signs other tokens"),
            forged({}, algorithm="HS512"),
            forged({"sid": None}),
            forged({"exp": None}),
            forged({"exp": "tomorrow"}),
            forged({"sid": "not an id"}),
            forged({"sid": 7}),
            forged({"sid": ["x"]}),
            forged({"iss": None}),
            forged({"iss": "https://other.example.com"}),
            forged({"aud": None}),
            forged({"aud": "another.api"}),
            forged({"aud": ["another.api"]}),
            forged({"aud": 7}),
            forged({"iat": None}),
            forged({"iat": "yesterday"}),
            forged({"nbf": "yesterday"}),
            jwt.encode({"sid": str(SESSION), "exp": 2**33}, "", algorithm="none"),
        ],
    )
    def test_anything_else(self, tokens: AccessTokens, token: str) -> None:
        """Forged, damaged, unsigned or incomplete: one and the same answer."""
        with pytest.raises(Unauthenticated) as refused:
            tokens.session_of(token)

        assert refused.value.code == "auth.token.invalid"

    def test_one_changed_character(self, tokens: AccessTokens) -> None:
        """No character of the signature can be changed, also after the good one was seen."""
        token = tokens.issue(SESSION, USER, datetime.now(UTC))
        tokens.session_of(token)
        header, claims, signature = token.split(".")
        other = "A" if signature[5] != "A" else "B"

        with pytest.raises(Unauthenticated):
            tokens.session_of(f"{header}.{claims}.{signature[:5]}{other}{signature[6:]}")

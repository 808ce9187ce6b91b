"""Logging: one line per event, and no secret in any of them."""

import io
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from app.core.log import MASK, call_facts, configure, get_logger, redact

SECRET = "hunter2-abcDEF_123"


Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What a test configures does not outlive it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


Configure = Callable[..., io.StringIO]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Configures logging; gives the stream that it writes to."""

    def call(*, as_json: bool) -> io.StringIO:
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        configure(level="info", as_json=as_json)
        return stream

    return call


@pytest.fixture
def lines(configured: Configure) -> Lines:
    """Configures JSON logging; gives what was logged so far."""
    stream = configured(as_json=True)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def fail_with(message: str) -> None:
    """Raise an error, with a secret in a local variable besides."""
    local_secret = SECRET
    raise RuntimeError(message, len(local_secret))


class TestEvent:
    """What a line says."""

    def test_carries_its_fields(self, lines: Lines) -> None:
        """An event is a name with fields, a level, a logger and the time."""
        get_logger("shop").info("item.sold", item_id=7)

        [line] = lines()
        assert line.pop("timestamp").endswith("Z")
        assert line == {"event": "item.sold", "item_id": 7, "level": "info", "logger": "shop"}

    @pytest.mark.parametrize("value", [2**70, "\ud800", {"key": 2**70}])
    def test_carries_odd_values(self, lines: Lines, value: object) -> None:
        """What not every writer of JSON can write does not lose the line."""
        get_logger("shop").info("item.sold", value=value)

        assert lines()[0]["value"] == value

    def test_only_from_its_level(self, lines: Lines) -> None:
        """What is below the configured level is not written."""
        get_logger("shop").debug("item.seen")
        logging.getLogger("shop").debug("item seen")

        assert lines() == []

    def test_carries_the_request_id(self, lines: Lines) -> None:
        """What is said of the request is on each of its lines, and on no other."""
        said = call_facts.set({"request_id": "r-1"})
        get_logger("shop").info("item.sold")
        call_facts.reset(said)
        get_logger("shop").info("item.sold")

        first, second = lines()
        assert first["request_id"] == "r-1"
        assert "request_id" not in second

    def test_hears_the_standard_library_too(self, lines: Lines) -> None:
        """Libraries that log in their own way end up on the same kind of line."""
        logging.getLogger("library").warning("went %s", "wrong")

        [line] = lines()
        assert (line["event"], line["level"], line["logger"]) == (
            "went wrong",
            "warning",
            "library",
        )

    def test_is_silent_below_the_level(self, lines: Lines) -> None:
        """What is less important than configured is not written."""
        get_logger("shop").debug("item.seen")

        assert lines() == []

    def test_keeps_a_traceback_on_its_line(self, lines: Lines) -> None:
        """An error is one line of JSON with the traceback in a field."""
        try:
            fail_with("boom")
        except RuntimeError:
            get_logger("shop").exception("item.lost")

        [line] = lines()
        assert "RuntimeError" in line["exception"]

    def test_is_readable_in_development(self, configured: Configure) -> None:
        """On a console the same is text."""
        output = configured(as_json=False)

        get_logger("shop").info("item.sold", item_id=7)

        assert "item.sold" in output.getvalue()
        assert "item_id" in output.getvalue()


class TestSecretFields:
    """Fields named like secrets are masked, whatever they hold."""

    @pytest.mark.parametrize(
        "name",
        [
            "password",
            "new_password",
            "PASSWORD",
            "jwt_secret",
            "access_token",
            "refresh_token",
            "cookie",
            "Set-Cookie",
            "authorization",
            "api_key",
            "apikey",
            "api-key",
            "credentials",
            "sentry_dsn",
        ],
    )
    def test_by_name(self, lines: Lines, name: str) -> None:
        """The field is there, its value is not."""
        get_logger("shop").info("item.sold", **{name: SECRET})

        assert lines()[0][name] == MASK

    @pytest.mark.parametrize(
        "value",
        [
            SECRET.encode(),
            [SECRET],
            (SECRET,),
            {"inner": SECRET},
            {"deep": [{"er": SECRET}]},
        ],
    )
    def test_of_any_type(self, lines: Lines, value: object) -> None:
        """Bytes, lists and mappings are masked as a whole."""
        get_logger("shop").info("item.sold", password=value)

        assert lines()[0]["password"] == MASK

    @pytest.mark.parametrize(
        "value",
        [
            {"password": SECRET},
            {"headers": {"Authorization": f"Bearer {SECRET}"}},
            {"headers": [("cookie", f"atrium_session={SECRET}")]},
            {"headers": [(b"cookie", f"atrium_session={SECRET}".encode())]},
            [{"token": SECRET}],
            f"atrium_session={SECRET}".encode(),
        ],
    )
    def test_inside_other_fields(self, lines: Lines, value: object) -> None:
        """A mapping in a harmless field is searched too."""
        get_logger("shop").info("item.sold", facts=value)

        assert SECRET not in json.dumps(lines())

    def test_leaves_the_rest_alone(self, lines: Lines) -> None:
        """Harmless values are written as they are."""
        facts = {"n": 1, "list": [1, "a", None], "inner": {"ok": True}}

        get_logger("shop").info("item.sold", facts=facts, nothing=None)

        assert lines()[0]["facts"] == facts


class TestSecretText:
    """Secrets inside free text are masked where their form gives them away."""

    @pytest.mark.parametrize(
        "text",
        [
            f"atrium_session={SECRET}",
            f"Cookie: theme=dark; atrium_session={SECRET}; x=1",
            f"cookie: atrium_session={SECRET}",
            f"{{'cookie': 'atrium_session={SECRET}'}}",
            f"(b'cookie', b'atrium_session={SECRET}')",
            f"Authorization: Bearer {SECRET}",
            f"authorization: bearer {SECRET}",
            f"{{'authorization': 'Bearer {SECRET}'}}",
            f"(b'authorization', b'Bearer {SECRET}')",
            f"(b'authorization', b'Basic {SECRET}')",
            f"Bearer  {SECRET}",
            f"password={SECRET}",
            f"'password': '{SECRET}'",
            f'{{"password": "{SECRET}"}}',
            f"password='{SECRET}'",
            f"refresh_token={SECRET}&x=1",
            f"postgresql://someone:{SECRET}@127.0.0.1/atrium",
            f"redis://:{SECRET}@127.0.0.1:6379/0",
            f"Event(name='a.b', router_data={{}}, payload=['{SECRET}']) [txid=1]",
            f"Failed to deserialize event data: {{'form': ['{SECRET}']}}.",
            f"Error transforming event argument 'form' with value '{SECRET}' and type hint 'int'",
        ],
    )
    def test_is_masked(self, text: str) -> None:
        """The secret is gone, and something shows that it was there."""
        assert SECRET not in redact(f"before {text} after")
        assert MASK in redact(text)

    @pytest.mark.parametrize(
        "text",
        [
            "user.created",
            "the password was changed",
            "no cookie",
            "GET http://127.0.0.1:8000/users?page=2",
            "the bearer of bad news",
            "https://example.com/a:b@c",
        ],
    )
    def test_harmless_text_stays(self, text: str) -> None:
        """Ordinary sentences and addresses are not mutilated beyond a word."""
        words, masked = text.split(), redact(text).split()

        assert masked[0] == words[0]
        assert len(masked) == len(words)

    @pytest.mark.parametrize("as_json", [True, False])
    def test_in_a_traceback(self, configured: Configure, *, as_json: bool) -> None:
        """Neither the message of an error nor its local variables betray a secret."""
        output = configured(as_json=as_json)

        try:
            fail_with(f"refused: cookie: atrium_session={SECRET}, password={SECRET}")
        except RuntimeError:
            get_logger("shop").exception("item.lost")

        assert "RuntimeError" in output.getvalue()
        assert SECRET not in output.getvalue()

    def test_in_a_line_of_the_standard_library(self, lines: Lines) -> None:
        """What libraries log is masked as well."""
        logging.getLogger("library").warning("sent %s", {"Authorization": f"Bearer {SECRET}"})

        assert SECRET not in json.dumps(lines())

    def test_in_the_name_of_an_event(self, lines: Lines) -> None:
        """Nor does it help to call the event so."""
        get_logger("shop").info(f"sent Bearer {SECRET}")

        assert SECRET not in json.dumps(lines())

    def test_in_long_text_takes_no_time(self) -> None:
        """Masking is linear: nobody slows the platform down by what they send."""
        text = "cookie" * 20_000 + "=" * 20_000 + " " * 20_000 + "bearer " * 20_000

        started = time.perf_counter()
        redact(text)

        assert time.perf_counter() - started < 1

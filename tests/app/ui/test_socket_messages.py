"""What a page may send over the socket."""

import json
from typing import Any

import pytest

from app.ui.socket_messages import LONGEST_ADDRESS_BYTES, Malformed, Message, read, written_event

HANDLERS = frozenset({"state.save"})
PLACE = {"pathname": "/users", "asPath": "/users?q=a", "query": {"q": "a"}}
EVENT = {"name": "state.save", "payload": {"form": {"name": "Zoë"}}, "router_data": PLACE}


def event(**changes: Any) -> str:
    """A frame of an event that is well-formed but for the changes."""
    return f"42/_event,{json.dumps(['event', EVENT | changes])}"


class TestRead:
    """Checking a frame and leaving in it what is needed."""

    @pytest.mark.parametrize("frame", ["3", "1", "41/_event,"])
    def test_without_content(self, frame: str) -> None:
        """Answers to pings and good-byes go on as they are and count for nothing."""
        assert read(frame, HANDLERS) == Message(frame)

    def test_event(self) -> None:
        """An event goes on with name, arguments and place, and nothing else."""
        frame = event(
            token="t",
            substate_token="s",
            router_data=PLACE | {"headers": {"cookie": "c"}, "ip": "192.0.2.1", "hash": "x"},
        )

        message = read(frame, HANDLERS)

        assert message.is_event
        assert json.loads(message.frame.removeprefix("42/_event,")) == ["event", EVENT]
        assert "Zoë" in message.frame

    def test_handshake(self) -> None:
        """A handshake goes on with its event and the schema of the page."""
        auth = {"event": EVENT, "state_schema": "abc", "token": "t"}

        message = read(f"40/_event,{json.dumps(auth)}", HANDLERS)

        assert message.is_handshake
        assert not message.is_event
        kept = json.loads(message.frame.removeprefix("40/_event,"))
        assert kept == {"event": EVENT, "state_schema": "abc"}

    def test_handshake_without_content(self) -> None:
        """A handshake needs no event."""
        assert read("40/_event,", HANDLERS).frame == "40/_event,{}"

    def test_report_of_the_page(self) -> None:
        """What broke in the browser goes on, shortened."""
        report = {"message": "m" * 9000, "error_type": "unknown", "stack": "s"}

        message = read(f"42/_event,{json.dumps(['client_error', report])}", HANDLERS)

        kept = json.loads(message.frame.removeprefix("42/_event,"))[1]
        assert kept == {"message": "m" * 500, "error_type": "unknown"}

    @pytest.mark.parametrize(
        "frame",
        [
            "",
            "2",
            "4",
            "42",
            "42/other,[]",
            "40/other,",
            "42/_event,",
            "42/_event,{}",
            "42/_event,[]",
            "42/_event,[1]",
            '42/_event,["connect",{}]',
            '42/_event,["event"]',
            '42/_event,["event",{},{}]',
            '42/_event,7["event",{}]',
            '451-/_event,["event",{"_placeholder":true,"num":0}]',
            "43/_event,9[]",
            "44/_event,{}",
            "40/_event,[]",
            "40/_event,{bad",
            '40/_event,{"state_schema":7}',
            '42/_event,["event",NaN]',
            '42/_event,["event",1e999]',
            "42/_event," + "9" * 5000,
            "42/_event," + "[" * 30_000,
            "42/_event," + '{"a":' * 10_000,
            event(name="state.unknown"),
            event(name=None),
            event(name=["state.save"]),
            event(payload=[1]),
            event(payload="a"),
            event(router_data=None),
            event(router_data=[1]),
            event(router_data={"pathname": 7, "asPath": "/"}),
            event(router_data=PLACE | {"query": 7}),
            event(router_data=PLACE | {"query": {"a": ["b", 7]}}),
            event(router_data=PLACE | {"asPath": "/" + "a" * LONGEST_ADDRESS_BYTES}),
            event(router_data=PLACE | {"pathname": "/" + "ë" * (LONGEST_ADDRESS_BYTES // 2)}),
            event(router_data=PLACE | {"query": {"a" * LONGEST_ADDRESS_BYTES: "b"}}),
        ],
        ids=lambda frame: frame[:60],
    )
    def test_malformed(self, frame: str) -> None:
        """What no page of ours sends is refused, in a few words."""
        with pytest.raises(Malformed) as refusal:
            read(frame, HANDLERS)

        assert 0 < len(str(refusal.value)) < 200

    def test_brackets_in_text_are_no_depth(self) -> None:
        """Somebody may type as many brackets as they like."""
        frame = event(payload={"text": '[{"\\' * 100})

        assert read(frame, HANDLERS).is_event


class TestWrittenEvent:
    """What the gate itself tells a page."""

    def test_looks_like_an_event(self) -> None:
        """It is an event of the namespace that the page listens to."""
        assert written_event({"delta": {}}) == '42/_event,["event",{"delta":{}}]'

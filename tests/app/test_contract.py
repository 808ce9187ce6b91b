"""What programs rely on in the API's document is missed before it is gone."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import generate
from app.cli import cli
from app.contract import breaking_changes
from app.generate import API_DOCUMENT

pytestmark = pytest.mark.slow

USERS, USER, ROLE = "/api/v1/users", "/api/v1/users/{user_id}", "/api/v1/roles/{role_id}"
Change = Callable[[Any], Any]


def read() -> Any:
    """The document as it was accepted last."""
    return json.loads(API_DOCUMENT.read_text(encoding="utf-8"))


def _schema(document: Any, name: str) -> Any:
    return document["components"]["schemas"][name]


def _parameter(document: Any, name: str) -> Any:
    listed = document["paths"][USERS]["get"]["parameters"]
    return next(each for each in listed if each["name"] == name)


def _content(document: Any, path: str = USERS) -> Any:
    return document["paths"][path]["get"]["responses"]["200"]["content"]


# What is changed, and what is said of it.
BREAKING: dict[str, tuple[Change, str]] = {
    "path removed": (lambda d: d["paths"].pop(USER), f"GET {USER}: is gone"),
    "method removed": (lambda d: d["paths"][USER].pop("put"), f"PUT {USER}: is gone"),
    "renamed": (
        lambda d: d["paths"][USERS]["get"].update(operationId="users"),
        f"GET {USERS}: is called users, was list_users",
    ),
    "another permission": (
        lambda d: d["paths"][USERS]["get"].update({"x-permission": "user.list"}),
        f"GET {USERS}: needs user.list, needed user.read",
    ),
    "recent sign-in": (
        lambda d: d["paths"][USER]["patch"].update({"x-recent-sign-in": True}),
        f"PATCH {USER}: needs a recent sign-in now",
    ),
    "smaller bodies": (
        lambda d: d["paths"][USER]["patch"].update({"x-max-body-bytes": 10}),
        f"PATCH {USER}: takes smaller bodies",
    ),
    "parameter removed": (
        lambda d: d["paths"][USERS]["get"]["parameters"].remove(_parameter(d, "status")),
        f"GET {USERS} status: is no longer taken",
    ),
    "parameter required": (
        lambda d: _parameter(d, "status").update(required=True),
        f"GET {USERS} status: is required now",
    ),
    "parameter added and required": (
        lambda d: d["paths"][USERS]["get"]["parameters"].append(
            {"in": "query", "name": "tenant", "required": True, "schema": {"type": "string"}}
        ),
        f"GET {USERS} tenant: is required now",
    ),
    "parameter narrowed": (
        lambda d: _parameter(d, "limit")["schema"].update(maximum=100),
        f"GET {USERS} limit: maximum was 200, is 100",
    ),
    "sort column removed": (
        lambda d: _parameter(d, "sort")["schema"]["anyOf"][0]["enum"].remove("email"),
        f"GET {USERS} sort: no longer takes email",
    ),
    "field of a request removed": (
        lambda d: _schema(d, "UserCreate")["properties"].pop("verified"),
        f"POST {USERS} body.verified: is no longer taken",
    ),
    "field of a request required": (
        lambda d: _schema(d, "UserCreate")["required"].append("roles"),
        f"POST {USERS} body.roles: is required now",
    ),
    "field of a request added and required": (
        lambda d: (
            _schema(d, "UserCreate")["properties"].update(team={"type": "string"}),
            _schema(d, "UserCreate")["required"].append("team"),
        ),
        f"POST {USERS} body.team: is required now",
    ),
    "field of a request shorter": (
        lambda d: _schema(d, "UserCreate")["properties"]["display_name"].update(maxLength=50),
        f"POST {USERS} body.display_name: maxLength was 100, is 50",
    ),
    "field of a request not null": (
        lambda d: _schema(d, "GrantSpec")["properties"].update(
            expires_at={"type": "string", "format": "date-time"}
        ),
        "POST /api/v1/roles body.grants[].expires_at: type was null, is string",
    ),
    "field of an answer removed": (
        lambda d: (
            _schema(d, "UserRead")["properties"].pop("verified"),
            _schema(d, "UserRead")["required"].remove("verified"),
        ),
        f"GET {USER} 200.verified: is gone",
    ),
    "field of an answer may be absent": (
        lambda d: _schema(d, "UserRead")["required"].remove("email"),
        f"GET {USER} 200.email: need no longer be there",
    ),
    "field of an answer of another type": (
        lambda d: _schema(d, "UserRead")["properties"]["verified"].update(type="string"),
        f"GET {USER} 200.verified: type was boolean, is string",
    ),
    "field of an answer may be null": (
        lambda d: _schema(d, "UserRead")["properties"].update(
            email={"anyOf": [{"type": "string"}, {"type": "null"}]}
        ),
        f"GET {USER} 200.email: type was string, is null",
    ),
    "value of a request removed": (
        lambda d: _schema(d, "UserStatus").update(enum=["active"]),
        f"GET {USERS} status: no longer takes suspended",
    ),
    "value of an answer added": (
        lambda d: _schema(d, "UserStatus")["enum"].append("invited"),
        f"GET {USER} 200.status: may now be invited",
    ),
    "another status": (
        lambda d: d["paths"][USERS]["post"]["responses"].update(
            {"200": d["paths"][USERS]["post"]["responses"].pop("201")}
        ),
        f"POST {USERS}: no longer answers 201",
    ),
    "header removed": (
        lambda d: d["paths"][USERS]["post"]["responses"]["201"]["headers"].pop("Location"),
        f"POST {USERS}: header Location is gone",
    ),
    "another media type": (
        lambda d: _content(d).update({"text/json": _content(d).pop("application/json")}),
        f"GET {USERS} 200: is not application/json any more",
    ),
    "no body": (
        lambda d: d["paths"][USERS]["post"].pop("requestBody"),
        f"POST {USERS}: takes no body any more",
    ),
}

FINE: dict[str, Change] = {
    "nothing": lambda _d: None,
    "new path": lambda d: d["paths"].update({"/api/v1/new": d["paths"][USERS]}),
    "new parameter": lambda d: d["paths"][USERS]["get"]["parameters"].append(
        {"in": "query", "name": "tenant", "required": False, "schema": {"type": "string"}}
    ),
    "new field of a request": lambda d: _schema(d, "UserCreate")["properties"].update(
        team={"type": "string"}
    ),
    "field of a request no longer required": lambda d: _schema(d, "UserCreate")["required"].remove(
        "display_name"
    ),
    "new field of an answer": lambda d: (
        _schema(d, "UserRead")["properties"].update(team={"type": "string"}),
        _schema(d, "UserRead")["required"].append("team"),
    ),
    "wider": lambda d: _parameter(d, "limit")["schema"].update(maximum=1000),
    "new refusal": lambda d: d["paths"][USERS]["get"]["responses"].update({"418": {}}),
    "other words": lambda d: d["paths"][USERS]["get"].update(summary="All of them"),
}


class TestBreaking:
    """`breaking_changes`."""

    @pytest.mark.parametrize("name", BREAKING)
    def test_is_told(self, name: str) -> None:
        """What programs cannot do any more is said in a line, where it is."""
        change, words = BREAKING[name]
        old, new = read(), read()
        change(new)

        assert words in breaking_changes(old, new)

    @pytest.mark.parametrize("name", FINE)
    def test_is_fine(self, name: str) -> None:
        """What programs need not know is no matter."""
        old, new = read(), read()
        FINE[name](new)

        assert breaking_changes(old, new) == []


class TestAccepting:
    """`platformctl generate`."""

    @pytest.fixture
    def snapshot(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A document in which users once had a telephone, in place of the repository's."""
        before = copy.deepcopy(read())
        schema = _schema(before, "UserRead")
        schema["properties"]["telephone"] = {"type": "string"}
        schema["required"].append("telephone")
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(before), encoding="utf-8")
        monkeypatch.setattr(generate, "API_DOCUMENT", path)
        return path

    def test_fails_until_accepted(self, snapshot: Path) -> None:
        """It says what would be missed and writes nothing; when told to, it does."""
        before = snapshot.read_text(encoding="utf-8")

        refused = CliRunner().invoke(cli, ["generate"])

        assert refused.exit_code == 1
        assert f"GET {USER} 200.telephone: is gone" in refused.stderr
        assert snapshot.read_text(encoding="utf-8") == before

        accepted = CliRunner().invoke(cli, ["generate", "--accept-breaking"])

        assert accepted.exit_code == 0
        assert "telephone" not in snapshot.read_text(encoding="utf-8")
        assert CliRunner().invoke(cli, ["generate"]).output == ""

    def test_damaged(self, snapshot: Path) -> None:
        """A document that cannot be read promises nobody knows what."""
        snapshot.write_text("<<<<<<< {}", encoding="utf-8")

        refused = CliRunner().invoke(cli, ["generate"])

        assert refused.exit_code == 1
        assert "is damaged; restore it" in refused.stderr

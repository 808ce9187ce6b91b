"""What crosses the border of the users feature."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.emails import normalise_email
from app.features.users.schemas import (
    DisplayName,
    Email,
    NewPassword,
    RoleAssignment,
    RoleNames,
    UserCreate,
    UserListQuery,
    UserReplace,
    UserUpdate,
)

EMAIL: TypeAdapter[str] = TypeAdapter(Email)
NAME: TypeAdapter[str] = TypeAdapter(DisplayName)
PASSWORD: TypeAdapter[Any] = TypeAdapter(NewPassword)
ROLES: TypeAdapter[list[str]] = TypeAdapter(RoleNames)


class TestEmail:
    """One spelling per address."""

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("ada@example.com", "ada@example.com"),
            ("Ada@Example.COM", "ada@example.com"),
            ("  ada@example.com\n", "ada@example.com"),
            ("ada+tag@example.com", "ada+tag@example.com"),
            ("o'brien@example.com", "o'brien@example.com"),
            ("a@localhost.test", "a@localhost.test"),
            ("JOSÉ@example.com", "josé@example.com"),
            ("jose\u0301@example.com", "josé@example.com"),
            ("JOSE\u0301@example.com", "josé@example.com"),
            ("ada@BÜCHER.example", "ada@bücher.example"),
            ("ada@bu\u0308cher.example", "ada@bücher.example"),
            ("ada@xn--bcher-kva.example", "ada@bücher.example"),
            ("ada@XN--BCHER-KVA.example", "ada@bücher.example"),
            ("山田@例え.テスト", "山田@例え.テスト"),
            ("ΟΔΟΣ@example.com", "οδος@example.com"),
            ("J\u030c@example.com", "ǰ@example.com"),
            ("İ@example.com", "i\u0307@example.com"),
        ],
    )
    def test_is_normalised(self, typed: str, stored: str) -> None:
        """Case, surrounding space, composition and Punycode do not make another address."""
        assert normalise_email(typed) == stored

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            " ",
            "ada",
            "@example.com",
            "ada@",
            "ada@@example.com",
            "ada@example..com",
            ".ada@example.com",
            "ada.@example.com",
            "ada lovelace@example.com",
            "ada@exa mple.com",
            "ada@-example.com",
            "ada\0@example.com",
            "ada@exam\0ple.com",
            "ada\n@example.com",
            "\ud800@example.com",
            "ada@\udfff.com",
            "Ada <ada@example.com>",
            "ada@example.com, grace@example.com",
            "ada@[127.0.0.1]",
            "ada@" + "x" * 64 + ".com",
            "ada@" + "x." * 126 + "com",
            "ada\u202e@example.com",
        ],
    )
    def test_is_refused(self, typed: str) -> None:
        """Everything else is refused with one sentence that does not repeat it."""
        with pytest.raises(ValidationError) as refused:
            EMAIL.validate_python(typed)

        [error] = refused.value.errors()
        assert error["msg"] in (
            "This is not an e-mail address.",
            "String should have at most 254 characters",
            "Input should be a valid string, unable to parse raw data as a unicode string",
        )

    @given(st.emails())
    def test_is_stable(self, typed: str) -> None:
        """What was normalised once is not changed by doing it again."""
        once = normalise_email(typed)

        assert normalise_email(once) == once

    @given(st.text(st.characters(exclude_categories=[]), max_size=30))
    def test_takes_anything(self, typed: str) -> None:
        """Any text is either an address with a stable spelling, or refused; nothing else."""
        try:
            once = EMAIL.validate_python(f"{typed}@example.com")
        except ValidationError:
            return

        assert EMAIL.validate_python(once) == once
        assert len(once) <= 254


class TestDisplayName:
    """Names of people, from everywhere."""

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("Ada Lovelace", "Ada Lovelace"),
            ("  Ada \t  Lovelace\n", "Ada Lovelace"),
            ("X Æ A-12", "X Æ A-12"),
            ("山田 太郎", "山田 太郎"),
            ("محمد الأمين", "محمد الأمين"),
            ("שלום", "שלום"),
            ("👩‍💻 Ada", "👩‍💻 Ada"),
            ("🇯🇵", "🇯🇵"),
            ("Jose\u0301", "José"),
            ("O'Brien <b>", "O'Brien <b>"),
            ("'; DROP TABLE core_users; --", "'; DROP TABLE core_users; --"),
            ("x" * 100, "x" * 100),
        ],
    )
    def test_is_accepted(self, typed: str, stored: str) -> None:
        """A name is kept as typed, but for space and composition."""
        assert NAME.validate_python(typed) == stored

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            " ",
            "\t\n",
            "\u2003",
            "\0",
            "Ada\0",
            "Ada\x1b[31m",
            "Ada\x7f",
            "Ada\u202e",
            "\u2067Ada",
            "\ud800",
            "Ada\udfff",
            "\uffff",
            "x" * 101,
            "\u0958" * 100,  # 100 characters, 200 after composition
        ],
    )
    def test_is_refused(self, typed: str) -> None:
        """Nothing, what cannot be shown, and what does not fit, is refused."""
        with pytest.raises(ValidationError):
            NAME.validate_python(typed)

    @given(st.text(st.characters(exclude_categories=[]), max_size=120))
    def test_fits(self, typed: str) -> None:
        """Whatever is accepted fits its column and stays the same when sent again."""
        try:
            once = NAME.validate_python(typed)
        except ValidationError:
            return

        assert 0 < len(once) <= 100
        assert NAME.validate_python(once) == once
        once.encode()


class TestPassword:
    """New passwords."""

    @pytest.mark.parametrize("typed", ["x", "x" * 1024, "🐎" * 1024, "пароль", " "])
    def test_is_accepted(self, typed: str) -> None:
        """Any text up to 1,024 characters; whether it is strong is for the policy."""
        assert PASSWORD.validate_python(typed).get_secret_value() == typed

    @pytest.mark.parametrize("typed", ["", "x" * 1025, "a\0b", "\ud800", 12345678, None, ["x"]])
    def test_is_refused(self, typed: object) -> None:
        """What is none, too long, or no text."""
        with pytest.raises(ValidationError):
            PASSWORD.validate_python(typed)

    def test_is_not_shown(self) -> None:
        """A user's details can be printed without the password."""
        user = UserCreate.model_validate(
            {"email": "a@example.com", "display_name": "A", "password": "hidden-password"}
        )

        assert "hidden" not in repr(user)
        assert "hidden" not in user.model_dump_json()


class TestShapes:
    """Which fields there are."""

    @pytest.mark.parametrize("schema", [UserCreate, UserUpdate, UserReplace, RoleAssignment])
    @pytest.mark.parametrize("field", ["id", "is_admin", "password_hash", "status", "version_"])
    def test_unknown_fields_are_refused(self, schema: Any, field: str) -> None:
        """Nobody sets what is not theirs to set, and a misspelt field is not silently ignored."""
        with pytest.raises(ValidationError) as refused:
            schema.model_validate({field: 1})

        wrong = {error["loc"][0]: error["type"] for error in refused.value.errors()}
        assert wrong[field] == "extra_forbidden"

    def test_update_needs_nothing(self) -> None:
        """An update may be empty, and based on whatever version."""
        assert UserUpdate().model_dump(exclude_none=True) == {}
        assert UserUpdate.model_validate({"version": None}).version is None

    @pytest.mark.parametrize("field", ["display_name", "must_change_password"])
    def test_update_refuses_null(self, field: str) -> None:
        """No detail can be taken away, and the description of the schema says the same."""
        with pytest.raises(ValidationError) as refused:
            UserUpdate.model_validate({field: None})

        described = UserUpdate.model_json_schema()["properties"][field]
        assert refused.value.errors()[0]["loc"] == (field,)
        assert "null" not in str(described)
        assert "default" not in described

    def test_replace_needs_everything(self) -> None:
        """A replacement names all details."""
        with pytest.raises(ValidationError) as refused:
            UserReplace.model_validate({})

        missing = {error["loc"][0] for error in refused.value.errors()}
        assert missing == {"display_name"}

    @pytest.mark.parametrize("roles", [["x" * 51], ["user"] * 51, ["\0"], ["\ud800"], "user", [1]])
    def test_roles_are_a_short_list_of_names(self, roles: object) -> None:
        """Neither a book nor a thousand roles."""
        with pytest.raises(ValidationError):
            ROLES.validate_python(roles)

    @pytest.mark.parametrize(
        "query",
        [
            {"q": "x" * 201},
            {"status": "gone"},
            {"role": "x" * 51},
            {"limit": 0},
            {"limit": "many"},
            {"page": 2},
        ],
    )
    def test_wrong_queries(self, query: dict[str, Any]) -> None:
        """A list is asked for in its own words."""
        with pytest.raises(ValidationError):
            UserListQuery.model_validate(query)

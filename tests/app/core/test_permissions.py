"""Permissions: the grammar, and which grants cover which permissions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.access import Access
from app.core.actor import ANONYMOUS, SYSTEM, Actor
from app.core.permissions import (
    PUBLIC,
    SIGNED_IN,
    PermissionName,
    covers,
    is_grant,
    is_permission,
    resource_of,
)

WORDS = st.sampled_from(["user", "users", "use", "role", "read", "read_all", "a", "b2"])
PERMISSIONS = st.lists(WORDS, min_size=2, max_size=4).map(".".join)
GRANTS = st.one_of(
    PERMISSIONS,
    st.just("*"),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda words: ".".join([*words, "*"])),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda words: ".".join(["*", *words])),
)


def word_by_word(grant: str, permission: str) -> bool:
    """A `*` at the end or at the beginning stands for one or more words."""
    granted, asked = grant.split("."), permission.split(".")
    if granted == ["*"]:
        return True
    if granted[-1] == "*":
        return len(asked) >= len(granted) and asked[: len(granted) - 1] == granted[:-1]
    if granted[0] == "*":
        return len(asked) >= len(granted) and asked[1 - len(granted) :] == granted[1:]
    return granted == asked


class TestGrammar:
    """`[namespace.]resource.action`, lower case; a grant may begin or end with `*`."""

    @pytest.mark.parametrize(
        "text", ["user.create", "blog.post.publish", "a.b.c.d", "user.assign_roles", "u2.read"]
    )
    def test_permission(self, text: str) -> None:
        """Two to four words are a permission and a grant of itself."""
        assert is_permission(text)
        assert is_grant(text)

    @pytest.mark.parametrize(
        "text", ["*", "user.*", "blog.post.*", "a.b.c.*", "*.read", "*.post.read"]
    )
    def test_wildcard(self, text: str) -> None:
        """A wildcard is a grant and no permission."""
        assert is_grant(text)
        assert not is_permission(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "user",
            ".",
            "user.",
            ".create",
            "user..create",
            "User.create",
            "user.Create",
            "user.create ",
            " user.create",
            "user.create\n",
            "user create",
            "user.1",
            "user._create",
            "user-name.create",
            "üser.create",
            "a.b.c.d.e",
            "user.*.create",
            "user*",
            "user.cre*",
            "**",
            "*.*",
            "a.b.c.d.*",
            "user.create\0",
        ],
    )
    def test_neither(self, text: str) -> None:
        """Everything else is refused."""
        assert not is_permission(text)
        assert not is_grant(text)

    @given(PERMISSIONS)
    def test_any_permission(self, permission: str) -> None:
        """Whatever follows the grammar is accepted."""
        assert is_permission(permission)
        assert is_grant(permission)


class TestPermissionName:
    """Enumerations of a feature's permissions."""

    def test_equals_its_code(self) -> None:
        """A member is its code and carries a description."""

        class Some(PermissionName):
            READ = "some.read", "See some"

        assert hash(Some.READ) == hash("some.read")
        assert str(Some.READ) == "some.read"
        assert Some.READ.description == "See some"
        assert Some._value2member_map_["some.read"] is Some.READ

    @pytest.mark.parametrize("code", ["some", "some.*", "Some.read"])
    def test_refuses_what_is_no_permission(self, code: str) -> None:
        """A misspelt permission stops the import."""
        with pytest.raises(ValueError, match="is not a permission"):
            PermissionName("Some", {"READ": (code, "See some")})  # type: ignore[arg-type]  # an enumeration made on the spot


class TestCovers:
    """Which grants stand for which permissions."""

    @pytest.mark.parametrize(
        ("grant", "permission", "expected"),
        [
            ("*", "user.create", True),
            ("*", "blog.post.publish", True),
            ("user.create", "user.create", True),
            ("user.create", "user.delete", False),
            ("user.create", "user.create_all", False),
            ("user.create", "user.create.all", False),
            ("user.*", "user.create", True),
            ("user.*", "user.profile.read", True),
            ("user.*", "users.create", False),
            ("user.*", "role.create", False),
            ("blog.post.*", "blog.post.publish", True),
            ("blog.post.*", "blog.post", False),
            ("blog.post.*", "blog.posts.publish", False),
            ("blog.*", "blog.post.publish", True),
            ("*.read", "user.read", True),
            ("*.read", "blog.post.read", True),
            ("*.read", "user.unread", False),
            ("*.read", "user.read_all", False),
            ("*.post.read", "blog.post.read", True),
            ("*.post.read", "blog.read", False),
            ("*", "user.*", True),
            ("blog.*", "blog.post.*", True),
            ("blog.post.*", "blog.*", False),
            ("user.*", "*", False),
            ("*.read", "*.post.read", True),
            ("*.post.read", "*.read", False),
            ("*.read", "user.*", False),
            ("user.*", "*.read", False),
        ],
    )
    def test_examples(self, grant: str, permission: str, *, expected: bool) -> None:
        """A wildcard covers what continues it by whole words, and narrower wildcards."""
        assert covers(grant, permission) is expected

    @given(GRANTS, PERMISSIONS)
    def test_agrees_with_words(self, grant: str, permission: str) -> None:
        """The fast answer is the one found word by word."""
        assert covers(grant, permission) is word_by_word(grant, permission)

    @given(GRANTS, GRANTS, PERMISSIONS)
    def test_a_covered_grant_adds_nothing(self, wide: str, narrow: str, permission: str) -> None:
        """Nobody may give away more than they hold; that rule rests on this."""
        if covers(wide, narrow) and covers(narrow, permission):
            assert covers(wide, permission)


class TestResourceOf:
    """What a permission is about."""

    @pytest.mark.parametrize(
        ("permission", "resource"),
        [("user.read", "user"), ("blog.post.read", "blog.post"), ("*", "")],
    )
    def test_examples(self, permission: str, resource: str) -> None:
        """All but the last word."""
        assert resource_of(permission) == resource


class TestActor:
    """What kinds of actors may do."""

    def test_anonymous_may_do_what_is_public(self) -> None:
        """A visitor is not signed in and holds nothing."""
        assert ANONYMOUS.may(PUBLIC)
        assert not ANONYMOUS.may(SIGNED_IN)
        assert not ANONYMOUS.may("user.read")

    def test_system_may_do_everything(self) -> None:
        """The platform itself is refused nothing."""
        assert SYSTEM.may(PUBLIC)
        assert SYSTEM.may(SIGNED_IN)
        assert SYSTEM.may("any.thing.at_all")

    def test_user_may_do_what_is_granted(self) -> None:
        """A user holds what their grants cover, and what only needs a session."""
        user = Actor(kind="user", name="Ada", access=Access.to("user.read"))

        assert user.may(PUBLIC)
        assert user.may(SIGNED_IN)
        assert user.may("user.read")
        assert not user.may("user.create")

    @pytest.mark.parametrize("marker", [PUBLIC, SIGNED_IN])
    def test_markers_cannot_be_granted(self, marker: str) -> None:
        """What stands for "no permission needed" is not itself a grant."""
        assert not is_permission(marker)
        assert not is_grant(marker)

"""Who may open which page."""

import pytest

from app.bootstrap import build_registry
from app.core.access import Access
from app.core.actor import Actor
from app.ui.page_policy import PagePolicy
from examples.inventory.module import module as inventory

SOMEBODY = Actor(kind="user", name="Ada")
NEWCOMER = Actor(kind="user", name="Ada", must_change_password=True)


@pytest.fixture(scope="module")
def policy() -> PagePolicy:
    """The policy of the core features."""
    return PagePolicy(build_registry(), development=True)


class TestByPath:
    """Addresses lead to pages."""

    @pytest.mark.parametrize(
        ("path", "route"),
        [
            ("/", "/"),
            ("/users", "/users"),
            ("/users/", "/users"),
            ("/users/new", "/users/new"),
            ("/users/0190", "/users/[user_id]"),
            ("/users/0190/activity", "/users/[user_id]/activity"),
            ("/users/new/activity", "/users/[user_id]/activity"),
            ("/inventory/items", "/[noun_module]/[noun_name]"),
            ("/inventory/items/new", "/[noun_module]/[noun_name]/new"),
            ("/inventory/items/0190", "/[noun_module]/[noun_name]/[noun_id]"),
        ],
    )
    def test_known(self, policy: PagePolicy, path: str, route: str) -> None:
        """Fixed routes come before patterns."""
        page = policy.by_path(path)

        assert page is not None
        assert page.route == route

    @pytest.mark.parametrize(
        "path", ["/nowhere", "/users/a/b/c", "/users/[user_id]/x", "/.env", "/_a/b", "/A/b/c"]
    )
    def test_unknown(self, policy: PagePolicy, path: str) -> None:
        """Anything else leads nowhere."""
        assert policy.by_path(path) is None

    def test_development_only(self) -> None:
        """The gallery exists in development only."""
        production = PagePolicy(build_registry(), development=False)

        assert production.by_path("/gallery") is None


class TestPermission:
    """Who may open a page that shows different things at different addresses."""

    @pytest.mark.parametrize(
        ("path", "permission"),
        [
            ("/users", "user.read"),
            ("/inventory/items", "inventory.item.read"),
            ("/inventory/places/new", "inventory.place.create"),
            ("/inventory/items/0190", "inventory.item.read"),
            ("/inventory/items/0190/activity", "audit.read"),
            ("/inventory/nothing", None),
            ("/nothing/items/new", None),
            ("/nothing/items/0190", None),
            ("/nothing/items/0190/activity", None),
        ],
    )
    def test_is_of_the_address(self, path: str, permission: str | None) -> None:
        """The resource that it names decides; where there is none, there is nothing."""
        policy = PagePolicy(build_registry(inventory), development=True)
        page = policy.by_path(path)
        assert page is not None

        assert policy.permission(page, path) == permission


class TestRedirect:
    """Where one goes instead."""

    @pytest.mark.parametrize(
        ("path", "actor", "asked", "target"),
        [
            ("/users", None, "/users?q=a", "/sign-in?next=/users%3Fq%3Da"),
            ("/", None, "/", "/sign-in"),
            ("/users", None, "//evil.example", "/sign-in"),
            ("/sign-in", None, "/sign-in", None),
            ("/users", SOMEBODY, "/users", None),
            ("/sign-in", SOMEBODY, "/sign-in", "/"),
            ("/sign-in", SOMEBODY, "/sign-in?next=%2Fusers%3Fq%3Da&why=revoked", "/users?q=a"),
            ("/sign-in", SOMEBODY, "/sign-in?next=//evil.example", "/"),
            ("/sign-in", SOMEBODY, "/sign-in?next=/sign-in", "/"),
            ("/users", NEWCOMER, "/users", "/change-password"),
            ("/sign-in", NEWCOMER, "/sign-in", "/change-password"),
            ("/change-password", NEWCOMER, "/change-password", None),
            ("/reset-password", NEWCOMER, "/reset-password", None),
        ],
    )
    def test_table(
        self, policy: PagePolicy, path: str, actor: Actor | None, asked: str, target: str | None
    ) -> None:
        """Nobody signs in first, newcomers change their password first, others stay."""
        page = policy.by_path(path)
        assert page is not None

        assert policy.redirect(page, actor, asked) == target

    def test_says_why(self, policy: PagePolicy) -> None:
        """Who was signed in learns at the sign-in why they are not any more."""
        page = policy.by_path("/users")
        assert page is not None

        why = policy.redirect(page, None, "/users?q=a", why="suspended")

        assert why == "/sign-in?next=/users%3Fq%3Da&why=suspended"


class TestExplanation:
    """Where it is told why somebody lacks a permission."""

    def test_for_who_may_know(self, policy: PagePolicy) -> None:
        """The page comes with the question filled in."""
        access = Access.to("role.read")
        actor = Actor(kind="user", name="Ada", email="a+b@example.com", access=access)

        assert (
            policy.explanation(actor, "user.delete")
            == "/access/explain?user=a%2Bb%40example.com&permission=user.delete"
        )

    def test_for_nobody_else(self, policy: PagePolicy) -> None:
        """Who may not open that page gets no link."""
        assert policy.explanation(SOMEBODY, "user.delete") == ""

    def test_no_permission(self, policy: PagePolicy) -> None:
        """What is no permission cannot be explained."""
        actor = Actor(kind="user", name="Ada", access=Access.to("*"))

        assert policy.explanation(actor, "console.handler") == ""

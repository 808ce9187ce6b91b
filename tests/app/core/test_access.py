"""The permission engine, against a model that a reader can follow by eye."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import clock
from app.core.access import Access, Grant, Part, compare, difference
from app.core.role_graph import Held, RoleGraph, RoleNode

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERMISSIONS = ["user.read", "user.update", "role.read", "blog.post.read", "blog.post.update"]
RULES = ["", "own", "team"]
FIELDS = ["email", "name", "phone"]

ENDS = st.sampled_from([None, None, NOW - HOUR, NOW, NOW + HOUR, NOW + 2 * HOUR])
MASKS = st.none() | st.frozensets(st.sampled_from(FIELDS))
GRANTS = st.builds(
    Grant,
    permission=st.sampled_from([*PERMISSIONS, "*", "user.*", "blog.*", "*.read", "*.post.read"]),
    rule=st.sampled_from(RULES),
    readable=MASKS,
    writable=MASKS,
    expires_at=ENDS,
)
NAMES = ["a", "b", "c", "d", "e"]


@dataclass(frozen=True)
class World:
    """Roles that include only roles after them, and somebody who has some of them."""

    graph: RoleGraph
    held: tuple[Held, ...]
    direct: tuple[Grant, ...]

    @property
    def access(self) -> Access:
        """What the engine makes of it."""
        return self.graph.access(self.held, self.direct)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Random grants, hierarchy, wildcards, row rules, masks and ends."""
    roles = {
        name: RoleNode(
            tuple(draw(st.lists(GRANTS, max_size=3))),
            tuple(draw(st.lists(st.sampled_from(NAMES[index + 1 :]), unique=True, max_size=2)))
            if index + 1 < len(NAMES)
            else (),
        )
        for index, name in enumerate(NAMES)
    }
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    held = tuple(Held(name, draw(ENDS)) for name in names)
    return World(RoleGraph(roles), held, tuple(draw(st.lists(GRANTS, max_size=2))))


def spelled_out(world: World, moment: datetime) -> Iterator[tuple[Grant, tuple[str, ...]]]:
    """Every grant that counts at the moment, with the way to it: the naive model."""

    def of_role(way: tuple[str, ...]) -> Iterator[tuple[Grant, tuple[str, ...]]]:
        node = world.graph.roles[way[-1]]
        for grant in node.grants:
            if grant.expires_at is None or grant.expires_at > moment:
                yield grant, way
        for included in node.includes:
            yield from of_role((*way, included))

    for grant in world.direct:
        if grant.expires_at is None or grant.expires_at > moment:
            yield grant, ()
    for held in world.held:
        if held.until is None or held.until > moment:
            yield from of_role((held.role,))


def matches(pattern: str, permission: str) -> bool:
    """Word by word."""
    if pattern in ("*", permission):
        return True
    asked, said = permission.split("."), pattern.split(".")
    if said[-1] == "*":
        return len(asked) >= len(said) and asked[: len(said) - 1] == said[:-1]
    return said[0] == "*" and len(asked) >= len(said) and asked[1 - len(said) :] == said[1:]


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


class TestAgainstTheModel:
    """The engine and the naive model give the same answer, and the trace proves it."""

    @given(worlds(), st.sampled_from(PERMISSIONS))
    def test_held_or_not(self, world: World, permission: str) -> None:
        """Whether a permission is held at all."""
        expected = any(
            matches(grant.permission, permission) for grant, _ in spelled_out(world, NOW)
        )

        assert (permission in world.access) is expected
        assert world.access.explain(permission, at=NOW).allowed is expected

    @given(worlds(), st.sampled_from(PERMISSIONS), st.sets(st.sampled_from(RULES[1:])))
    def test_rows_and_fields(self, world: World, permission: str, holding: set[str]) -> None:
        """What is open in a row in which some rules hold."""
        open_here = [
            grant
            for grant, _ in spelled_out(world, NOW)
            if matches(grant.permission, permission) and grant.rule in {"", *holding}
        ]
        reach = world.access.reach(permission)

        for field in FIELDS:
            readable = reach.readable(holding)
            writable = reach.writable(holding)
            assert (readable is None or field in readable) is any(
                grant.readable is None or field in grant.readable for grant in open_here
            )
            assert (writable is None or field in writable) is any(
                grant.writable is None or field in grant.writable for grant in open_here
            )
        allowed = world.access.explain(permission, at=NOW, rules=holding).allowed
        assert allowed is bool(open_here)

    @given(worlds(), st.sampled_from(PERMISSIONS))
    def test_trace_names_every_grant_that_counts(self, world: World, permission: str) -> None:
        """The steps that count are the grants of the model, each by one of the shortest ways."""
        ways = defaultdict(set)
        for grant, way in spelled_out(world, NOW):
            if matches(grant.permission, permission):
                ways[grant.permission, grant.rule, way[:1], way[-1:]].add(way)
        steps = world.access.explain(permission, at=NOW).steps

        told = defaultdict(set)
        for step in steps:
            if step.verdict == "counts":
                way = step.grant.via
                told[step.grant.permission, step.grant.rule, way[:1], way[-1:]].add(way)
        assert told.keys() == ways.keys()
        for key, [way] in told.items():
            assert way in ways[key]
            assert len(way) == min(map(len, ways[key]))
        assert all(matches(step.grant.permission, permission) for step in steps)

    @given(worlds(), st.sampled_from(PERMISSIONS))
    def test_at_any_time(self, world: World, permission: str) -> None:
        """Grants end by themselves, without anything being read anew."""
        access = world.access
        before = permission in access
        assert before is (permission in world.access)
        for hours in (1, 2, 3):
            moment = NOW + hours * HOUR
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(clock, "now", lambda moment=moment: moment)
                expected = any(
                    matches(grant.permission, permission) for grant, _ in spelled_out(world, moment)
                )
                assert (permission in access) is expected

    @given(worlds(), GRANTS, st.sampled_from(PERMISSIONS), st.sets(st.sampled_from(RULES[1:])))
    def test_who_includes_a_grant_gains_nothing_by_it(
        self, world: World, extra: Grant, permission: str, holding: set[str]
    ) -> None:
        """Nobody may give away more than they hold; that rule rests on this."""
        access = world.access
        if not access.includes(extra):
            return
        more = Access([*access.grants, extra])
        for moment in (NOW, NOW + HOUR, NOW + 3 * HOUR):
            had = access.explain(permission, at=moment, rules=holding).reach
            has = more.explain(permission, at=moment, rules=holding).reach
            for kind in ("readable", "writable"):
                old, new = getattr(had, kind)(holding), getattr(has, kind)(holding)
                assert old is None or (new is not None and new <= old)

    @given(worlds(), worlds())
    def test_compare_tells_gains_and_losses(self, one: World, other: World) -> None:
        """What a what-if says is what the two answers say."""
        effects = compare(one.access, other.access, PERMISSIONS)

        for permission in PERMISSIONS:
            had, has = permission in one.access, permission in other.access
            assert (effects.get(permission) == "gains") is (has and not had)
            assert (effects.get(permission) == "loses") is (had and not has)
        assert compare(one.access, one.access, PERMISSIONS) == {}


class TestAccess:
    """Answers about one actor."""

    def test_a_rule_leaves_the_permission_held(self) -> None:
        """Who may read their own record may open the list: it shows what they may see."""
        access = Access([Grant("user.read", "own")])

        assert "user.read" in access
        assert access.reach("user.read").rules == {"own"}
        assert not access.is_administrator

    def test_without_limits_the_rest_does_not_matter(self) -> None:
        """One grant of everything outweighs all that are limited."""
        access = Access([Grant("user.read", "own"), Grant("user.*"), Grant("*", "", frozenset())])

        assert access.reach("user.read").parts == (Part(),)

    def test_explains_what_does_not_count(self) -> None:
        """Ended grants and those for other rows are named, with the reason."""
        access = Access([Grant("user.read", expires_at=NOW - HOUR), Grant("user.*", "own")])

        explanation = access.explain("user.read", rules=["team"])

        assert not explanation.allowed
        assert [step.verdict for step in explanation.steps] == ["expired", "other_rows"]
        assert [step.is_wildcard for step in explanation.steps] == [False, True]

    def test_knows_when_a_permission_ends(self) -> None:
        """The last of its grants decides."""
        ends = [
            Grant("user.read", expires_at=NOW + HOUR),
            Grant("user.*", expires_at=NOW + 2 * HOUR),
        ]

        assert Access(ends).ends_at("user.read") == NOW + 2 * HOUR
        assert Access([*ends, Grant("*")]).ends_at("user.read") is None
        assert Access().ends_at("user.read") == NOW

    def test_a_role_that_ends_ends_its_grants(self) -> None:
        """The earlier of both ends counts."""
        graph = RoleGraph({"a": RoleNode((Grant("user.read", expires_at=NOW + 2 * HOUR),))})

        [grant] = graph.access([Held("a", NOW + HOUR)]).grants

        assert grant.ends_at == NOW + HOUR
        assert grant.via == ("a",)

    @pytest.mark.parametrize(
        ("grant", "expected"),
        [
            (Grant("*"), True),
            (Grant("*", "own"), False),
            (Grant("*", readable=frozenset({"email"})), False),
            (Grant("*", expires_at=NOW + HOUR), False),
            (Grant("user.*"), False),
        ],
    )
    def test_administers_for_good(self, grant: Grant, *, expected: bool) -> None:
        """Only who holds everything, without limits and without an end."""
        assert Access([grant]).administers_for_good is expected

    def test_shows_its_permissions(self) -> None:
        """Printed, it says what it grants."""
        assert repr(Access.to("user.*", "role.read")) == "Access(['role.read', 'user.*'])"


class TestIncludes:
    """Whether somebody holds all that a grant would give."""

    @pytest.mark.parametrize(
        ("held", "wanted", "expected"),
        [
            (Grant("user.*"), Grant("user.read"), True),
            (Grant("user.read"), Grant("user.*"), False),
            (Grant("user.read", "own"), Grant("user.read"), False),
            (Grant("user.read"), Grant("user.read", "own"), True),
            (Grant("user.read", "own"), Grant("user.read", "own"), True),
            (Grant("user.read", "own"), Grant("user.read", "team"), False),
            (Grant("user.read", readable=frozenset({"a"})), Grant("user.read"), False),
            (Grant("user.read"), Grant("user.read", readable=frozenset({"a"})), True),
            (Grant("user.read", expires_at=NOW + HOUR), Grant("user.read"), False),
            (
                Grant("user.read", expires_at=NOW + HOUR),
                Grant("user.read", expires_at=NOW + HOUR),
                True,
            ),
            (Grant("user.read", expires_at=NOW - HOUR), Grant("user.read"), False),
        ],
    )
    def test_examples(self, held: Grant, wanted: Grant, *, expected: bool) -> None:
        """As wide in every respect, and for as long."""
        assert Access([held]).includes(wanted) is expected


class TestRoleGraph:
    """Roles that include roles."""

    GRAPH = RoleGraph(
        {
            "chief": RoleNode((Grant("*"),), ("editor",)),
            "editor": RoleNode((Grant("blog.*"),), ("writer", "reader")),
            "writer": RoleNode((Grant("blog.post.update"),), ("reader",)),
            "reader": RoleNode((Grant("*.read"),)),
        }
    )

    def test_tells_the_shortest_way(self) -> None:
        """A role that is included by two ways grants once, by the shorter one."""
        ways = [grant.via for grant in self.GRAPH.grants_of("editor")]

        assert ways == [("editor",), ("editor", "writer"), ("editor", "reader")]

    def test_layers(self) -> None:
        """With 34 roles in 17 layers, each including both of the layer below, nothing doubles."""
        graph = RoleGraph(
            {
                f"{side}{layer:02}": RoleNode(
                    (Grant(f"{side}{layer:02}.read"),),
                    (f"a{layer + 1:02}", f"b{layer + 1:02}") if layer < 16 else (),
                )
                for layer in range(17)
                for side in "ab"
            }
        )

        grants = graph.grants_of("a00")

        assert len(grants) == 33
        assert grants[-1].via == (*(f"a{layer:02}" for layer in range(16)), "b16")
        assert len(graph.including("a16")) == 33
        assert graph.levels_through("b08") == 17

    def test_chain(self) -> None:
        """A row of two thousand roles, as an earlier version stored it, is still answered."""
        names = [f"r{number}" for number in range(2000)]
        graph = RoleGraph(
            {
                name: RoleNode((Grant(f"{name}.read"),), (following,) if following else ())
                for name, following in zip(names, [*names[1:], ""], strict=True)
            }
        )

        assert "r1999.read" in graph.access([Held("r0")])
        assert graph.levels_through("r7") == 2000
        assert len(graph.including("r1999", "r1000")) == 2000

    def test_including(self) -> None:
        """All that a change of a role reaches."""
        assert self.GRAPH.including("writer") == {"writer", "editor", "chief"}
        assert self.GRAPH.including("unknown") == {"unknown"}

    def test_cycle(self) -> None:
        """The way on which a role would come back to itself."""
        assert self.GRAPH.cycle("chief") == ()
        turned = self.GRAPH.having("reader", RoleNode((), ("editor",)))
        assert turned.cycle("editor")[0] == turned.cycle("editor")[-1] == "editor"
        assert {grant.permission for grant in turned.grants_of("editor")} == {
            "blog.*",
            "blog.post.update",
        }

    def test_without(self) -> None:
        """Who included it goes on without it."""
        assert self.GRAPH.without("reader").roles["editor"].includes == ("writer",)

    def test_renamed(self) -> None:
        """Who included it includes it under the new name."""
        renamed = self.GRAPH.renamed("reader", "viewer")

        assert "reader" not in renamed.roles
        assert renamed.roles["writer"].includes == ("viewer",)


class TestDifference:
    """What a change gives and takes."""

    def test_who_gave_it_does_not_matter(self) -> None:
        """Only what is granted and how long."""
        before = [Grant("user.read", reason="old"), Grant("role.read")]
        after = [Grant("user.read", reason="new"), Grant("role.read", "own")]

        assert difference(before, after) == [Grant("role.read", "own"), Grant("role.read")]

"""Keyset pages: forwards, backwards, with ties, and what becomes of tampered cursors."""

import base64
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import String, Uuid, column, delete, insert, select, table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.core.database import Database
from app.core.errors import Invalid
from app.core.models import UtcDateTime
from app.core.paging import (
    DEFAULT_SIZE,
    MAX_SIZE,
    Keyset,
    Page,
    PageRequest,
    SortColumn,
    parse_time,
)


class Base(DeclarativeBase):
    """Tables of this file only."""


class Thing(Base):
    """Something to list."""

    __tablename__ = "things"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


KEYSET = Keyset(
    {
        "id": SortColumn(Thing.id, parse=UUID),
        "name": SortColumn(Thing.name),
        "made_at": SortColumn(Thing.made_at, parse=parse_time),
    },
    default="-id",
    key=Thing.id,
    most=3,
)
SORTS = ["id", "-id", "name", "-name", "made_at", "-made_at"]
SEVERAL = [
    f"{one},{two}"
    for one, two in itertools.permutations(SORTS, 2)
    if one.strip("-") != two.strip("-")
] + ["name,-made_at,-id", "-name,made_at,id", "made_at,-id,name"]

# Few values, so that most rows tie with another one.
NAMES = st.sampled_from(["", "a", "A", "b", "é", "zz", "山", "🐎", "a b", '"', "%"])
TIMES = st.sampled_from(
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 12, 30, 0, 999999, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
)
ROWS = st.lists(st.tuples(NAMES, TIMES), max_size=25)
KEY = "01890000-0000-7000-8000-000000000000"
LIMITS = st.lists(st.integers(1, 7), min_size=1, max_size=4)


class Things:
    """The table on one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def fill(self, rows: Sequence[tuple[str, datetime]]) -> None:
        """Replace what is in the table."""
        values = [{"id": uuid4(), "name": name, "made_at": at} for name, at in rows]
        async with self.database.writing.begin() as connection:
            await connection.execute(delete(Thing))
            if values:
                await connection.execute(insert(Thing), values)

    async def sorted(self, sort: str) -> list[UUID]:
        """All ids in the database's own order."""
        order: list[Any] = []
        for each in [*sort.split(","), "-id" if sort.rpartition(",")[2].startswith("-") else "id"]:
            column = getattr(Thing, each.removeprefix("-"))
            order.append(column.desc() if each.startswith("-") else column)
        async with self.database.reading.connect() as connection:
            rows = await connection.execute(select(Thing.id).order_by(*order))
            return list(rows.scalars())

    async def page(self, request: PageRequest) -> Page[UUID]:
        """One page, as a repository would fetch it."""
        columns: Any = select(Thing.id, Thing.name, Thing.made_at)
        statement = KEYSET.apply(columns, request)
        async with self.database.reading.connect() as connection:
            rows = (await connection.execute(statement)).all()
        return KEYSET.page(rows, request, lambda row: row.id)


@pytest.fixture
async def things(empty_database_url: str) -> AsyncIterator[Things]:
    """The table, empty."""
    database = Database(empty_database_url)
    async with database.writing.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield Things(database)
    await database.close()


def cursor_of(values: list[Any]) -> str:
    """A cursor made by somebody else."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


class TestPage:
    """One page of a list."""

    async def test_first_page(self, things: Things) -> None:
        """The first page has what it holds and a way on, but none back."""
        await things.fill([(f"n{number}", datetime(2026, 1, 1, tzinfo=UTC)) for number in range(5)])

        page = await things.page(PageRequest(limit=2, sort="name"))

        assert page.items == (await things.sorted("name"))[:2]
        assert page.next_cursor is not None
        assert page.previous_cursor is None

    async def test_last_page(self, things: Things) -> None:
        """A page that ends exactly with the list has no way on."""
        await things.fill([("a", datetime(2026, 1, 1, tzinfo=UTC))] * 4)
        first = await things.page(PageRequest(limit=2))

        last = await things.page(PageRequest(limit=2, cursor=first.next_cursor))

        assert len(last.items) == 2
        assert last.next_cursor is None
        assert last.previous_cursor is not None

    async def test_empty_list(self, things: Things) -> None:
        """No rows make one empty page."""
        page = await things.page(PageRequest())

        assert page == Page(items=[], next_cursor=None, previous_cursor=None)

    async def test_row_behind_the_cursor_may_be_gone(self, things: Things) -> None:
        """Deleting the last row of a page does not disturb the next page."""
        await things.fill([("a", datetime(2026, 1, 1, tzinfo=UTC))] * 5)
        everything = await things.sorted("name")
        first = await things.page(PageRequest(limit=2, sort="name"))
        async with things.database.writing.begin() as connection:
            await connection.execute(delete(Thing).where(Thing.id == first.items[-1]))

        second = await things.page(PageRequest(limit=2, sort="name", cursor=first.next_cursor))

        assert second.items == everything[2:4]

    def test_default_size(self) -> None:
        """A page has a size when none is asked for, and a largest one."""
        assert PageRequest().limit == DEFAULT_SIZE
        assert PageRequest(limit=MAX_SIZE).limit == MAX_SIZE

    @pytest.mark.parametrize("limit", [0, -1, MAX_SIZE + 1, 10**30])
    def test_refuses_sizes(self, limit: int) -> None:
        """Neither nothing nor everything is a page."""
        with pytest.raises(ValidationError):
            PageRequest(limit=limit)

    def test_hides_the_way_back(self) -> None:
        """REST shows the next cursor only."""
        page = Page[int](items=[1], next_cursor="n", previous_cursor="p")

        assert page.model_dump() == {"items": [1], "next_cursor": "n"}


class TestWalk:
    """Pages in a row are the list, each row once."""

    @given(rows=ROWS, sort=st.sampled_from([*SORTS, *SEVERAL]), limits=LIMITS)
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    async def test_forward_and_back(
        self,
        things: Things,
        rows: list[tuple[str, datetime]],
        sort: str,
        limits: list[int],
    ) -> None:
        """Forwards to the end and back again shows every row exactly once, each way.

        With ties, and with pages of different sizes.
        """
        await things.fill(rows)
        expected = await things.sorted(sort)
        sizes = itertools.cycle(limits)

        page = await things.page(PageRequest(sort=sort, limit=next(sizes)))
        forward = list(page.items)
        while page.next_cursor:
            page = await things.page(
                PageRequest(sort=sort, limit=next(sizes), cursor=page.next_cursor)
            )
            assert page.items, "a cursor led to an empty page"
            forward += page.items

        backward = list(page.items)
        while page.previous_cursor:
            page = await things.page(
                PageRequest(sort=sort, limit=next(sizes), cursor=page.previous_cursor)
            )
            assert page.items, "a cursor led to an empty page"
            backward = page.items + backward

        assert forward == expected
        assert backward == expected


class TestSort:
    """Which orders are offered."""

    @pytest.mark.parametrize("sort", SORTS)
    async def test_every_column_both_ways(self, things: Things, sort: str) -> None:
        """Each column sorts both ways, ties broken by id."""
        await things.fill(
            [(name, datetime(2026, 1, day, tzinfo=UTC)) for name in "ab" for day in (1, 2, 2)]
        )

        page = await things.page(PageRequest(sort=sort))

        assert page.items == await things.sorted(sort)

    async def test_default(self, things: Things) -> None:
        """Unasked, the default applies."""
        await things.fill([("a", datetime(2026, 1, 1, tzinfo=UTC))] * 3)

        assert (await things.page(PageRequest())).items == await things.sorted("-id")

    @pytest.mark.parametrize(
        "sort",
        [
            "password_hash",
            "--name",
            "-",
            "name,",
            "name,,id",
            "name, id",
            "Name",
            "name;--",
            "__class__",
            "1",
        ],
    )
    def test_refuses_other_columns(self, sort: str) -> None:
        """An unknown column is refused with the names of those offered."""
        with pytest.raises(Invalid) as refused:
            KEYSET.apply(select(Thing), PageRequest(sort=sort))

        assert refused.value.code == "page.sort.unknown"
        assert "id, name, made_at" in refused.value.fields["sort"]

    @pytest.mark.parametrize("sort", ["name,name", "name,-name", "id,name,made_at,id"])
    def test_refuses_too_many(self, sort: str) -> None:
        """Each column once, and not more than there is an order for."""
        with pytest.raises(Invalid) as refused:
            KEYSET.apply(select(Thing), PageRequest(sort=sort))

        assert refused.value.code == "page.sort.too_many"

    def test_one_where_not_said(self) -> None:
        """A list that says nothing is sorted by one column."""
        usual = Keyset(KEYSET.columns, default="id", key=Thing.id)
        with pytest.raises(Invalid, match="at most 1 column,"):
            usual.apply(select(Thing), PageRequest(sort="name,id"))


class TestTamperedCursor:
    """A cursor that is not ours is refused, whatever it holds."""

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "!",
            "é",
            "=",
            "====",
            "AAAA",
            cursor_of([]),
            cursor_of(["name"]),
            cursor_of(["name", "next"]),
            cursor_of(["name", "next", []]),
            cursor_of(["name", "next", ["a"]]),
            cursor_of(["name", "next", "a"]),
            cursor_of(["name", "next", {"a": KEY}]),
            cursor_of(["name", "next", ["a", "a", KEY]]),
            cursor_of(["name", "next", ["a", "not an id"]]),
            cursor_of(["name", "next", ["a", None]]),
            cursor_of(["name", "next", ["a", {"hex": 1}]]),
            cursor_of(["name", "sideways", ["a", KEY]]),
            cursor_of(["name", None, ["a", KEY]]),
            cursor_of(["name", [], ["a", KEY]]),
            cursor_of(["-name", "next", ["a", KEY]]),
            cursor_of([None, "next", ["a", KEY]]),
            cursor_of(["made_at", "next", ["2026-01-01T00:00:00+00:00", KEY]]),
            cursor_of(["name,made_at", "next", ["a", "2026-01-01T00:00:00+00:00", KEY]]),
            cursor_of(["password_hash", "next", ["a", KEY]]),
            cursor_of(["name", "next", [None, KEY]]),
            cursor_of(["name", "next", [["a"], KEY]]),
            cursor_of(["name", "next", [7, KEY]]),
            cursor_of(["name", "next", ["a\0b", KEY]]),
            cursor_of(["name", "next", ["\ud800", KEY]]),
            base64.urlsafe_b64encode(b"[" * 1400).decode(),
            base64.urlsafe_b64encode(b"9" * 1400).decode(),
            base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        ],
    )
    async def test_by_name(self, things: Things, cursor: str) -> None:
        """Damaged, invented, or of another list: 422 with one code."""
        with pytest.raises(Invalid) as refused:
            await things.page(PageRequest(sort="name", cursor=cursor))

        assert refused.value.code == "page.cursor.invalid"
        assert refused.value.fields.keys() == {"cursor"}

    @pytest.mark.parametrize(
        "value",
        [
            "yesterday",
            "2026-01-01T00:00:00",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "",
            None,
            0,
            ["2026-01-01T00:00:00+00:00"],
        ],
    )
    async def test_by_time(self, things: Things, value: object) -> None:
        """What is no moment is refused, and so are moments that no database can hold."""
        cursor = cursor_of(["made_at", "next", [value, KEY]])

        with pytest.raises(Invalid) as refused:
            await things.page(PageRequest(sort="made_at", cursor=cursor))

        assert refused.value.code == "page.cursor.invalid"

    async def test_of_another_order(self, things: Things) -> None:
        """A cursor of the ascending list does not work for the descending one."""
        await things.fill([("a", datetime(2026, 1, 1, tzinfo=UTC))] * 3)
        page = await things.page(PageRequest(sort="name", limit=1))

        with pytest.raises(Invalid, match="belongs to another sort order"):
            await things.page(PageRequest(sort="-name", limit=1, cursor=page.next_cursor))

    def test_too_long(self) -> None:
        """Nobody sends a book as a cursor."""
        with pytest.raises(ValidationError):
            PageRequest(cursor="A" * 2001)

    @given(
        sort=st.sampled_from(SORTS),
        values=st.lists(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.floats(),
                st.text(st.characters()),
                st.datetimes().map(str),
                st.sampled_from(["id", "name", "made_at", "next", "previous"]),
                st.uuids().map(str),
            ),
            min_size=4,
            max_size=6,
        ),
    )
    @example(sort="made_at", values=["made_at", False, "next", "0001-01-01 00:00+23:59", "0" * 32])
    @settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    async def test_by_chance(self, things: Things, sort: str, values: list[Any]) -> None:
        """Any invented cursor is either refused as invalid or works; nothing else happens."""
        descending = sort.startswith("-")
        # Otherwise hardly any would pass the first check.
        values[:2] = [sort.removeprefix("-"), descending]
        try:
            request = PageRequest(sort=sort, cursor=cursor_of(values))
        except ValidationError:
            return

        code = "page.cursor.invalid"
        try:
            await things.page(request)
        except Invalid as refused:
            code = refused.code

        assert code == "page.cursor.invalid"


class TestUsualFirstPages:
    """Statements that are kept."""

    def test_same_order_and_size_give_the_same_statement(self) -> None:
        """Another order, size, place or narrowing gives another one; a wrong order stays wrong."""
        rows = table("rows", column("id"), column("name"))
        usual = select(rows.c.id, rows.c.name)
        columns = {"id": SortColumn(rows.c.id), "name": SortColumn(rows.c.name)}  # type: ignore[arg-type]  # columns are some
        keyset = Keyset(columns, default="id", key=rows.c.id, usual=usual)  # type: ignore[arg-type]  # likewise

        kept = keyset.apply(usual, PageRequest(limit=5))

        assert keyset.apply(usual, PageRequest(limit=5)) is kept
        assert str(kept) == str(keyset.apply(select(rows.c.id, rows.c.name), PageRequest(limit=5)))
        others = [
            keyset.apply(usual, PageRequest(limit=6)),
            keyset.apply(usual, PageRequest(limit=5, sort="-name")),
            keyset.apply(usual.where(rows.c.name == "a"), PageRequest(limit=5)),
        ]
        assert kept not in others
        with pytest.raises(Invalid):
            keyset.apply(usual, PageRequest(limit=5, sort="unknown"))

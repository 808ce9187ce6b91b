"""State of the users' pages."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core.actor import SYSTEM
from app.core.reads import ReadRecords, kept
from app.features.audit.words import last_to_change
from app.features.roles.schemas import GrantSpec, MembersAdd
from app.features.roles.service import RoleService
from app.features.users.credential_service import CredentialService
from app.features.users.list_state import UserList
from app.features.users.schemas import EmailChange, UserListQuery, UserUpdate
from app.features.users.service import UserService
from app.features.users.state import NewUser, UserRecord
from app.scheduling import run_last
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Platform
from app.ui.page_state import Console
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

CHOOSE, HIDE = True, False
NEW = {
    "display_name": "Ada Lovelace",
    "email": "ada@example.com",
    "password": "a long sentence",
    "roles": ["user"],
    "must_change_password": True,
}


@pytest.mark.actor("admin")
class TestList:
    """The list follows its address."""

    async def test_shows_the_page_of_the_address(self, tab: Tab, make_user: UserFactory) -> None:
        """Search, filter, sort and size come from the address."""
        for number in range(5):
            await make_user(email=f"kim{number}@example.com", display_name=f"Kim {number}")
        tab.at("/users?q=kim&status=active&sort=-display_name&limit=2&density=compact")

        await tab.call(UserList.load)

        state = await tab.of(UserList)
        assert [row.name for row in state.rows] == ["Kim 4", "Kim 3"]
        assert (state.first, state.last, state.total) == (1, 2, 5)
        assert (state.search, state.filters) == ("kim", {"status": "active"})
        assert state.compact
        assert not state.loading

    async def test_next_and_back(self, tab: Tab, make_user: UserFactory) -> None:
        """Going on and back shows every row once and counts along."""
        for number in range(5):
            await make_user(display_name=f"Kim {number}")
        tab.at("/users?limit=2&sort=display_name")
        await tab.call(UserList.load)
        first = [row.name for row in (await tab.of(UserList)).rows]

        tab.at((await tab.of(UserList)).next_address)
        await tab.call(UserList.load)
        state = await tab.of(UserList)
        second, place = [row.name for row in state.rows], (state.first, state.last)
        tab.at(state.previous_address)
        await tab.call(UserList.load)

        assert set(first).isdisjoint(second)
        assert place == (3, 4)
        assert [row.name for row in (await tab.of(UserList)).rows] == first
        assert (await tab.of(UserList)).first == 1

    async def test_the_same_rows_are_not_sent_again(self, tab: Tab, make_user: UserFactory) -> None:
        """Who comes back to a list in which nothing changed has its rows already."""
        user = await make_user(display_name="Ada")
        tab.at("/users?q=ada")
        await tab.call(UserList.load)
        state = await tab.of(UserList)
        state._clean()  # type: ignore[no-untyped-call]  # Reflex's

        await tab.call(UserList.load)
        same = set(state.dirty_vars)
        await make_user(display_name="Ada Two", email=f"two-{user.email}")
        await tab.call(UserList.load)

        assert "loading" in same
        assert "rows" not in same
        assert "rows" in state.dirty_vars

    async def test_counts_once(self, tab: Tab, make_user: UserFactory) -> None:
        """Going on in a list counts nothing anew; another search, or its first page, does."""
        for number in range(5):
            await make_user(display_name=f"Kim {number}")
        totals = []
        tab.at("/users?q=kim&limit=2")
        await tab.call(UserList.load)
        await make_user(display_name="Kim 5")
        for search in ("kim", "kim 3", "kim"):
            state = await tab.of(UserList)
            tab.at(state.next_address.replace("q=kim", f"q={search}"))
            await tab.call(UserList.load)
            totals.append((await tab.of(UserList)).total)
            tab.at("/users?q=kim&limit=2")
            await tab.call(UserList.load)
            totals.append((await tab.of(UserList)).total)

        assert totals == [5, 6, 3, 6, 6, 6]

    async def test_counts_again(self, tab: Tab, make_user: UserFactory) -> None:
        """A later page that is loaded once more, as after a change, counts anew."""
        for number in range(5):
            await make_user(display_name=f"Kim {number}")
        tab.at("/users?q=kim&limit=2")
        await tab.call(UserList.load)
        tab.at((await tab.of(UserList)).next_address)
        await tab.call(UserList.load)
        await make_user(display_name="Kim 5")
        await tab.call(UserList.load)

        assert (await tab.of(UserList)).total == 6

    @pytest.mark.parametrize(
        ("handler", "arguments", "address"),
        [
            (UserList.search_for, (" ada ",), "/users?q=ada&status=active&sort=email"),
            (UserList.start_over, (), "/users"),
        ],
    )
    async def test_every_change_is_an_address(
        self, tab: Tab, handler: Any, arguments: tuple[str, ...], address: str
    ) -> None:
        """What is chosen on the page goes into the address, and the rest stays in it."""
        tab.at("/users?status=active&sort=email")
        await tab.call(UserList.load)

        assert await tab.goes_to(handler, *arguments) == address

    async def test_columns(self, tab: Tab) -> None:
        """Columns are hidden, moved and brought back, never the first."""
        tab.at("/users?columns=email,status,nonsense")
        await tab.call(UserList.load)
        state = await tab.of(UserList)
        shown = list(state.visible)
        moved = await tab.goes_to(UserList.move_column, "status", -1)
        hidden = await tab.goes_to(UserList.toggle_column, "display_name", HIDE)
        reset = await tab.goes_to(UserList.reset_columns)

        assert shown == ["display_name", "email", "status"]
        assert moved == "/users?columns=display_name%2Cstatus%2Cemail"
        assert "display_name" in hidden
        assert reset == "/users"

    @pytest.mark.parametrize(
        "query", ["sort=nope", "cursor=damaged", "status=unheard", f"q={'x' * 300}"]
    )
    async def test_a_wrong_address_says_so(self, tab: Tab, query: str) -> None:
        """A damaged link shows what is wrong in the list's place, with the request's id."""
        tab.at(f"/users?{query}")

        await tab.call(UserList.load)

        state = await tab.of(UserList)
        assert state.problem.message
        assert state.problem.request_id
        assert state.rows == []
        assert not state.loading

    @pytest.mark.parametrize("query", ["limit=abc", "limit=-1", "limit=99999999", "from=x"])
    async def test_a_wrong_number_is_put_right(self, tab: Tab, query: str) -> None:
        """Sizes and counts out of range fall back instead of failing."""
        tab.at(f"/users?{query}")

        await tab.call(UserList.load)

        assert (await tab.of(UserList)).problem.message == ""

    async def test_bulk(self, tab: Tab, make_user: UserFactory, platform: Platform) -> None:
        """A bulk action names whom it changes before it does, and skips the others."""
        one, other = await make_user(display_name="One"), await make_user(display_name="Other")
        await platform.caller(SYSTEM)(UserService.suspend, other.id)
        tab.at("/users")
        await tab.call(UserList.load)
        await tab.call(UserList.select, [str(one.id), str(other.id)], CHOOSE)

        await tab.call(UserList.plan_bulk, "suspend")
        state = await tab.of(UserList)
        planned = (list(state.bulk_names), list(state.bulk_skipped))
        await tab.call(UserList.apply_bulk)

        assert planned == (["One"], ["1 skipped, suspended already: Other."])
        assert await tab.messages() == ["Suspended 1 user."]
        after = await platform.caller(SYSTEM)(UserService.get, one.id)
        assert after.status == "suspended"


@pytest.mark.actor("admin")
class TestNewUser:
    """The form for a new user."""

    async def test_creates_and_opens_the_record(self, tab: Tab, platform: Platform) -> None:
        """The new user's page follows."""
        await tab.call(NewUser.load)

        where = await tab.goes_to(NewUser.save, NEW)

        user = await platform.caller(SYSTEM)(UserService.get, _id(where))
        assert (user.email, user.roles) == ("ada@example.com", ["user"])
        assert user.must_change_password

    async def test_invites(self, tab: Tab, platform: Platform) -> None:
        """Who is to choose a password is given none; the record asks for the link, once."""
        await tab.call(NewUser.load)

        where = await tab.goes_to(NewUser.save, NEW | {"first_sign_in": "link"})
        tab.at(where)
        await tab.call(UserRecord.load)

        assert (await tab.of(UserRecord)).resetting
        assert not await platform.can_sign_in("ada@example.com", NEW["password"])
        await tab.call(UserRecord.close_dialogs)
        await tab.call(UserRecord.load)
        assert not (await tab.of(UserRecord)).resetting

    async def test_invites_no_equal(self, tab: Tab) -> None:
        """For whom the person could make no link, they are told so where they chose it."""
        await tab.call(NewUser.load)

        await tab.call(NewUser.save, NEW | {"first_sign_in": "link", "roles": ["admin"]})

        assert list((await tab.of(NewUser)).field_errors) == ["first_sign_in"]

    async def test_needs_a_password_otherwise(self, tab: Tab) -> None:
        """A form that asks for no link and has no password is incomplete."""
        await tab.call(NewUser.load)
        form = {name: value for name, value in NEW.items() if name != "password"}

        await tab.call(NewUser.save, form | {"first_sign_in": "password"})

        assert list((await tab.of(NewUser)).field_errors) == ["password"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"email": "nobody"}, "email"),
            ({"email": "ACTOR@example.com"}, "email"),
            ({"display_name": "  "}, "display_name"),
            ({"display_name": "a\0b"}, "display_name"),
            ({"password": "short"}, "password"),
            ({"password": ["a", "list"]}, "password"),
            ({"roles": ["nonsense"]}, "roles"),
        ],
    )
    async def test_says_at_the_field_what_is_wrong(
        self, tab: Tab, change: dict[str, Any], field: str
    ) -> None:
        """The message stands at the field, and nobody is sent elsewhere."""
        await tab.call(NewUser.load)

        told = await tab.call(NewUser.save, NEW | change)

        assert told == []
        assert [name.partition(".")[0] for name in (await tab.of(NewUser)).field_errors] == [field]


@pytest.mark.actor("admin")
class TestRecord:
    """One user's page."""

    async def _open(self, tab: Tab, user_id: object) -> UserRecord:
        tab.at(f"/users/{user_id}")
        await tab.call(UserRecord.load)
        return await tab.of(UserRecord)

    async def test_shows_the_user(self, tab: Tab, make_user: UserFactory) -> None:
        """Details and roles, and that it is not oneself."""
        user = await make_user(display_name="Kim Doe")

        state = await self._open(tab, user.id)

        assert (state.user.name, state.user.version) == ("Kim Doe", 1)
        assert not state.is_self
        assert {each["value"]: each["checked"] for each in state.role_choices}["user"]

    @pytest.mark.parametrize("address", ["nope", "00000000-0000-7000-8000-000000000000", "%00"])
    async def test_missing(self, tab: Tab, address: str) -> None:
        """An address that leads to nobody says so."""
        assert (await self._open(tab, address)).missing

    async def test_next_record_starts_clean(self, tab: Tab, make_user: UserFactory) -> None:
        """Nothing of a missing record stays on the next one's page."""
        user = await make_user()
        await self._open(tab, "nope")

        assert not (await self._open(tab, user.id)).missing

    async def test_saves(self, tab: Tab, make_user: UserFactory) -> None:
        """A saved change raises the version, so the form starts anew from it."""
        user = await make_user()
        await self._open(tab, user.id)

        await tab.call(UserRecord.save, _form(user.email, "Renamed"))

        state = await tab.of(UserRecord)
        assert (state.user.name, state.user.version) == ("Renamed", 2)
        assert await tab.messages() == ["Saved."]

    async def test_conflict_names_who_and_what(
        self, tab: Tab, make_user: UserFactory, platform: Platform
    ) -> None:
        """The second to save is told what the first changed; both choices work."""
        user = await make_user(display_name="Kim")
        await self._open(tab, user.id)
        change = UserUpdate(display_name="Theirs")
        await platform.caller(SYSTEM)(UserService.update, user.id, change)

        await tab.call(UserRecord.save, _form(user.email, "Mine"))
        state = await tab.of(UserRecord)
        said, fields = state.conflict, list(state.conflict_fields)
        stored = (await platform.caller(SYSTEM)(UserService.get, user.id)).display_name
        await tab.call(UserRecord.overwrite)

        assert said == "system saved this user while you were typing."
        assert fields == [{"field": "Name", "theirs": "Theirs", "yours": "Mine"}]
        assert stored == "Theirs"
        assert (await tab.of(UserRecord)).user.name == "Mine"
        assert (await tab.of(UserRecord)).conflict == ""

    async def test_conflict_keeps_what_one_did_not_touch(
        self, tab: Tab, make_user: UserFactory, platform: Platform
    ) -> None:
        """Saving one's own name does not undo what somebody else changed besides."""
        user = await make_user(display_name="Kim")
        state = await self._open(tab, user.id)
        version = str(state.user.version)
        change = UserUpdate(must_change_password=True, display_name="Theirs")
        await platform.caller(SYSTEM)(UserService.update, user.id, change)

        await tab.call(UserRecord.save, {**_form(user.email, "Mine"), "version": version})
        fields = list((await tab.of(UserRecord)).conflict_fields)
        await tab.call(UserRecord.overwrite)

        assert fields == [{"field": "Name", "theirs": "Theirs", "yours": "Mine"}]
        kept = await platform.caller(SYSTEM)(UserService.get, user.id)
        assert (kept.display_name, kept.must_change_password) == ("Mine", True)

    async def test_same_change_twice_is_no_conflict(
        self, tab: Tab, make_user: UserFactory, platform: Platform
    ) -> None:
        """Nobody is asked to choose between two equal things."""
        user = await make_user(display_name="Kim")
        state = await self._open(tab, user.id)
        version = str(state.user.version)
        change = UserUpdate(display_name="Both")
        await platform.caller(SYSTEM)(UserService.update, user.id, change)

        await tab.call(UserRecord.save, {**_form(user.email, "Both"), "version": version})

        assert (await tab.of(UserRecord)).conflict == ""
        assert await tab.messages() == ["Saved."]

    @pytest.mark.parametrize("handler", [UserRecord.save, UserRecord.save_roles])
    async def test_deleted_meanwhile(
        self, tab: Tab, make_user: UserFactory, platform: Platform, handler: Any
    ) -> None:
        """The page says that there is nothing to save any more; nothing else is offered."""
        user = await make_user(display_name="Kim")
        await self._open(tab, user.id)
        await platform.caller(SYSTEM)(UserService.delete, user.id)

        await tab.call(handler, _form(user.email, "Typed"))

        state = await tab.of(UserRecord)
        assert state.gone
        assert not any([state.may_be_suspended, state.may_be_reactivated, state.may_be_deleted])
        assert state.user.name == "Kim"
        assert await tab.messages() == []

    async def test_deleted_before_it_was_opened(self, tab: Tab) -> None:
        """An address that leads nowhere is no page at all."""
        state = await self._open(tab, uuid4())

        assert (state.missing, state.gone) == (True, False)

    async def test_tabs(self, tab: Tab, make_user: UserFactory) -> None:
        """Whatever features put below a user's page stands beside it."""
        user = await make_user()

        state = await self._open(tab, user.id)

        assert state.tabs == [
            {"label": "Details", "href": f"/users/{user.id}"},
            {"label": "Activity", "href": f"/users/{user.id}/activity"},
            {"label": "Access", "href": f"/users/{user.id}/access"},
            {"label": "Sessions", "href": f"/users/{user.id}/sessions"},
        ]

    @pytest.mark.actor(grants=["user.read"])
    async def test_tabs_need_permission(self, tab: Tab, make_user: UserFactory) -> None:
        """Pages that one may not open are not offered."""
        user = await make_user()

        state = await self._open(tab, user.id)

        assert [each["label"] for each in state.tabs] == ["Details"]

    async def test_roles(self, tab: Tab, make_user: UserFactory) -> None:
        """The chosen roles are the user's from now on."""
        user = await make_user()
        await self._open(tab, user.id)

        await tab.call(UserRecord.save_roles, {"roles": ["guest", "user"]})

        assert (await tab.of(UserRecord)).user.roles == "guest, user"

    async def test_roles_that_end(
        self, tab: Tab, make_user: UserFactory, make_role: RoleFactory, platform: Platform
    ) -> None:
        """A role that is held for a time only says until when."""
        user, role = await make_user(), await make_role("user.read", name="desk")
        end = datetime(2090, 1, 31, 12, tzinfo=UTC)
        new = MembersAdd(user_ids=[user.id], expires_at=end)
        await platform.caller(SYSTEM)(RoleService.add_members, role.id, new)

        state = await self._open(tab, user.id)

        told = {each["value"]: each["help"] for each in state.role_choices}
        assert told["desk"] == "Until 31 Jan 2090, 12:00 UTC."
        assert told["user"] == "Signs in and manages their own profile."

    async def test_reset(self, tab: Tab, make_user: UserFactory) -> None:
        """The dialog opens for somebody below, and for nobody else."""
        below, equal = await make_user(), await make_user(roles=["admin"])
        await self._open(tab, below.id)
        await tab.call(UserRecord.ask_reset)
        is_open = (await tab.of(UserRecord)).resetting
        await self._open(tab, equal.id)
        await tab.call(UserRecord.ask_reset)

        assert is_open
        assert not (await tab.of(UserRecord)).resetting
        assert "may do more than they" in (await tab.messages())[-1]

    async def test_email(self, tab: Tab, make_user: UserFactory) -> None:
        """A wrong address is refused at the field, a good one closes the dialog."""
        user = await make_user()
        await self._open(tab, user.id)
        await tab.call(UserRecord.ask_email)

        await tab.call(UserRecord.save_email, {"email": "x", "verified": True})
        state = await tab.of(UserRecord)
        refused, open_still = dict(state.field_errors), state.changing_email
        await tab.call(UserRecord.save_email, {"email": "new@example.com", "verified": True})

        assert list(refused) == ["email"]
        assert open_still
        state = await tab.of(UserRecord)
        assert not state.changing_email
        assert (state.user.email, state.user.verified) == ("new@example.com", True)

    async def test_suspend_and_reactivate(self, tab: Tab, make_user: UserFactory) -> None:
        """Both show at once."""
        user = await make_user()
        await self._open(tab, user.id)

        await tab.call(UserRecord.suspend)
        suspended = (await tab.of(UserRecord)).user.status
        await tab.call(UserRecord.reactivate)

        assert suspended == "suspended"
        assert (await tab.of(UserRecord)).user.status == "active"

    async def test_delete_says_what_it_entails(
        self, tab: Tab, make_user: UserFactory, platform: Platform
    ) -> None:
        """The question counts open sessions; the answer leads back to the list."""
        user = await make_user(password="a long sentence")
        await platform.sign_in(user, "a long sentence")
        await self._open(tab, user.id)

        await tab.call(UserRecord.ask_delete)
        asked = list((await tab.of(UserRecord)).consequences)
        where = await tab.goes_to(UserRecord.delete)

        assert asked == ["1 open session ends"]
        assert where == "/users"

    async def test_activity(self, tab: Tab, make_user: UserFactory, platform: Platform) -> None:
        """What was done to the user is told, newest first."""
        user = await make_user()
        await platform.caller(SYSTEM)(UserService.suspend, user.id)
        await self._open(tab, user.id)

        await tab.call(UserRecord.load_activity)

        state = await tab.of(UserRecord)
        assert [row.what for row in state.activity] == [
            "suspended this user",
            "created this user",
        ]
        assert state.looks == []

    async def test_looks(self, tab: Tab, make_user: UserFactory, platform: Platform) -> None:
        """Who looked is told apart from what was done, and nobody is said to have changed it."""
        (await platform.container.get(ReadRecords))._resources = kept(
            platform.registry, {"user": "all"}
        )
        user = await make_user()
        ada = await make_user(display_name="Ada", roles=["admin"])
        call = platform.caller((await platform.sign_in(ada, PASSWORD)).actor)
        await call(UserService.page, UserListQuery())
        await run_last(platform.registry, platform.container, only="audit.reads")
        await call(UserService.get, user.id)
        await run_last(platform.registry, platform.container, only="audit.reads")
        await self._open(tab, user.id)

        await tab.call(UserRecord.load_activity)

        state = await tab.of(UserRecord)
        assert [row.what for row in state.activity] == ["created this user"]
        assert [row.who for row in state.looks] == ["Ada", "Ada"]
        assert [row.what for row in state.looks] == [
            "looked at this user",
            "saw in a list: this user",
        ]
        tab.act()
        assert await last_to_change("user", user.id) == "system"


class TestFields:
    """What may not be seen is left out, what may not be changed is locked and not sent."""

    @pytest.fixture
    async def limited_tab(
        self, tab: Tab, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> Tab:
        """A tab of somebody who may not read addresses and may change names only."""
        await make_role(
            GrantSpec(permission="user.read", readable=["display_name", "verified", "roles"]),
            GrantSpec(permission="user.update", writable=["display_name"]),
            GrantSpec(permission="user.create", writable=["display_name", "email", "password"]),
            name="limited",
        )
        limited = await make_user(roles=["limited"])
        tab.actor = (await platform.sign_in(limited, PASSWORD)).actor
        return tab

    async def test_record(self, limited_tab: Tab, make_user: UserFactory) -> None:
        """No stand-ins; and the tab says which fields are open."""
        user = await make_user(display_name="Kim Doe")
        limited_tab.at(f"/users/{user.id}")

        await limited_tab.call(UserRecord.load)

        state = await limited_tab.of(UserRecord)
        assert (state.user.title, state.user.name, state.user.email) == ("Kim Doe", "Kim Doe", "")
        assert {name for name, shown in state.readable.items() if shown} == {
            "display_name",
            "verified",
            "roles",
        }
        assert {name for name, is_open in state.writable.items() if is_open} == {"display_name"}
        assert state.may_change_details

    async def test_saves(
        self, limited_tab: Tab, make_user: UserFactory, platform: Platform
    ) -> None:
        """Also when the form sends what is locked, and in a tab that the server has forgotten."""
        user = await make_user(display_name="Kim Doe")
        limited_tab.at(f"/users/{user.id}")

        await limited_tab.call(UserRecord.save, {**_form("x@example.com", "Kim"), "version": "1"})

        assert await limited_tab.messages() == ["Saved."]
        saved = await platform.caller(SYSTEM)(UserService.get, user.id)
        assert (saved.display_name, saved.email) == ("Kim", user.email)

    async def test_nothing_is_open(
        self, limited_tab: Tab, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Then there is no form."""
        own = GrantSpec(permission="user.update", rule="own")
        await make_role("user.read", own, name="reader")
        user, reader = await make_user(), await make_user(roles=["reader"])
        limited_tab.actor = (await platform.sign_in(reader, PASSWORD)).actor
        limited_tab.at(f"/users/{user.id}")

        await limited_tab.call(UserRecord.load)

        assert not (await limited_tab.of(UserRecord)).may_change_details

    async def test_conflict_tells_nothing_hidden(
        self, limited_tab: Tab, make_user: UserFactory, platform: Platform
    ) -> None:
        """What somebody else saved is shown as far as it may be read."""
        user = await make_user(display_name="Kim Doe")
        limited_tab.at(f"/users/{user.id}")
        await limited_tab.call(UserRecord.load)
        system = platform.caller(SYSTEM)
        secret = EmailChange(email="secret@example.com")
        await system(CredentialService.change_email, user.id, secret)
        await system(UserService.update, user.id, UserUpdate(display_name="Theirs"))

        await limited_tab.call(UserRecord.save, {"display_name": "Kim", "version": "1"})
        fields = list((await limited_tab.of(UserRecord)).conflict_fields)
        await limited_tab.call(UserRecord.overwrite)

        assert fields == [{"field": "Name", "theirs": "Theirs", "yours": "Kim"}]
        saved = await platform.caller(SYSTEM)(UserService.get, user.id)
        assert (saved.display_name, saved.email) == ("Kim", "secret@example.com")

    async def test_new_user(self, limited_tab: Tab, platform: Platform) -> None:
        """Only what may be set is asked for and sent."""
        await limited_tab.call(NewUser.load)
        state = await limited_tab.of(NewUser)

        address = await limited_tab.goes_to(NewUser.save, {**NEW, "verified": True})

        assert (state.writable["email"], state.writable["roles"], state.locked) == (True, False, [])
        made = await platform.caller(SYSTEM)(UserService.get, _id(address))
        assert (made.verified, made.roles) == (False, ["user"])


@pytest.mark.actor(grants=["user.read"])
async def test_a_refusal_is_a_message(tab: Tab, make_user: UserFactory) -> None:
    """Who may only read is told which permission is missing; nothing changes."""
    user = await make_user()
    tab.at(f"/users/{user.id}")
    await tab.call(UserRecord.load)

    await tab.call(UserRecord.suspend)

    assert await tab.messages() == ["This needs the permission user.suspend."]
    assert (await tab.of(UserRecord)).user.status == "active"
    assert not (await tab.of(Console)).session_ended


def _id(address: str) -> Any:
    return UUID(address.rpartition("/")[2])


def _form(email: str, name: str) -> dict[str, Any]:
    return {"email": email, "display_name": name, "verified": False}

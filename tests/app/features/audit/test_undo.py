"""Taking back what an entry tells."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from app.core.actor import SYSTEM
from app.core.errors import Conflict, NotFound, PermissionDenied
from app.features.audit.service import AuditService
from app.features.roles.schemas import Grants, GrantSpec, MemberListQuery, MembersAdd, RoleUpdate
from app.features.roles.service import RoleService
from app.features.users.credential_service import CredentialService
from app.features.users.schemas import EmailChange, UserRead, UserUpdate
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform

NOBODY = UUID("01890000-0000-7000-8000-000000000001")


async def last(platform: Platform, action: str) -> UUID:
    """The newest entry of an action that succeeded."""
    entries = await platform.audit(action=action, outcome="succeeded")
    return max(entry.id for entry in entries)


@pytest.mark.actor("admin")
class TestUsers:
    """Changes of users."""

    async def test_details(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """The former values are back, and both entries say so."""
        user = await make_user(display_name="Ada")
        change = UserUpdate(display_name="Adda")
        await call(UserService.update, user.id, change)
        changed = await last(platform, "user.update")

        await call(AuditService.undo, changed)

        now = await call(UserService.get, user.id)
        assert now.display_name == "Ada"
        [entry] = await platform.audit(action="audit.undo")
        assert entry.target_id == str(user.id)
        assert entry.detail == {"undone_entry": str(changed)}
        assert await last(platform, "user.update") > changed

    async def test_undo_can_be_undone(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """There and back again."""
        user = await make_user(display_name="Ada")
        await call(UserService.update, user.id, UserUpdate(display_name="Adda"))
        await call(AuditService.undo, await last(platform, "user.update"))
        await call(AuditService.undo, await last(platform, "user.update"))

        assert (await call(UserService.get, user.id)).display_name == "Adda"

    async def test_status_and_roles(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Suspension, its end, and roles."""
        user = await make_user(roles=["user", "guest"])
        await call(UserService.suspend, user.id)
        await call(AuditService.undo, await last(platform, "user.suspend"))
        assert (await call(UserService.get, user.id)).status == "active"

        await call(UserService.assign_roles, user.id, ["admin"])
        await call(AuditService.undo, await last(platform, "user.assign_roles"))
        assert (await call(UserService.get, user.id)).roles == ["guest", "user"]

    async def test_grants(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """What was given in person, with its conditions."""
        user = await make_user()
        given = Grants(grants=[GrantSpec(permission="user.read", rule="own", readable=["email"])])
        await call(RoleService.set_own_grants, user.id, given)
        await call(RoleService.set_own_grants, user.id, Grants())

        await call(AuditService.undo, await last(platform, "user.set_grants"))

        [grant] = await call(RoleService.own_grants, user.id)
        assert (grant.permission, grant.rule, grant.readable) == ("user.read", "own", ["email"])

    async def test_changed_since(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """What somebody else made of it since is not overwritten: they are named."""
        user = await make_user(display_name="Ada")
        await call(UserService.update, user.id, UserUpdate(display_name="Adda"))
        entry = await last(platform, "user.update")
        await call(UserService.update, user.id, UserUpdate(display_name="Adela"))

        with pytest.raises(Conflict) as caught:
            await call(AuditService.undo, entry)

        assert caught.value.code == "audit.undo.conflict"
        assert caught.value.message == "Actor changed this since: Name. Look at it first."
        changed: Any = caught.value.details["changed"]
        told = [(each["field"], each["now"], each["by"]) for each in changed]
        assert told == [("display_name", "Adela", "Actor")]
        assert (await call(UserService.get, user.id)).display_name == "Adela"

    async def test_done_already(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Twice is once."""
        user = await make_user(display_name="Ada")
        await call(UserService.update, user.id, UserUpdate(display_name="Adda"))
        entry = await last(platform, "user.update")
        await call(AuditService.undo, entry)

        with pytest.raises(Conflict) as caught:
            await call(AuditService.undo, entry)

        assert caught.value.code == "audit.undo.done"

    @pytest.mark.parametrize(
        "action",
        ["user.create", "auth.token.issue", "user.change_email", "user.set_password"],
    )
    async def test_impossible(
        self, call: Caller, platform: Platform, make_user: UserFactory, action: str
    ) -> None:
        """Creations and sign-ins stay, and so do changes of what people sign in with."""
        user = await make_user()
        await platform.sign_in(user, PASSWORD)
        await call(CredentialService.change_email, user.id, EmailChange(email="x@example.com"))
        await platform.caller(SYSTEM)(
            CredentialService.set_password, user.id, SecretStr("another"), must_change=True
        )

        with pytest.raises(Conflict) as caught:
            await call(AuditService.undo, await last(platform, action))

        assert caught.value.code == "audit.undo.impossible"

    async def test_gone(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """The entry or its user is no longer there."""
        user = await make_user()
        await call(UserService.update, user.id, UserUpdate(display_name="Adda"))
        entry = await last(platform, "user.update")
        await call(UserService.delete, user.id)

        for entry_id in (entry, NOBODY):
            with pytest.raises(NotFound):
                await call(AuditService.undo, entry_id)


@pytest.mark.actor("admin")
class TestRoles:
    """Changes of roles."""

    async def test_role(self, call: Caller, platform: Platform, make_role: RoleFactory) -> None:
        """All of it, with the conditions of its grants."""
        role = await make_role(GrantSpec(permission="user.read", rule="own"), name="desk")
        change = RoleUpdate(name="team", description="x", permissions=["*"], includes=["guest"])
        await call(RoleService.update, role.id, change)

        await call(AuditService.undo, await last(platform, "role.update"))

        now = await call(RoleService.get, role.id)
        assert (now.name, now.description, now.includes) == ("desk", "", ())
        assert [(grant.permission, grant.rule) for grant in now.grants] == [("user.read", "own")]

    async def test_members(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Those who came go, those who went come back; others are left alone."""
        role = await make_role(name="desk")
        ada, bob = await make_user(roles=["desk"]), await make_user()
        await call(RoleService.add_members, role.id, MembersAdd(user_ids=[ada.id, bob.id]))
        await call(AuditService.undo, await last(platform, "role.add_members"))
        assert await self.members(call, role.id) == [ada.id]

        await call(RoleService.remove_members, role.id, [ada.id])
        await call(AuditService.undo, await last(platform, "role.remove_members"))
        assert await self.members(call, role.id) == [ada.id]

    async def members(self, call: Caller, role_id: UUID) -> list[UUID]:
        """Who has the role."""
        page = await call(RoleService.members, role_id, MemberListQuery())
        return [member.id for member in page.items]


class TestRefused:
    """The permission to take back is not the permission to change."""

    @pytest.mark.actor(grants=["audit.*"])
    async def test_needs_both(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Whoever may not make the opposite change may not take it back either."""
        user = await make_user(display_name="Ada")
        admin = await make_user(roles=["admin"])
        signed_in = await platform.sign_in(admin, PASSWORD)
        await platform.caller(signed_in.actor)(
            UserService.update, user.id, UserUpdate(display_name="Adda")
        )

        with pytest.raises(PermissionDenied) as caught:
            await call(AuditService.undo, await last(platform, "user.update"))

        assert caught.value.permission in ("user.read", "user.update")

    @pytest.mark.actor(grants=["audit.undo", "user.*"])
    async def test_unseen(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """For whoever may not read the trail there is no such entry."""
        user = await make_user(display_name="Ada")
        await call(UserService.update, user.id, UserUpdate(display_name="Adda"))

        with pytest.raises(NotFound):
            await call(AuditService.undo, await last(platform, "user.update"))

    @pytest.mark.actor(
        grants=["audit.read", "user.*", GrantSpec(permission="audit.undo", rule="own")]
    )
    async def test_beyond_the_rows(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Whoever may take back what they did themselves takes back nothing else."""
        user = await make_user(display_name="Ada")
        await call(UserService.update, user.id, UserUpdate(display_name="Adda"))
        own = await last(platform, "user.update")
        again = UserUpdate(must_change_password=True)
        await platform.caller(SYSTEM)(UserService.update, user.id, again)

        with pytest.raises(NotFound):
            await call(AuditService.undo, await last(platform, "user.update"))
        await call(AuditService.undo, own)

        assert (await call(UserService.get, user.id)).display_name == "Ada"

    @pytest.mark.parametrize(
        "grants",
        [
            pytest.param(
                [
                    "audit.*",
                    "user.assign_roles",
                    GrantSpec(permission="user.read", readable=["email", "roles"]),
                ],
                id="names",
            ),
            pytest.param(
                ["audit.undo", "user.*", GrantSpec(permission="audit.read", rule="own")],
                id="entries",
            ),
        ],
    )
    async def test_names_nobody_unseen(
        self,
        platform: Platform,
        make_user: UserFactory,
        make_role: RoleFactory,
        grants: list[Any],
    ) -> None:
        """Who changed it since is told only to those who may see it."""
        await make_role(*grants, name="limited")
        limited, grace = await make_user(roles=["limited"]), await make_user(roles=["admin"])
        call = platform.caller((await platform.sign_in(limited, PASSWORD)).actor)
        hers = platform.caller((await platform.sign_in(grace, PASSWORD)).actor)
        user = await make_user()
        await call(UserService.assign_roles, user.id, [])
        entry = await last(platform, "user.assign_roles")
        await hers(UserService.assign_roles, user.id, ["guest"])

        with pytest.raises(Conflict) as caught:
            await call(AuditService.undo, entry)

        assert caught.value.message == "Somebody changed this since: Roles. Look at it first."
        assert grace.display_name not in str(caught.value.details)

    @pytest.mark.actor(grants=["audit.read", "user.*"])
    async def test_over_http(
        self, client: httpx.AsyncClient, platform: Platform, make_user: UserFactory
    ) -> None:
        """403 names the permission."""
        user: UserRead = await make_user(display_name="Ada")
        change: dict[str, Any] = {"display_name": "Adda"}
        await client.patch(f"/api/v1/users/{user.id}", json=change)
        entry = await last(platform, "user.update")

        answer = await client.post(f"/api/v1/audit/{entry}/undo")

        assert (answer.status_code, answer.json()["permission"]) == (403, "audit.undo")

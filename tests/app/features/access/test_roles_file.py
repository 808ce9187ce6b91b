"""Roles as a file: written, read and compared."""

import pytest

from app.core.errors import Invalid
from app.features.access.roles_file import differences, mistaken, read, write
from app.features.access.service import AccessService
from app.features.roles.schemas import GrantSpec, RoleUpdate
from app.features.roles.service import RoleService
from app.testing.factories import RoleFactory
from app.testing.platform import Caller


@pytest.mark.actor("admin")
async def test_round_trip(call: Caller, make_role: RoleFactory) -> None:
    """What is written is read as the same roles, and is written in the same order again."""
    limited = GrantSpec(
        permission="user.read", rule="own", readable=["email", "display_name"], reason="Only: own"
    )
    await make_role("audit.read", limited, name="writer")
    chief = await make_role(name="chief")
    await call(RoleService.update, chief.id, RoleUpdate(includes=["writer"], description="Bösse"))
    roles = await call(RoleService.all)

    text = write(roles)

    assert differences(read(text), roles) == []
    assert write(reversed(roles)) == text
    assert "description: Bösse" in text
    assert text == await call(AccessService.export)


@pytest.mark.actor("admin")
async def test_differences(call: Caller, make_role: RoleFactory) -> None:
    """Each difference is a sentence."""
    await make_role("audit.read", "user.read", name="writer")
    file = read(
        """
        roles:
        - name: writer
          description: Writes
          includes: [guest]
          grants:
          - permission: user.read
            reason: because
          - permission: role.read
        - name: fresh
        """
    )
    [writer] = [role for role in await call(RoleService.all) if role.name == "writer"]

    assert differences(file, [writer]) == [
        "fresh: is in the file only.",
        "writer: has another description in the file.",
        "writer: includes guest in the file.",
        "writer: grants audit.read, the file does not.",
        "writer: does not grant role.read, the file does.",
        "writer: grants user.read under other conditions than in the file.",
    ]


@pytest.mark.actor("admin")
async def test_name_means_another_role(call: Caller, make_role: RoleFactory) -> None:
    """A role that was made anew, or is called otherwise now, is not the one of the file."""
    writer, chief = await make_role(name="writer"), await make_role(name="chief")
    text = await call(AccessService.export)
    await call(RoleService.delete, writer.id)
    await make_role("*", name="writer")
    await call(RoleService.update, chief.id, RoleUpdate(name="head"))
    roles = await call(RoleService.all)

    found = [
        "chief: the role with this id is called head here.",
        "writer: is another role here than in the file, by its id.",
    ]
    assert mistaken(read(text), roles) == found
    assert differences(read(text), roles)[:2] == found
    without = write(roles, with_ids=False)
    assert "id:" not in without
    assert differences(read(without), roles) == []


@pytest.mark.parametrize(
    "text",
    [
        "roles: [",
        "- just a list",
        "roles: [{name: ''}]",
        "roles: [{name: a}, {name: a}]",
        "roles: [{name: a, id: 1}]",
        "roles: [{name: a, id: &x 01890a5d-ac96-774b-bcce-b302099a8057}, {name: b, id: *x}]",
        "roles: [{name: a, grants: [{permission: Nonsense!}]}]",
        "roles: [{name: a, unknown: 1}]",
    ],
)
def test_invalid(text: str) -> None:
    """What is not a file of roles is refused in one sentence."""
    with pytest.raises(Invalid):
        read(text)


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-02-30", "2026-12-04", "1"],
)
def test_extreme_moments(moment: str) -> None:
    """What no request may say of an end, no file may say either."""
    text = f"roles: [{{name: a, grants: [{{permission: user.read, expires_at: {moment}}}]}}]"

    with pytest.raises(Invalid) as refused:
        read(text)

    assert refused.value.message.startswith("roles.0.grants.0.expires_at: Write a ")

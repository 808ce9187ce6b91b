"""Roles as a file: written, read and compared."""

import pytest

from app.core.errors import Invalid
from app.features.access.roles_file import differences, read, write
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


@pytest.mark.parametrize(
    "text",
    [
        "roles: [",
        "- just a list",
        "roles: [{name: ''}]",
        "roles: [{name: a}, {name: a}]",
        "roles: [{name: a, grants: [{permission: Nonsense!}]}]",
        "roles: [{name: a, unknown: 1}]",
    ],
)
def test_invalid(text: str) -> None:
    """What is not a file of roles is refused in one sentence."""
    with pytest.raises(Invalid):
        read(text)

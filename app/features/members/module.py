"""The members feature."""

from app.core.module import Module, PageSpec
from app.features.members.pages import role_members_page
from app.features.members.state import RoleMembers
from app.features.roles.permissions import RolePermission
from app.features.roles.state import RECORD, ROLE_RECORD, RoleRecord

module = Module(
    id="members",
    pages=(
        PageSpec(
            f"{RECORD}/members",
            "Members",
            RolePermission.READ,
            role_members_page,
            [RoleRecord.load, RoleMembers.load],
            record=ROLE_RECORD,
        ),
    ),
)

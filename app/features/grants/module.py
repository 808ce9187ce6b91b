"""The grants feature."""

from app.core.module import Module, PageSpec
from app.features.grants.pages import user_access_page
from app.features.grants.state import UserAccess
from app.features.roles.permissions import RolePermission
from app.features.users.state import RECORD, USER_RECORD, UserRecord

module = Module(
    id="grants",
    pages=(
        PageSpec(
            f"{RECORD}/access",
            "Access",
            RolePermission.READ,
            user_access_page,
            [UserRecord.load, UserAccess.load],
            record=USER_RECORD,
        ),
    ),
)

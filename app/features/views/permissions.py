"""Permissions of the views feature."""

from app.core.permissions import PermissionName


class ViewPermission(PermissionName):
    """What can be done with saved views, besides keeping some of one's own."""

    SHARE = "view.share", "Share saved views of lists with everybody who may see the list"

"""Permissions of the request keys feature."""

from app.core.permissions import PermissionName


class RequestKeyPermission(PermissionName):
    """What can be done with the keys of requests."""

    PURGE = "request_key.purge", "Forget the answers of requests that nobody can repeat any more"

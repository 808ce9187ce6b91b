"""Roles: named sets of permissions that users are given."""

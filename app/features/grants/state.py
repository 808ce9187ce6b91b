"""State of the page that says what a user may do, and gives and takes grants in person."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import reflex as rx

from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied, PlatformError
from app.core.permissions import covers, resource_of
from app.features.access.rows import (
    HeldRow,
    OwnGrantRow,
    held_row,
    kept_out_in_words,
    own_grant_row,
)
from app.features.access.service import AccessService
from app.features.access.state import AccessState, given
from app.features.audit.words import last_to_change
from app.features.roles.permissions import RolePermission
from app.features.roles.schemas import GrantRead, Grants, GrantSpec, version_of
from app.features.roles.service import RoleService
from app.features.roles.words import in_words_of, label_of_fact, spec_of
from app.features.users.state import UserRecord
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.record_state import EditState
from app.ui.record_tabs import record_id

_NOBODY = ("user.not_found", "There is no such user.")


class UserAccess(AccessState, EditState, rx.State):
    """What one user may do, and what they hold in person."""

    loading: bool = True
    held: list[HeldRow] = []
    kept_out: str = ""
    """What keeps them from all of it for now; empty for nothing."""
    own: list[OwnGrantRow] = []
    version: str = ""
    """What the shown grants in person are based on; sent along with every change of them."""
    granting: bool = False
    rule_options: list[dict[str, str]] = []
    readable_options: list[dict[str, str | bool]] = []
    """The fields that the grant can be limited to; all are chosen at first."""
    writable_options: list[dict[str, str | bool]] = []
    download: str = ""

    @handler(RolePermission.READ)
    async def load(self) -> None:
        """Load what the user that the address names may do."""
        self._close()
        record = await self.get_state(UserRecord)
        if record.missing:
            return
        await self._load_permissions()
        await self._load_held(self._user_id())

    @handler(RolePermission.UPDATE)
    async def ask_grant(self) -> None:
        """Ask what to grant in person."""
        self._clear_form_problem()
        self.rule_options, self.readable_options, self.writable_options = [], [], []
        self.granting = True

    @handler(RolePermission.READ)
    async def close_dialogs(self) -> None:
        """Leave everything as it is."""
        self._close()

    @handler(RolePermission.UPDATE)
    async def choose_permission(self, permission: str) -> None:
        """Offer the row rules and fields that a grant of this permission can be limited to."""
        registry = runtime.current().registry
        covered = [name for name in registry.permissions if covers(permission, name)]
        resources = [registry.resource(name) for name in dict.fromkeys(map(resource_of, covered))]
        self.rule_options = [
            {"value": rule.name, "label": rule.title}
            for resource in resources
            for rule in resource.rules
        ]
        self.readable_options = _options(each.readable for each in resources)
        self.writable_options = _options(each.writable for each in resources)

    @handler(RolePermission.UPDATE)
    async def grant(self, form: dict[str, Any]) -> None:
        """Grant something to the user in person."""
        self._clear_form_problem()
        try:
            new = parse(
                GrantSpec,
                {
                    "permission": given(form, "permission"),
                    "rule": given(form, "rule"),
                    "readable": _chosen(form, "readable"),
                    "writable": _chosen(form, "writable"),
                    "expires_at": given(form, "expires_at") or None,
                    "reason": given(form, "reason"),
                },
            )
            self._submitted = {_key(new): spec_of(new)}
            await self._save(given(form, "version") or self._version)
        except (Invalid, Conflict, PermissionDenied) as error:
            self._show_grant_problem(error)

    @handler(RolePermission.UPDATE)
    async def revoke(self, key: str, version: str) -> None:
        """Take back one of the grants in person.

        Args:
            key: Its permission and row rule.
            version: Of the grants that are shown.
        """
        self._submitted = {key: None}
        await self._save(version)

    @handler(RolePermission.UPDATE)
    async def overwrite(self) -> None:
        """Change what the person changed although somebody else changed the grants, too."""
        self.conflict = ""
        await self._save("")

    @handler(RolePermission.READ)
    async def take_theirs(self) -> None:
        """Leave the grants as somebody else saved them."""
        self._close()
        await self._load_held(self._user_id())

    async def _save(self, version: str) -> None:
        """Make the change, if the grants are still those that it is based on.

        Args:
            version: Of these; when empty, the change is made whatever they are now.
        """
        user_id = self._user_id()
        async with runtime.operations(RoleService) as roles:
            present = await roles.own_grants(user_id)
        saved = _facts(present)
        own = self._own_changes()
        if version and version != version_of(present):
            if self._differs(saved):
                await self._show_conflict(user_id, saved)
                return
            # Both did the same.
            own = {}
        wanted = [fact for fact in {**saved, **own}.values() if fact is not None]
        async with runtime.operations(RoleService) as roles:
            grants = Grants(grants=[GrantSpec.model_validate(fact) for fact in wanted])
            await roles.set_own_grants(user_id, grants, version=version_of(present))
        self._close()
        await self._load_held(user_id)
        await self._say("Saved.")

    async def _show_conflict(self, user_id: UUID, saved: dict[str, Any]) -> None:
        self.conflict_fields = [
            {
                "field": label_of_fact(key),
                "theirs": in_words_of(their),
                "yours": "" if own is ... else in_words_of(own),
            }
            for key, their, own in self._facts_in_conflict(saved)
        ]
        who = await last_to_change("user", user_id)
        self.conflict = f"{who} changed these grants while you were at it."

    def _own_changes(self) -> dict[str, Any]:
        """The one grant that is given or taken; the form knows of no others."""
        return self._submitted

    def _close(self) -> None:
        self._clear_form_problem()
        self.granting = False
        self.conflict = ""

    def _user_id(self) -> UUID:
        user_id = record_id(self.router.url.path)
        if user_id is None:
            raise NotFound(*_NOBODY)
        return user_id

    async def _load_held(self, user_id: UUID) -> None:
        async with runtime.operations(AccessService) as access:
            held = await access.of_user(user_id)
        async with runtime.operations(RoleService) as roles:
            own = await roles.own_grants(user_id)
        self.held = [held_row(each, user_id) for each in held]
        self.kept_out = kept_out_in_words(held[0].kept_out) if held else ""
        self.own = [own_grant_row(each, _key(each)) for each in own]
        self._loaded = _facts(own)
        self.version = self._version = version_of(own)
        self.download = f"/session/access/users/{user_id}"
        self.loading = False

    def _show_grant_problem(self, error: PlatformError) -> None:
        self._show_form_problem(error)
        # The service speaks of all grants; here is one.
        names = {"permissions": "permission"}
        fields = {names.get(key, key): words for key, words in self.field_errors.items()}
        if fields.keys() - {"permission", "rule", "readable", "writable", "expires_at", "reason"}:
            self.form_error, fields = error.message, {}
        self.field_errors = fields


def _key(grant: GrantSpec) -> str:
    """What tells two grants of one person apart, as facts are called."""
    return f"{grant.permission} {grant.rule}".rstrip()


def _facts(grants: Iterable[GrantRead]) -> dict[str, Any]:
    return {_key(grant): spec_of(grant) for grant in grants}


def _options(titles: Iterable[Mapping[str, str]]) -> list[dict[str, str | bool]]:
    """The fields of several resources, to choose from."""
    fields = {name: title for each in titles for name, title in each.items()}
    return [
        {"value": name, "label": title, "help": "", "checked": True}
        for name, title in fields.items()
    ]


def _chosen(form: dict[str, Any], name: str) -> list[str] | None:
    """The fields that were chosen; None for all of them."""
    chosen = form.get(name)
    names = [str(each) for each in chosen] if isinstance(chosen, list) else []
    # How many were offered travels with the form: none chosen is not all of them.
    return None if str(len(names)) == (given(form, f"{name}_offered") or "0") else names

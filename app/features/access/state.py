"""State of the pages that explain and report who may do what."""

from collections.abc import Mapping
from typing import Any, ClassVar

import reflex as rx

from app.core.errors import Invalid, NotFound, PermissionDenied
from app.core.permissions import SIGNED_IN
from app.core.ports import Authenticator
from app.core.search import is_found, search_text
from app.features.access.rows import (
    EXPLAIN,
    DifferenceRow,
    GuardRow,
    HolderRow,
    Told,
    address_of,
    kept_out_in_words,
    rows_in_words,
    text_of,
    told_of,
)
from app.features.access.schemas import (
    CompareQuery,
    ExplainQuery,
    HoldersQuery,
    PreviewStart,
)
from app.features.access.service import AccessService, PreviewService
from app.features.roles.permissions import RolePermission
from app.features.roles.schemas import unseen
from app.features.roles.service import RoleService
from app.ui import runtime
from app.ui.forms import parse
from app.ui.guards import guards
from app.ui.handlers import handler
from app.ui.page_state import Console, PageState
from app.ui.record_tabs import record_id

HOLDERS = "/access/holders"
COMPARE = "/access/compare"
COVERAGE = "/access/coverage"

_LONGEST = 300


class AccessState(PageState, mixin=True):
    """What the pages share: the permissions to choose from, and the address as the question."""

    permissions: list[dict[str, str]] = []
    """To choose from, as `{"value", "label"}`."""

    async def _load_permissions(self) -> None:
        async with runtime.operations(AccessService) as access:
            found = await access.permissions()
        self.permissions = [{"value": each.permission, "label": each.description} for each in found]

    def _asked(self, name: str) -> str:
        return str(self.router.url.query_parameters.get(name, "")).strip()[:_LONGEST]


class Explain(AccessState, rx.State):
    """Why somebody holds a permission or does not."""

    people: list[dict[str, str]] = []
    user: str = ""
    permission: str = ""
    object_id: str = ""
    told: Told = Told()

    @rx.var
    def question(self) -> str:
        """What is asked, as the form starts from it."""
        return f"{self.user}\n{self.permission}\n{self.object_id}"

    @handler(RolePermission.READ)
    async def load(self) -> None:
        """Answer the question that the address asks."""
        self._clear_form_problem()
        self.told = Told()
        self.user, self.permission = self._asked("user"), self._asked("permission")
        self.object_id = self._asked("object")
        await self._load_permissions()
        if not self.user or not self.permission:
            return
        try:
            async with runtime.operations(AccessService) as access:
                person = await access.person(self.user)
                wanted = {
                    "user_id": person.id,
                    "permission": self.permission,
                    "object_id": self.object_id or None,
                }
                told = await access.explain(parse(ExplainQuery, wanted))
        except NotFound as error:
            missing = "user" if error.code == "user.not_found" else "object_id"
            self.field_errors = {missing: error.message}
        except PermissionDenied as error:
            self.field_errors = {"user": error.message}
        except Invalid as error:
            self._show_form_problem(error)
        else:
            self.user = told.user.email or str(told.user.id)
            self.told = told_of(told)

    @handler(RolePermission.READ)
    async def find(self, text: str) -> None:
        """Offer people whose name or address contains what is typed."""
        async with runtime.operations(AccessService) as access:
            found = await access.people(text)
        self.people = [{"value": each.email or str(each.id), "label": each.name} for each in found]

    @handler(RolePermission.READ)
    async def ask(self, form: dict[str, Any]) -> Any:
        """Put the question into the address, which answers it."""
        self._clear_form_problem()
        asked = {
            "user": given(form, "user"),
            "permission": given(form, "permission"),
            "object": given(form, "object_id"),
        }
        for name, message in (("user", "Choose a user."), ("permission", "Choose a permission.")):
            if not asked[name]:
                self.field_errors = {name: message}
                return None
        return rx.redirect(address_of(EXPLAIN, asked))


class Holders(AccessState, rx.State):
    """Who can do something."""

    loading: bool = False
    permission: str = ""
    description: str = ""
    holders: list[HolderRow] = []
    unseen: str = ""
    """How many others hold it, in words; empty for none."""
    download: str = ""

    @handler(RolePermission.READ)
    async def load(self) -> None:
        """List those who hold the permission that the address names."""
        self._clear_form_problem()
        self.permission = self._asked("permission")
        self.holders, self.unseen = [], ""
        self.download = self.description = ""
        await self._load_permissions()
        if not self.permission:
            return
        try:
            wanted = parse(HoldersQuery, {"permission": self.permission})
            async with runtime.operations(AccessService) as access:
                found = await access.holders(wanted.permission)
        except Invalid as error:
            self._show_form_problem(error)
            return
        names = {each["value"]: each["label"] for each in self.permissions}
        self.description = names[self.permission]
        self.download = address_of("/session/access/holders", {"permission": self.permission})
        self.holders = [
            HolderRow(
                id=str(each.id),
                name=each.name,
                email=each.email or "",
                rows=rows_in_words(each.rows),
                through=", ".join(each.through),
                ends_at=text_of(each.ends_at),
                kept_out=kept_out_in_words(each.kept_out),
                why=address_of(EXPLAIN, {"user": each.id, "permission": self.permission}),
            )
            for each in found.items
        ]
        self.unseen = unseen(found.hidden)

    @handler(RolePermission.READ)
    async def ask(self, form: dict[str, Any]) -> Any:
        """Put the question into the address, which answers it."""
        return rx.redirect(address_of(HOLDERS, {"permission": given(form, "permission")}))


class Previewing(PageState, rx.State):
    """Looking at the console with the access of a role or of somebody else."""

    choosing: bool = False
    role_options: list[dict[str, str]] = []

    @handler(RolePermission.READ)
    async def ask(self) -> None:
        """Ask for a role."""
        self._clear_form_problem()
        async with runtime.operations(RoleService) as roles:
            self.role_options = [
                {"value": str(role.id), "label": role.name} for role in await roles.all()
            ]
        self.choosing = True

    @handler(SIGNED_IN)
    async def close(self) -> None:
        """Go on as oneself."""
        self.choosing = False

    @handler(RolePermission.UPDATE)
    async def start_role(self, form: dict[str, Any]) -> Any:
        """Look at the console as if one had this role only."""
        return await self._start({"kind": "role", "id": given(form, "role")})

    @handler(RolePermission.UPDATE)
    async def start_this_role(self) -> Any:
        """Look at the console as if one had only the role of the open record."""
        return await self._start({"kind": "role", "id": record_id(self.router.url.path)})

    @handler(RolePermission.UPDATE)
    async def start_user(self) -> Any:
        """Look at the console as the user of the open record sees it."""
        return await self._start({"kind": "user", "id": record_id(self.router.url.path)})

    @handler(SIGNED_IN)
    async def stop(self) -> Any:
        """Look at the console as oneself again."""
        if runtime.caller().actor.previewing is None:
            return None
        async with runtime.operations(PreviewService) as preview:
            await preview.stop()
        return await self._show_anew()

    async def _start(self, shown: dict[str, Any]) -> Any:
        self._clear_form_problem()
        try:
            wanted = parse(PreviewStart, shown)
            async with runtime.operations(PreviewService) as preview:
                await preview.start(wanted)
        except PermissionDenied as error:
            self.form_error = error.message
            if not self.choosing:
                raise
            return None
        self.choosing = False
        return await self._show_anew()

    async def _show_anew(self) -> Any:
        """Show what may be done from now on; the pages load what they show when they open."""
        console = await self.get_state(Console)
        authenticator = await runtime.current().container.get(Authenticator)
        session_id = runtime.caller().actor.session_id
        actor = await authenticator.from_session(session_id) if session_id else None
        if actor is not None:
            console._receive(actor)  # noqa: SLF001 - private so that no browser can call it
        return rx.redirect("/")


class AccessMatrix(PageState, rx.State):
    """All roles and all permissions on one screen."""

    loading: bool = True
    columns: list[dict[str, str]] = []
    rows: list[dict[str, Any]] = []
    file: str = ""
    """Which file describes the roles; empty for none."""
    file_problem: str = ""
    drift: list[str] = []

    @handler(RolePermission.READ)
    async def load(self) -> None:
        """Load all roles and what they make of every permission, and their file's drift."""
        async with runtime.operations(AccessService) as access:
            matrix = await access.matrix()
            drift = await access.drift()
        self.file, self.file_problem = drift.file, drift.problem
        self.drift = drift.differences
        self.columns = [{"name": role.name, "href": f"/roles/{role.id}"} for role in matrix.roles]
        self.rows = [
            {
                "name": row.permission,
                "title": row.description,
                "group": row.module,
                "href": address_of(HOLDERS, {"permission": row.permission}),
                "cells": row.cells,
            }
            for row in matrix.rows
        ]
        self.loading = False


class Coverage(PageState, rx.State):
    """What guards every way in."""

    loading: bool = True
    search: str = ""
    rows: list[GuardRow] = []
    total: int = 0

    @handler(RolePermission.READ)
    async def load(self) -> None:
        """List the ways in that match the search in the address."""
        self.search = str(self.router.url.query_parameters.get("q", "")).strip()[:_LONGEST]
        async with runtime.operations(AccessService) as access:
            counts = await access.holder_counts()
        now = runtime.current()
        found = [
            GuardRow(
                id=f"{each.kind} {each.name}",
                kind=each.kind,
                name=each.name,
                permission=each.permission,
                rules="; ".join(each.rules),
                holders=f"{counts[each.permission]:,}" if each.permission in counts else "",
                href=address_of(HOLDERS, {"permission": each.permission})
                if each.permission in counts
                else "",
            )
            for each in guards(now.registry, now.routes)
        ]
        self.total = len(found)
        self.rows = [
            row
            for row in found
            if not self.search or is_found(search_text(row.id, row.permission), self.search)
        ]
        self.loading = False

    @handler(RolePermission.READ)
    async def search_for(self, text: str) -> Any:
        """Put the search into the address."""
        return rx.redirect(address_of(COVERAGE, {"q": text[:_LONGEST]}), replace=True)


class CompareRoles(AccessState, rx.State):
    """What two roles do not have in common."""

    role_options: list[dict[str, str]] = []
    first: str = ""
    second: str = ""
    differences: list[DifferenceRow] = []
    is_compared: bool = False
    sides: ClassVar[Mapping[str, str]] = {"a": "First role", "b": "Second role"}

    @handler(RolePermission.READ)
    async def load(self) -> None:
        """Compare the roles that the address names."""
        self._clear_form_problem()
        self.first, self.second = self._asked("a"), self._asked("b")
        self.is_compared = False
        self.differences = []
        async with runtime.operations(RoleService) as roles:
            self.role_options = [
                {"value": role.name, "label": role.name} for role in await roles.all()
            ]
        if not self.first or not self.second:
            return
        try:
            wanted = parse(CompareQuery, {"a": self.first, "b": self.second})
            async with runtime.operations(AccessService) as access:
                found = await access.compare(wanted)
        except (Invalid, NotFound) as error:
            self._show_form_problem(error)
            return
        self.differences = [
            DifferenceRow(each.permission, each.description, each.a, each.b) for each in found
        ]
        self.is_compared = True

    @handler(RolePermission.READ)
    async def choose(self, side: str, name: str) -> Any:
        """Compare with another role."""
        if side not in self.sides:
            return None
        # At once: the other side may be chosen before the address has changed.
        if side == "a":
            self.first = name[:_LONGEST]
        else:
            self.second = name[:_LONGEST]
        return rx.redirect(address_of(COMPARE, {"a": self.first, "b": self.second}), replace=True)


def given(form: Mapping[str, Any], name: str) -> str:
    """What a form sent under this name, as a short text."""
    return str(form.get(name) or "").strip()[:_LONGEST]

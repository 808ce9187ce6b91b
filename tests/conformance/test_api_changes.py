"""What every route that changes something has in common: whole replacements, and versions."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from app.core.permissions import PUBLIC
from app.testing.factories import RoleFactory, UserFactory
from app.testing.platform import Platform
from tests.conformance.api_document import Documented, operations

pytestmark = [pytest.mark.one_engine, pytest.mark.slow]

# What a replacement may leave out, since nothing is lost by that.
MAY_BE_ABSENT = {
    "version": "what the caller knows, no part of the record",
    "must_change_password": "an order that can only be given, never taken back",
}
REPLACING = [each for each in operations() if each.method == "PUT"]
VERSIONED = [
    each
    for each in operations()
    if any(parameter["name"] == "If-Match" for parameter in each.facts.get("parameters", ()))
]
CHANGING = [
    each
    for each in operations()
    if any(parameter["name"] == "X-Audit-Reason" for parameter in each.facts.get("parameters", ()))
    and each.facts["x-permission"] != PUBLIC
]
OF_A_RECORD = re.compile(r"/(users|roles)/\{\w+\}")
# What is changed there is no part of the user, and has no version.
UNVERSIONED = {"end_user_sessions", "end_user_session"}


@pytest.fixture
async def ids(make_user: UserFactory, make_role: RoleFactory) -> Mapping[str, str]:
    """A user, and a role with a grant."""
    user = await make_user(email="grace@example.com", roles=["user"])
    role = await make_role("user.read", name="desk")
    return {
        "user_id": str(user.id),
        "role_id": str(role.id),
        "grant_id": str(role.grants[0].id),
        "session_id": "01890000-0000-7000-8000-000000000000",
        "entry_id": "01890000-0000-7000-8000-000000000000",
    }


def address(operation: Documented, ids: Mapping[str, str]) -> str:
    """Of the record that it changes."""
    return re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], operation.path)


def real(operation: Documented, ids: Mapping[str, str]) -> dict[str, Any]:
    """What to send so that the operation would do something."""
    if operation.body is None:
        return {}
    known = {"user_ids": [ids["user_id"]], "role_id": ids["role_id"]}
    body = operation.example
    return {"json": body | {name: known[name] for name in body.keys() & known.keys()}}


@pytest.mark.actor("admin")
@pytest.mark.parametrize("operation", REPLACING, ids=str)
class TestReplacing:
    """`PUT`."""

    async def test_says_everything(
        self,
        operation: Documented,
        client: httpx.AsyncClient,
        platform: Platform,
        ids: Mapping[str, str],
    ) -> None:
        """What is left out is not taken for empty: the request is refused, and nothing is lost."""
        assert operation.body is not None
        before = await platform.contents(without=["core_audit_entries"])
        fields = operation.body["properties"].keys() - MAY_BE_ABSENT
        assert fields

        for field in sorted(fields):
            body = {name: each for name, each in operation.example.items() if name != field}
            answer = await client.put(address(operation, ids), json=body)

            assert (answer.status_code, answer.json()["field_codes"]) == (422, {field: "required"})
        assert await platform.contents(without=["core_audit_entries"]) == before


@pytest.mark.actor("admin")
class TestVersions:
    """`ETag` and `If-Match`."""

    def test_every_change_of_a_record(self) -> None:
        """Each operation on a user or a role takes the version that it is meant for."""
        named = {str(each) for each in CHANGING if OF_A_RECORD.search(each.path)}

        assert named - UNVERSIONED == {str(each) for each in VERSIONED}

    @pytest.mark.parametrize("operation", VERSIONED, ids=str)
    async def test_another_version(
        self,
        operation: Documented,
        client: httpx.AsyncClient,
        platform: Platform,
        ids: Mapping[str, str],
    ) -> None:
        """Nothing is changed that has changed since; what `ETag` told is taken."""
        before = await platform.contents(without=["core_audit_entries"])
        record = address(operation, ids)
        read = re.match(r"/api/v1/(users/[^/]+(/grants)?|roles/[^/]+)", record)
        assert read is not None
        current = (await client.get(read[0])).headers["etag"]

        async def send(tag: str) -> httpx.Response:
            return await client.request(
                operation.method, record, headers={"If-Match": tag}, **real(operation, ids)
            )

        for tag in ('"999"', f"W/{current}", '"998", "999"', '""', '"999-1"'):
            answer = await send(tag)
            found = (answer.status_code, answer.json()["code"])
            assert found == (412, "request.if_match.failed"), tag
        assert await platform.contents(without=["core_audit_entries"]) == before

        answer = await send(f'"0" , {current}')
        assert answer.is_success, answer.text
        if "ETag" in operation.facts["responses"][str(answer.status_code)]["headers"]:
            assert answer.headers["etag"].startswith(f'"{answer.json()["version"]}-')

    async def test_forms(self, client: httpx.AsyncClient, ids: Mapping[str, str]) -> None:
        """Any version is meant by `*`; what is no list of tags is not guessed at."""
        user = f"/api/v1/users/{ids['user_id']}"
        change = {"display_name": "Grace"}
        for header in ("1", '"1', "W/1", '"1" "2"'):
            answer = await client.patch(user, headers={"If-Match": header}, json=change)
            found = (answer.status_code, answer.json()["code"])
            assert found == (422, "request.if_match.invalid"), header

        assert (await client.patch(user, headers={"If-Match": "*"}, json=change)).is_success

    async def test_without_versions(
        self, client: httpx.AsyncClient, ids: Mapping[str, str]
    ) -> None:
        """A condition that cannot be checked is not passed over."""
        for operation in CHANGING:
            if operation in VERSIONED:
                continue
            answer = await client.request(
                operation.method,
                address(operation, ids),
                headers={"If-Match": '"1"'},
                **real(operation, ids),
            )
            found = (answer.status_code, answer.json()["code"])
            assert found == (412, "request.if_match.unversioned"), str(operation)

"""What callers know already is not told again."""

from typing import Any

import httpx
import pytest

from app.testing.factories import UserFactory
from app.testing.platform import SignedIn
from tests.conformance.api_document import document

pytestmark = pytest.mark.actor("admin")


def needs_more(operation: Any) -> bool:
    """Whether it is asked for with more than the id of a user."""
    required = [each["name"] for each in operation.get("parameters", []) if each.get("required")]
    return not {"user_id"}.issuperset(required)


READS = sorted(
    path
    for path, item in document()["paths"].items()
    if "get" in item and "304" in item["get"]["responses"] and not needs_more(item["get"])
)


def address(path: str, user: SignedIn) -> str:
    """A path with real ids, where the tests have some."""
    return path.replace("{user_id}", str(user.user.id))


@pytest.mark.parametrize("path", READS)
async def test_known_answer(client: httpx.AsyncClient, signed_in: SignedIn, path: str) -> None:
    """Every answer has a tag; sent back, it is answered with 304 and nothing else."""
    first = await client.get(address(path, signed_in))
    assert first.status_code == 200, first.text
    tag = first.headers["etag"]
    again = await client.get(address(path, signed_in), headers={"If-None-Match": tag})
    if again.status_code == 200:
        # It tells of the request itself, or of the moment.
        assert again.headers["etag"] != tag
        return
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for other in (f"W/{tag}", f'"1", {tag}', "*"):
        answer = await client.get(address(path, signed_in), headers={"If-None-Match": other})
        assert answer.status_code == 304, other
    answer = await client.get(address(path, signed_in), headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.content) == (200, first.content)
    for wrong in ("1", tag.strip('"'), '"1'):
        answer = await client.get(address(path, signed_in), headers={"If-None-Match": wrong})
        assert answer.status_code == 422, wrong
        assert answer.json()["code"] == "request.if_none_match.invalid"


async def test_most_are_known(client: httpx.AsyncClient, signed_in: SignedIn) -> None:
    """Records and lists are among those that are tried above."""
    tried = {address(path, signed_in) for path in READS}
    wanted = {"/api/v1/users", f"/api/v1/users/{signed_in.user.id}", "/api/v1/roles"}
    assert wanted <= tried
    for path in wanted:
        assert (await client.get(path, headers={"If-None-Match": "*"})).status_code == 304


async def test_head(client: httpx.AsyncClient) -> None:
    """`HEAD` tells and takes the same tags."""
    tag = (await client.head("/api/v1/users")).headers["etag"]
    assert tag == (await client.get("/api/v1/users")).headers["etag"]
    known = await client.head("/api/v1/users", headers={"If-None-Match": tag})
    assert known.status_code == 304


async def test_parts(client: httpx.AsyncClient, make_user: UserFactory) -> None:
    """A change takes the tag that any answer told, or the version in it; answers are told apart."""
    user = await make_user()
    path = f"/api/v1/users/{user.id}"
    tag = (await client.get(path)).headers["etag"]
    assert tag.startswith('"1-')

    async def change(name: str, **headers: Any) -> httpx.Response:
        return await client.patch(path, json={"display_name": name}, headers=headers)

    changed = await change("Ada", **{"If-Match": tag})
    assert changed.status_code == 200
    assert (await client.get(path)).headers["etag"] == changed.headers["etag"]
    assert (await change("Eve", **{"If-Match": tag})).status_code == 412
    assert (await change("Eve", **{"If-Match": '"2"'})).status_code == 200
    assert (await change("Ada", **{"If-Match": '"3-of-another-answer"'})).status_code == 200
    fresh = await client.get(path, headers={"If-None-Match": changed.headers["etag"]})
    assert fresh.status_code == 200

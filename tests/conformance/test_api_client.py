"""A client that is generated from the API's document does a whole job."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from app.generate import API_DOCUMENT
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import ORIGIN, Platform

pytestmark = pytest.mark.slow

# As docs/api.md says it; the generator knows no other names for JSON and for files.
CONFIG = """\
content_type_overrides:
  application/problem+json: application/json
  application/zip: application/octet-stream
post_hooks: []
"""
NAME = "atrium_client"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the generated package, which can be imported."""
    directory = tmp_path_factory.mktemp("client")
    config = directory / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    program = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
    made = subprocess.run(
        [
            *program,
            *("--path", str(API_DOCUMENT), "--output-path", str(directory / NAME)),
            *("--config", str(config), "--meta", "none"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(directory))
    yield NAME
    sys.path.remove(str(directory))
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


class Client:
    """The generated functions, by the ids that the document gives them."""

    def __init__(self, package: str, platform: Platform, token: str = "") -> None:
        self._package = package
        self.models: ModuleType = importlib.import_module(f"{package}.models")
        kinds = importlib.import_module(package)
        given = {"token": token} if token else {}
        kind = kinds.AuthenticatedClient if token else kinds.Client
        self._client = kind(base_url=ORIGIN, **given)
        self._client.set_async_httpx_client(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(platform.app),
                base_url=ORIGIN,
                headers={"Authorization": f"Bearer {token}"} if token else {},
            )
        )

    async def __call__(self, operation: str, **arguments: Any) -> Any:
        """What an operation answers, parsed, with status and headers."""
        tag, _, name = operation.rpartition(".")
        module = importlib.import_module(f"{self._package}.api.{tag}.{name}")
        return await module.asyncio_detailed(client=self._client, **arguments)


async def test_a_whole_job(generated: str, platform: Platform, make_user: UserFactory) -> None:
    """Sign in, make a role and people, page, change, export, be refused, look it up, undo."""
    await make_user(email="root@example.com", roles=["admin"])
    visitor = Client(generated, platform)
    models = visitor.models
    credentials = models.Credentials(email="root@example.com", password=PASSWORD)
    tokens = (await visitor("auth.login", body=credentials)).parsed
    api = Client(generated, platform, tokens.access_token)

    role = (
        await api(
            "roles.create_role",
            body=models.RoleCreate(name="helpdesk", permissions=["user.read", "user.suspend"]),
        )
    ).parsed
    for number in range(3):
        made = await api(
            "users.create_user",
            body=models.UserCreate(
                email=f"person{number}@example.com",
                display_name=f"Person {number}",
                password=PASSWORD,
                roles=["user", "helpdesk"],
            ),
        )
        assert made.status_code == 201
        assert made.headers["location"] == f"/api/v1/users/{made.parsed.id}"

    found, cursor = [], None
    while True:
        page = (await api("users.list_users", role="helpdesk", limit=2, cursor=cursor)).parsed
        found += page.items
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    assert [user.display_name for user in found] == ["Person 2", "Person 1", "Person 0"]

    user = found[0]
    read = await api("users.get_user", user_id=user.id)
    changed = await api(
        "users.update_user",
        user_id=user.id,
        body=models.UserUpdate(display_name="Somebody Else"),
        if_match=read.headers["etag"],
        x_audit_reason="A test.",
    )
    late = await api(
        "users.update_user",
        user_id=user.id,
        body=models.UserUpdate(display_name="Too Late"),
        if_match=read.headers["etag"],
    )
    assert changed.parsed.display_name == "Somebody Else"
    assert (late.status_code, late.parsed.code) == (412, "request.if_match.failed")

    some = models.SomeRoles(roles=["helpdesk"])
    left = (await api("users.remove_user_roles", user_id=user.id, body=some)).parsed
    assert left.roles == ["user"]
    assert (await api("users.suspend_user", user_id=user.id)).parsed.status == "suspended"

    members = (await api("roles.list_role_members", role_id=role.id)).parsed
    assert len(members.items) == 2
    exported = (await api("users.export_users", role="helpdesk")).parsed
    assert exported.startswith("id,display_name,email")

    refused = await api(
        "roles.create_role", body=models.RoleCreate(name="helpdesk", permissions=["user.read"])
    )
    assert (refused.status_code, refused.parsed.code) == (409, "role.name.taken")
    done = models.ListAuditEntriesOutcomeType0.SUCCEEDED
    entries = (await api("audit.list_audit_entries", action="user.update", outcome=done)).parsed
    await api("audit.undo_audit_entry", entry_id=entries.items[0].id)
    again = (await api("users.get_user", user_id=user.id)).parsed
    assert again.display_name == "Person 2"

    assert (await api("auth.logout")).status_code == 204
    gone = await api("auth.get_identity")
    assert (gone.status_code, gone.parsed.code) == (401, "auth.token.invalid")

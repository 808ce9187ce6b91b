"""What cannot be built here is at least held to what it refers to."""

import ast
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.core.version import VERSION
from app.settings import load_settings, setting_names, variable_name

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETTINGS = {variable_name(name) for name in setting_names()}


def instructions(keyword: str, text: str = DOCKERFILE) -> list[str]:
    """Return the arguments of a Dockerfile's instructions of one kind, continued lines joined."""
    return re.findall(rf"^{keyword} (.+)$", text.replace("\\\n", " "), flags=re.MULTILINE)


def locked_versions(name: str) -> dict[str, str]:
    """Return the versions in a lock file by package."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)", text, flags=re.MULTILINE))


def test_one_version() -> None:
    """The package, the command line and the API are of the same version."""
    assert PROJECT["project"]["version"] == VERSION


class TestDockerfile:
    """The image is made from files that exist, the way `make run` makes its own environment."""

    def test_copies_what_exists(self) -> None:
        """Every copied source is in the repository and passes .dockerignore."""
        allowed = re.findall(
            r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        copies = [line for line in instructions("COPY") if "--from" not in line]
        sources = {source for line in copies for source in shlex.split(line)[:-1]}

        assert sources
        assert [source for source in sources if not (ROOT / source).exists()] == []
        assert sources <= set(allowed)

    def test_copies_every_package(self) -> None:
        """No package of ours is left behind in either stage."""
        stages = DOCKERFILE.split("\nFROM ")[1:]

        for stage in stages:
            copied = {word for line in instructions("COPY", stage) for word in shlex.split(line)}
            assert set(PROJECT["tool"]["uv"]["build-backend"]["module-name"]) <= copied

    def test_installs_with_the_setup_script(self) -> None:
        """The locked packages arrive by the same command as on a developer's machine."""
        installs = [line for line in instructions("RUN") if "install" in line and "pip" in line]

        assert any("python scripts/setup.py" in line for line in instructions("RUN"))
        assert [line for line in installs if "uninstall" not in line] == []

    def test_serves_as_an_unprivileged_user(self) -> None:
        """The last stage drops root and says how to see that it is well."""
        final = DOCKERFILE.split("\nFROM ")[-1]

        assert instructions("USER", final)[-1] not in {"root", "0"}
        assert "/healthz" in final.replace("\\\n", " ").split("HEALTHCHECK")[1]

    @pytest.mark.parametrize("text", [DOCKERFILE, str(COMPOSE["services"]["app"])])
    def test_names_settings_that_exist(self, text: str) -> None:
        """A misspelt variable would stop the server."""
        assert set(re.findall(r"\bATRIUM_\w+", text)) <= SETTINGS


class TestCompose:
    """The services fit together, and none of them is open by accident."""

    def test_publishes_the_port_that_the_image_serves(self) -> None:
        """Image, setting and published port agree."""
        app = COMPOSE["services"]["app"]
        port = instructions("EXPOSE")[0]

        assert app["environment"]["ATRIUM_SERVER__PORT"] == port
        assert [published.split(":")[-1] for published in app["ports"]] == [port]
        assert f"ATRIUM_SERVER__PORT={port}" in DOCKERFILE

    def test_is_production_and_not_open(self) -> None:
        """Without further words it is production, and reached from this machine only."""
        app = COMPOSE["services"]["app"]

        assert app["environment"]["ATRIUM_ENVIRONMENT"] == "${ATRIUM_ENVIRONMENT:-production}"
        assert all(port.startswith("${BIND_ADDRESS:-127.0.0.1}:") for port in app["ports"])
        assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == [
            "app"
        ]

    def test_knows_no_password(self) -> None:
        """Every password and key must be chosen; none has a default that everybody knows."""
        secrets = re.findall(
            r"\$\{(\w*(?:PASSWORD|SECRET|KEY))(\W*)", str(COMPOSE).replace("ADMIN_PASSWORD", "")
        )

        assert {"POSTGRES_PASSWORD", "REDIS_PASSWORD"} < {name for name, _ in secrets}
        assert {operator for _, operator in secrets} == {":?"}

    def test_its_settings_start_production(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With what must be set in `.env`, and nothing else, the settings are accepted."""
        chosen = {
            "ATRIUM_SERVER__PUBLIC_URL": "https://admin.example.com",
            "ATRIUM_SERVER__TRUSTED_PROXY_HOPS": "1",
        }
        for name, text in COMPOSE["services"]["app"]["environment"].items():
            value = re.sub(
                r"\$\{(\w+):(?:\?[^}]*|-([^}]*))\}",
                lambda found: chosen.get(found[1], found[2] if found[2] is not None else "x" * 32),
                text,
            )
            monkeypatch.setenv(name, value)

        assert load_settings().is_production

    def test_stops_later_than_the_server(self) -> None:
        """The container is not killed while requests under way are finished."""
        app = COMPOSE["services"]["app"]
        grace = re.fullmatch(r"\$\{STOP_GRACE_PERIOD:-(\d+)s\}", app["stop_grace_period"])
        text = app["environment"]["ATRIUM_SERVER__SHUTDOWN_SECONDS"]
        shutdown = re.fullmatch(r"\$\{ATRIUM_SERVER__SHUTDOWN_SECONDS:-(\d+)\}", text)

        assert grace is not None
        assert shutdown is not None
        assert int(grace[1]) > int(shutdown[1])

    def test_waits_for_healthy_services(self) -> None:
        """The application starts when its services answer, not when they exist."""
        services = dict(COMPOSE["services"])
        app = services.pop("app")

        assert app["depends_on"].keys() == services.keys()
        for name, service in services.items():
            assert service["healthcheck"]["test"]
            assert app["depends_on"][name]["condition"] == "service_healthy"

    def test_keeps_data_in_declared_volumes(self) -> None:
        """Whatever must outlive a container lies in a named volume."""
        mounts = [
            mount.split(":")[0]
            for service in COMPOSE["services"].values()
            for mount in service.get("volumes", [])
        ]

        assert sorted(mounts) == sorted(COMPOSE["volumes"])


class TestLocks:
    """Lock files pin everything, agree with one another, and name no registry."""

    @pytest.mark.parametrize(
        "name", ["requirements.lock", "requirements-dev.lock", "requirements-uv.lock"]
    )
    def test_pins_by_hash(self, name: str) -> None:
        """Every line is a version or a hash."""
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()

        assert lines
        assert "://" not in "".join(lines)
        for line in lines:
            assert re.match(r"\S+==\S+( ; .+)? \\$|    --hash=sha256:[0-9a-f]{64}( \\)?$", line)

    def test_agree(self) -> None:
        """Tests run with the versions that are served."""
        runtime, dev = (
            locked_versions("requirements.lock"),
            locked_versions("requirements-dev.lock"),
        )

        assert runtime.items() <= dev.items()

    def test_never_bring_gunicorn(self) -> None:
        """With gunicorn and uvicorn both installed, Reflex would not serve with granian."""
        assert "gunicorn" not in locked_versions("requirements-dev.lock")

    def test_frontend_names_no_registry(self) -> None:
        """The frontend's packages are pinned by content, wherever they come from."""
        text = (ROOT / "reflex.lock" / "package-lock.json").read_text(encoding="utf-8")

        assert '"resolved"' not in text
        assert text.count('"integrity"') > text.count('"node_modules/') * 0.9


class TestProject:
    """pyproject.toml knows every package of ours."""

    def test_lists_every_package(self) -> None:
        """Each package of the platform is installed and held to the import contracts."""
        packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
        ours = packages - {"bench", "migrations", "scripts", "tests"}

        assert ours == set(PROJECT["tool"]["uv"]["build-backend"]["module-name"])
        # Examples are held to the contracts, and not shipped.
        held = set(PROJECT["tool"]["importlinter"]["root_packages"])
        assert ours == held - {"examples"}

    def test_gives_a_reason_for_every_exception(self) -> None:
        """Rules are switched off with a word of why."""
        text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        rules = re.findall(r'^    "[A-Z]+\d*",(.*)$', text, flags=re.MULTILINE)

        assert rules
        assert [rule for rule in rules if "#" not in rule] == []

    def test_is_built_by_the_locked_uv(self) -> None:
        """Otherwise installing the project would download its build back end."""
        lower, upper = re.findall(r"[\d.]+", PROJECT["build-system"]["requires"][0])
        version = locked_versions("requirements-uv.lock")["uv"]

        assert as_numbers(lower) <= as_numbers(version) < as_numbers(upper)

    def test_old_pythons_can_read_the_setup_script(self) -> None:
        """It has to be parsed before it can say that the Python is too old."""
        source = (ROOT / "scripts" / "setup.py").read_text(encoding="utf-8")

        ast.parse(source, feature_version=(3, 6))


class TestAutomation:
    """Everybody runs the same command."""

    def test_ci_runs_make_test(self) -> None:
        """Neither CI knows a second way."""
        workflow = (ROOT / ".github" / "workflows" / "check.yaml").read_text(encoding="utf-8")
        steps = yaml.safe_load(workflow)["jobs"]["test"]["steps"]

        assert steps[-1]["run"] == "make test"
        assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").endswith("exec make test\n")

    def test_every_make_target_is_phony_and_described(self) -> None:
        """`make help` lists all commands."""
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
        described = set(re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE))

        assert set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split()) == targets
        assert targets - described == {"setup", "setup-dev", "frontend"}


def as_numbers(version: str) -> tuple[int, ...]:
    """Return a version in a form that compares."""
    return tuple(map(int, version.split(".")))

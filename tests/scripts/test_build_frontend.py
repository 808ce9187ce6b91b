"""Building the pages: only when needed, and never at the cost of the live ones."""

from pathlib import Path

import pytest

from scripts import build_frontend


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small repository, and a stand-in for Reflex that makes one page of it."""
    for name in ("ROOT", "BUILD", "STAGE", "WEB", "LOG", "LIVE", "LOCK"):
        path = getattr(build_frontend, name)
        place = tmp_path / path.relative_to(Path(build_frontend.__file__).parents[1])
        monkeypatch.setattr(build_frontend, name, place)
    for name in ("app/app.py", "assets/theme.css", "rxconfig.py", "requirements.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(build_frontend, "VENDORED", {})
    monkeypatch.setattr(build_frontend, "export", lambda: make_page("good"))
    return tmp_path


def make_page(content: str) -> None:
    """Leave in the build directory what Reflex would."""
    for name in ("build/client/index.html", "backend/pages.json", "routes.json", "env.json"):
        path = build_frontend.WEB / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def live_page(repository: Path) -> str:
    """Return what the server would answer with."""
    return (repository / ".web" / "build" / "client" / "index.html").read_text(encoding="utf-8")


class TestIsCurrent:
    """A build is due when something it reads has changed."""

    @pytest.mark.parametrize("name", ["app/app.py", "app/new.py", "assets/theme.css"])
    def test_source_changed(self, repository: Path, name: str) -> None:
        """Sources, new ones among them, make the pages out of date."""
        build_frontend.build()
        assert build_frontend.is_current()
        (repository / name).write_text("changed", encoding="utf-8")

        assert not build_frontend.is_current()

    @pytest.mark.parametrize("name", ["app/__pycache__/app.pyc", "app/README.md", "tests/test.py"])
    def test_other_file_changed(self, repository: Path, name: str) -> None:
        """What no page is made of does not matter."""
        build_frontend.build()
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text("changed", encoding="utf-8")

        assert build_frontend.is_current()

    def test_other_environment(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Development has pages that production has not."""
        build_frontend.build()
        monkeypatch.setenv("ATRIUM_ENVIRONMENT", "production")

        assert not build_frontend.is_current()


class TestBuild:
    """The live pages are replaced as a whole, or not at all."""

    def test_replaces_the_live_pages(self, repository: Path) -> None:
        """Everything the server reads is in place, and nothing is left beside it."""
        build_frontend.build()

        assert live_page(repository) == "good"
        assert sorted(path.name for path in (repository / ".web").iterdir()) == [
            "backend",
            "build",
            "env.json",
            "inputs.sha256",
            "routes.json",
        ]
        assert not (repository / ".web.next").exists()
        assert not (repository / ".web.old").exists()

    def test_failure_keeps_the_live_pages(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A bad build costs nothing but time, and is tried again."""
        build_frontend.build()

        def fail() -> None:
            make_page("bad")
            raise build_frontend.BuildError

        monkeypatch.setattr(build_frontend, "export", fail)
        (repository / "app" / "app.py").write_text("broken", encoding="utf-8")
        with pytest.raises(build_frontend.BuildError):
            build_frontend.build()

        assert live_page(repository) == "good"
        assert not build_frontend.is_current()

    def test_recovers_from_an_interrupted_swap(self, repository: Path) -> None:
        """Left-overs of a build that was killed do not stop the next one."""
        build_frontend.build()
        (repository / ".web").rename(repository / ".web.old")
        (repository / ".web.next").mkdir()
        build_frontend.build()

        assert live_page(repository) == "good"

    def test_leaves_the_repository_alone(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What Reflex writes into its working directory stays in the stage."""

        def litter() -> None:
            make_page("good")
            (build_frontend.STAGE / ".gitignore").touch()
            (build_frontend.STAGE / "assets" / "external").mkdir()
            (build_frontend.STAGE / "reflex.lock").mkdir(exist_ok=True)

        monkeypatch.setattr(build_frontend, "export", litter)
        build_frontend.build()

        made = {".build", ".web"}
        given = {"app", "assets", "requirements.lock", "rxconfig.py"}
        assert {path.name for path in repository.iterdir()} == made | given
        assert [path.name for path in (repository / "assets").iterdir()] == ["theme.css"]

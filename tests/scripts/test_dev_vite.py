"""What `make dev` gives Vite."""

from pathlib import Path, PurePath

import pytest

from scripts import dev_vite
from scripts.dev_server import Place


class TestPlaces:
    """Where Vite looks for what the browser gets as it is."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("assets/console.css", ["public/console.css", "styles/console.css"]),
            ("assets/fonts/a.woff2", ["public/fonts/a.woff2", "styles/fonts/a.woff2"]),
            ("components/menu.jsx", ["public/external/components/menu.jsx"]),
            ("components/menu.py", []),
            ("app/features/users/pages.py", []),
            ("config/default.yaml", []),
        ],
    )
    def test_of_a_source(self, name: str, expected: list[str]) -> None:
        """Assets and scripts of components are served; everything else is read by Python."""
        assert dev_vite.places(PurePath(name)) == expected


class TestCopy:
    """A changed file reaches Vite."""

    def test_only_where_it_was(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What no page uses yet comes with the page that does."""
        monkeypatch.setattr(dev_vite, "ROOT", tmp_path)
        for name in ("assets/console.css", "components/new.jsx", "web/styles/console.css"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(f"from {name}")

        for name in ("assets/console.css", "components/new.jsx", "assets/gone.css"):
            dev_vite.copy(tmp_path / name, tmp_path / "web")

        assert (tmp_path / "web/styles/console.css").read_text() == "from assets/console.css"
        assert not (tmp_path / "web/public").exists()


def test_prepared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages of the build are linked, and again only when they differ."""
    build = tmp_path / "build"
    package = build / "node_modules" / "swagger-ui-dist" / "swagger-ui.css"
    package.parent.mkdir(parents=True)
    package.write_text("one")
    (build / "package-lock.json").write_text("{}")
    (tmp_path / "requirements.lock").write_text("")
    monkeypatch.setattr(dev_vite, "ROOT", tmp_path)
    monkeypatch.setattr(dev_vite, "WEB", build)
    monkeypatch.setattr(dev_vite, "VENDORED", {"swagger-ui-dist/swagger-ui.css": "vendor/a.css"})
    place = Place(tmp_path / "dev", 4321)

    first, second = dev_vite.prepare(place), dev_vite.prepare(place)
    (build / "package-lock.json").write_text("{1}")
    third = dev_vite.prepare(place)

    assert (first, second, third) == (True, False, True)
    linked = place.web / "node_modules" / "swagger-ui-dist" / "swagger-ui.css"
    assert linked.samefile(package)
    assert (place.web / "public/vendor/a.css").read_text() == "one"
    assert "port: 4321" in (place.web / "vite.dev.config.js").read_text()

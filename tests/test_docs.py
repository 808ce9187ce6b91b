"""Examples in the documents run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_a_noun() -> None:
    """The first example of docs/modules.md is a whole module."""
    text = (ROOT / "docs" / "modules.md").read_text(encoding="utf-8")
    [first, *_] = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    program = f"{first}\nfrom app.bootstrap import build_registry\nbuild_registry(module)\n"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_resources(tmp_path: Path) -> None:
    """The example of each page of docs/resources is a test that passes."""
    names = []
    for page in sorted((ROOT / "docs" / "resources").glob("[a-z]*.md")):
        text = page.read_text(encoding="utf-8")
        [example] = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
        (tmp_path / f"test_page_{page.stem}.py").write_text(example, encoding="utf-8")
        names += re.findall(r"async def (test_\w+)", example)
    options = ("-q", "-k", " or ".join(names), "-c", "pyproject.toml", "-p", "atrium.testing")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", tmp_path, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout
    assert f"{len(names)} passed" in result.stdout

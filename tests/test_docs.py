"""Examples in the documents run."""

import re
import subprocess
import sys
from pathlib import Path

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

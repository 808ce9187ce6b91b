"""Serve with hot reload: pages on port 3000, the rest on port 8000.

.venv/bin/python -m scripts.dev
"""

import os
import sys
from pathlib import Path

from scripts.build_frontend import BUILD, ROOT, toolchain_environment


def main() -> None:
    """Become Reflex's development server."""
    os.chdir(ROOT)
    reflex = Path(sys.executable).with_name("reflex")
    # A directory of its own: the built pages in `.web` stay as they are.
    env = toolchain_environment(BUILD / "dev")
    options = ["--env", "dev", "--backend-host", "127.0.0.1", *sys.argv[1:]]
    os.execve(reflex, [str(reflex), "run", *options], env)


if __name__ == "__main__":
    main()

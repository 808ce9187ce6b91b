"""Files that only their owner reads."""

import os
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter; one that is there stays as it is."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def private_file(path: Path) -> Path:
    """Make an empty file that only its owner may read; one that is there stays as it is."""
    private_folder(path.parent)
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
    return path

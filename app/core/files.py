"""Files that only their owner reads."""

import os
import secrets
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


def secret_file(path: Path) -> str:
    """Read a secret kept in the data directory, made on first use (readable by its owner only)."""
    private_folder(path.parent)
    fresh = secrets.token_urlsafe(48)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(fresh)
        try:
            # A link either appears whole or not at all: two first starts agree on one secret.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()

"""Serves the platform with passwords that are not hashed: `python -m bench.unhashed`.

What a user costs to create is then the platform's own doing, which the hash would hide.
"""

import bcrypt

from app.serving import serve
from app.settings import load_settings

HASH = b"$2b$04$" + b"x" * 53


def _unhashed(password: bytes, salt: bytes) -> bytes:
    del password, salt
    return HASH


if __name__ == "__main__":
    bcrypt.hashpw = _unhashed
    serve(load_settings())

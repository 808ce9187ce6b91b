"""Attacks on a server, run as a process of their own: `python -m bench.attacks NAME ADDRESS TOKEN`.

They take their time from another core than the one that measures, and end when they are told to.
"""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

_LARGE = b"{" + b",".join(b'"%07d":1' % number for number in range(800_000)) + b"}"
_CLIENTS = {"large": 2, "strangers": 8, "exports": 50, "slow": 100}
_ADDRESS = "198.51.100.7"
"""From where they seem to come; the server believes one proxy."""


def _head(method: str, path: str, *lines: str) -> bytes:
    common = ["host: 127.0.0.1", f"x-forwarded-for: {_ADDRESS}", *lines]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *common, "", ""]).encode()


async def _large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _token: str) -> None:
    lines = ("content-type: application/json", f"content-length: {len(_LARGE)}")
    writer.write(_head("POST", "/api/v1/auth/login", *lines) + _LARGE)
    await reader.read(65536)


async def _strangers(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _token: str
) -> None:
    while True:
        writer.write(_head("GET", "/api/v1/users"))
        if not await reader.read(65536):
            return


async def _exports(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
    lines = (f"authorization: Bearer {token}", "connection: close")
    writer.write(_head("GET", "/api/v1/users/export", *lines))
    await reader.read(-1)


async def _slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _token: str) -> None:
    lines = ("content-type: application/json", "content-length: 1000")
    writer.write(_head("POST", "/api/v1/auth/login", *lines))
    while not reader.at_eof():
        writer.write(b" ")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await reader.read(65536)
                return


Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]
ATTACKS: dict[str, Attack] = {
    "large": _large,
    "strangers": _strangers,
    "exports": _exports,
    "slow": _slow,
}


async def _client(name: str, address: str, token: str) -> None:
    place = urlsplit(address)
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            try:
                await ATTACKS[name](reader, writer, token)
            finally:
                writer.close()


async def main(name: str, address: str, token: str) -> None:
    """Attack until the process is ended."""
    await asyncio.gather(*(_client(name, address, token) for _ in range(_CLIENTS[name])))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))

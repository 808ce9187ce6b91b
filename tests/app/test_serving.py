"""Starting the server: where it listens, and what it says of that."""

import socket

import pytest

from app.serving import _local_address, _refuse_taken_port
from app.settings import ServerSettings, Settings, SettingsError


def settings_at(host: str, port: int) -> Settings:
    """Settings of a server that listens there."""
    return Settings.model_construct(server=ServerSettings(host=host, port=port))


class TestAddress:
    """The address that is printed opens in a browser."""

    @pytest.mark.parametrize(
        ("host", "address"),
        [
            ("127.0.0.1", "http://127.0.0.1:8000"),
            ("0.0.0.0", "http://127.0.0.1:8000"),
            ("::1", "http://[::1]:8000"),
            ("[::1]", "http://[::1]:8000"),
            ("::", "http://[::1]:8000"),
            ("localhost", "http://localhost:8000"),
        ],
    )
    def test_is_printed_as_a_browser_reads_it(self, host: str, address: str) -> None:
        """An IPv6 address stands in brackets, and all addresses are the nearest one."""
        assert _local_address(settings_at(host, 8000)) == address


class TestRefused:
    """Where it cannot listen, the sentence names the setting that is wrong."""

    @pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "127.0.0.1:1", "a..b"])
    def test_wrong_host(self, host: str) -> None:
        """An address that is not this machine's, or none at all, is a matter of the host."""
        with pytest.raises(SettingsError, match="set ATRIUM_SERVER__HOST"):
            _refuse_taken_port(settings_at(host, 8000))

    def test_taken_port(self) -> None:
        """A port that somebody has is a matter of the port."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]

            with pytest.raises(SettingsError, match=f"127.0.0.1:{port} .*ATRIUM_SERVER__PORT"):
                _refuse_taken_port(settings_at("127.0.0.1", port))

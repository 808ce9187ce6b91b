"""Random tokens and their hashes."""

from app.core.crypto import hash_token, new_token, sign


class TestTokens:
    """What is given out, and what is stored instead."""

    def test_differ(self) -> None:
        """No two tokens are the same, and each holds 256 bits."""
        tokens = {new_token() for _ in range(1000)}

        assert len(tokens) == 1000
        assert min(map(len, tokens)) >= 43

    def test_are_stored_as_a_hash(self) -> None:
        """The hash is stable and does not show the token."""
        token = new_token()

        assert hash_token(token) == hash_token(token)
        assert token not in hash_token(token)
        assert len(hash_token(token)) == 64

    def test_hash_takes_any_text(self) -> None:
        """A made-up token with a lone surrogate is hashed like any other."""
        assert hash_token("\ud800") != hash_token("?")


class TestSign:
    """Message authentication."""

    def test_depends_on_everything(self) -> None:
        """Another key, purpose or message gives another MAC."""
        macs = {
            sign("key", "upload", b"message"),
            sign("other", "upload", b"message"),
            sign("key", "download", b"message"),
            sign("key", "upload", b"other"),
        }

        assert len(macs) == 4
        assert sign("key", "upload", b"message") in macs

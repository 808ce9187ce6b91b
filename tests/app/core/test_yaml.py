"""YAML is read as strictly as a request."""

import pytest

from app.core.yaml import NotYaml, read_yaml

BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)


class TestRead:
    """`read_yaml`."""

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("", None),
            ("# only a comment\n", None),
            ("---\n...\n", None),
            ("roles: []", {"roles": []}),
            ("\ufeffroles: []", {"roles": []}),
            ("a: {b: 1}\nc: {b: 2}", {"a": {"b": 1}, "c": {"b": 2}}),
            # What a schema reads as a moment comes to it as it was written.
            ("at: 2026-12-31T23:00:00Z", {"at": "2026-12-31T23:00:00Z"}),
            ("at: 0001-01-01T00:00:00+14:00", {"at": "0001-01-01T00:00:00+14:00"}),
            ("name: 田中 ö", {"name": "田中 ö"}),
            ("on: true", {True: True}),
        ],
    )
    def test_values(self, text: str, value: object) -> None:
        """What is clear is read."""
        assert read_yaml(text) == value

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("roles: []\nroles: []", "line 2: roles stands here a second time"),
            ("a:\n- name: x\n  name: y", "line 3: name stands here a second time"),
            ("a: {b: 1, c: {d: 1, 'd': 2}}", "line 1: d stands here a second time"),
            ("a: &x 1\nb: *x", "line 2: an alias"),
            (BOMB, "line 2: an alias"),
            ("a: &x {b: 1}\nc:\n  <<: {b: 2}", "line 3: a key must be a simple word"),
            ("? [a, b]\n: c", "line 1: a key must be a simple word"),
            ("? {a: b}\n: c", "line 1: a key must be a simple word"),
            ("[" * 40 + "]" * 40, "nested deeper than 32"),
            ("[" * 100_000, "nested deeper than 32"),
            ("a: 1\n---\na: 2", "line 2: but found another document"),
            ("a: [1", "line 1: "),
            ("a: b: c", "line 1: mapping values are not allowed here"),
            ("\tx: 1", "line 1: "),
            ("a: !!python/object/apply:os.system [id]", "line 1: could not determine"),
            ("a: !!int zwölf", "invalid literal"),
            ("a: !!timestamp 2026-99-99", "month must be"),
            ("a: \0", "unacceptable character"),
            ("x" * 5_000_001, "longer than 5,000,000 characters"),
        ],
        ids=range(19),
    )
    def test_refused(self, text: str, words: str) -> None:
        """What could mean two things, or costs more than it looks like, is one sentence."""
        with pytest.raises(NotYaml) as refused:
            read_yaml(text)

        assert words in str(refused.value)
        assert "\n" not in str(refused.value)
        assert str(refused.value).endswith(".")

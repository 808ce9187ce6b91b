"""The public API of Atrium: what modules import, and nothing else.

- `atrium.api`: describe nouns, say what can be done with them, and put both into a module.
- `atrium.migrations`: make their tables.
- `atrium.testing`: try a module on a whole platform.

What these three export keeps its meaning until the next major version.
"""

"""Measures the platform beside bounds and peers of the same run: `python -m bench`."""

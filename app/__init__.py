"""Atrium: a plug-in-friendly platform for internal tools and back offices."""

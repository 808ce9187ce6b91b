"""Reflex looks here for the application."""

from app.bootstrap import build_console

app = build_console()

"""Modules: what the platform is made of."""

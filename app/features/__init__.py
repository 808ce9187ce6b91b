"""Core features: always installed, same shape as a module."""

"""Inventory: items, and the places where they are kept."""

from examples.inventory.module import module

__all__ = ["module"]

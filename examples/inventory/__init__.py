"""Inventory: items, the places where they are kept, and how they were moved."""

"""The mechanism: knows no feature, no Reflex and no FastAPI."""

"""The Reflex edge: everything between the browser's socket and an operation."""

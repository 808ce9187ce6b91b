"""Profile: one's own name, password and permissions."""

"""Members: who has a role, given and taken from the role's side."""

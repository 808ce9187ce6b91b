"""Users: the people who can sign in. The pattern that other features follow."""

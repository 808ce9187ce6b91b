"""Authentication: sign-in, sessions, tokens and passwords."""

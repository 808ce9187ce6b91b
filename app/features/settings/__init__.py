"""Settings: what the platform was told from outside."""

"""Who may come in, before anything is parsed: addresses, budgets, limits."""

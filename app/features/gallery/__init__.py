"""Gallery: the design kit in every state, for those who develop it."""

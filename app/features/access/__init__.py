"""Who may do what, and why: explanations and reports over the permission engine."""

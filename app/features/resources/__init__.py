"""Console pages of every resource, drawn from its description."""

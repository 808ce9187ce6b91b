"""The overview: what people ask for each morning."""

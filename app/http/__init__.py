"""The HTTP edge: everything between the socket and an operation."""

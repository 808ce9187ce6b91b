"""Requests that callers name by an `Idempotency-Key`, and how they were answered."""

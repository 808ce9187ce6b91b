"""Audit: reading the trail that the gate writes."""

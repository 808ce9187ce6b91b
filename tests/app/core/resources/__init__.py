"""Tests of the resource kit."""

"""Checks, run: pytest or commands in, outcomes out."""

"""Brings an installation of an earlier version up to date, or takes that back."""

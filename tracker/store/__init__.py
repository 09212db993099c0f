"""The journal (truth) and the index (everything that can be computed again, and what is local)."""

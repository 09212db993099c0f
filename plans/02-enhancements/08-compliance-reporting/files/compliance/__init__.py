"""Evidence of what the gateway does: measured, linked, and checked by anyone."""

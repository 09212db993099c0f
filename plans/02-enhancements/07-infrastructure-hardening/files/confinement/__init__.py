"""The gateway's confinement of itself: what the process may do once it serves."""

"""Renderings of one Snapshot: STATE.md, SUMMARY.md, the terminal. Pure functions, plain Python."""

"""Project state that cannot lie: plans that run, checks that prove them, a STATE.md computed from evidence."""

__version__ = "0.1.0"

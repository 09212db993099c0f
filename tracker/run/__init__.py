"""Implementations: each in a process of its own, in a worktree of its own."""

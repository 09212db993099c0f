"""git: trees, worktrees, landing, history."""

"""The probes behind the baseline and residual checks, by what they attack."""

"""Findings about a configuration that the gateway refuses to load."""

from pathlib import Path

from gateway.config.config import Config
from gateway.errors import ConfigError
from gateway.security.audit import CRITICAL, Finding


def refusals(path: Path) -> list[Finding]:
    """Return a finding for each value that is refused, none when the file is valid or missing.

    Raises ConfigError when none of the faults is one that the audit knows.
    """
    try:
        Config.load(path)
    except ConfigError as error:
        if not any(problem.rule for problem in error.problems):
            raise
        return [
            Finding(
                problem.rule or "config.invalid",
                CRITICAL,
                "The gateway refuses to start with this configuration",
                str(problem),
                f"correct {problem.path or 'the configuration'} in {path} or in a file that it includes",
            )
            for problem in error.problems
        ]
    return []

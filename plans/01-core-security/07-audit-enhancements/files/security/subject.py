"""What is audited, and how a finding about it looks."""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.config import config as configuration
from gateway.config import schema, source
from gateway.config.config import Config
from gateway.errors import GatewayError
from gateway.paths import Paths
from gateway.protocol.schema.types import Problem
from gateway.server.auth import ResolvedAuth, resolve_auth
from gateway.state import secrets

CRITICAL, WARN, INFO = SEVERITIES = ("critical", "warn", "info")
MOST_FAULTS = 1000


@dataclass(frozen=True)
class Subject:
    """An installation.

    `given` is what the file and its includes say, faults included; `config` is what is left of it
    without the faults. `unreadable` says why there is nothing to say.
    """

    paths: Paths
    config: Config
    auth: ResolvedAuth
    given: Any
    problems: tuple[Problem, ...]
    unreadable: str = ""

    @property
    def refused(self) -> bool:
        """Whether the gateway does not start with this configuration."""
        return bool(self.problems or self.unreadable)

    def at(self, path: str) -> Any:
        """Return what the configuration says at a dotted path, valid or not; None when it says nothing."""
        value = self.given
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def table(self, path: str) -> dict[str, Any]:
        """Return the object at a dotted path; an empty one when there is none."""
        value = self.at(path)
        return value if isinstance(value, dict) else {}

    def texts(self, path: str) -> list[str]:
        """Return the strings of the list at a dotted path."""
        value = self.at(path)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


@dataclass(frozen=True)
class Finding:
    checkId: str  # noqa: N815 - the name in the JSON report
    severity: str
    title: str
    detail: str
    remediation: str


Check = Callable[[Subject], Iterator[Finding]]


def examine(paths: Paths) -> Subject:
    """Read an installation as far as it can be read, also one that the gateway refuses."""
    try:
        text, stored = source.read_source(paths.config)
        resolved = source.resolve_includes(stored, paths.config.parent)
        given = schema.CONFIG.map_secrets(resolved, secrets.unseal)
        problems = configuration.check(given)
    except GatewayError as error:
        config = Config(paths.config, None, {})
        return Subject(paths, config, resolve_auth(config), {}, (), error.message)
    config = Config(paths.config, text, without_faults(given))
    return Subject(paths, config, resolve_auth(config), given, tuple(problems))


def without_faults(given: Any) -> Any:
    """Return the configuration without the values that are refused."""
    clean = copy.deepcopy(given)
    for _ in range(MOST_FAULTS):
        problems = configuration.check(clean)
        if not problems:
            return clean
        # The last first: removing an item of a list moves those behind it.
        for problem in reversed(problems):
            _remove(clean, problem.path)
    return {}


def _remove(value: Any, path: str) -> None:
    steps = [_step(part) for part in re.findall(r"[^.\[\]]+|\[\d+\]", path)]
    for step in steps[:-1]:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return
    try:
        del value[steps[-1]]
    except (LookupError, TypeError):
        return


def _step(part: str) -> int | str:
    return int(part[1:-1]) if part.startswith("[") else part

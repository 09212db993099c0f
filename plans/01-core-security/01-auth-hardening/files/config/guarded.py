"""Shapes of keys that guard the gateway: secrets that must be strong, switches that are gone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.protocol.schema.types import Problem, Shape, Text
from gateway.security.secret_strength import password_faults, token_faults
from gateway.state.verifiers import is_verifier

Rules = Callable[[str], Iterator[str]]


@dataclass(frozen=True, kw_only=True)
class StrongSecret(Text):
    """A secret that keeps the rules, or the verifier of one that did; the value itself is never shown."""

    rules: Rules = token_faults
    secret: bool = True
    max: int = 4096

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        yield from super().problems(value, path)
        if isinstance(value, str) and value and not is_verifier(value):
            faults = "; ".join(self.rules(value))
            if faults:
                yield Problem(path, f"weak secret: {faults}")


@dataclass(frozen=True, kw_only=True)
class Gone(Shape):
    """A switch that no longer exists. Files that turned it off stay valid."""

    default: Any = False

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        if value is not False:
            yield Problem(path, "this switch is gone: device authentication cannot be turned off; remove it")


STRONG_TOKEN = StrongSecret(rules=token_faults)
STRONG_PASSWORD = StrongSecret(rules=password_faults)

"""Findings about secrets that lie in a file as they are."""

from collections.abc import Iterator

from gateway.config.sealing import open_secrets
from gateway.errors import GatewayError
from gateway.security.subject import WARN, Check, Finding, Subject


def secrets_at_rest(subject: Subject) -> Iterator[Finding]:
    try:
        found = open_secrets(subject.paths)
    except GatewayError:
        return
    for path, places in found.items():
        yield Finding(
            "secrets.open_at_rest",
            WARN,
            "Secrets lie open in a file",
            f"{path}: {', '.join(places)}",
            "start the gateway, which seals them",
        )


CHECKS: list[Check] = [secrets_at_rest]

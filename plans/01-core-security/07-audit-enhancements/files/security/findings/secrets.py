"""Findings about secrets that lie in a file as they are."""

from collections.abc import Iterator

from gateway.config import schema, source
from gateway.errors import GatewayError
from gateway.security.subject import WARN, Check, Finding, Subject
from gateway.state.secrets import ONLY_COMPARED
from gateway.state.verifiers import is_verifier


def open_secrets(subject: Subject) -> Iterator[Finding]:
    """Look for secrets of which the gateway would keep a verifier only."""
    found: list[str] = []

    def note(path: str, secret: str) -> str:
        if path in ONLY_COMPARED and not is_verifier(secret):
            found.append(path)
        return secret

    try:
        _, stored = source.read_source(subject.paths.config)
    except GatewayError:
        return
    schema.CONFIG.map_secrets(stored, note)
    if found:
        yield Finding(
            "secrets.open_at_rest",
            WARN,
            "Secrets lie open in a file",
            f"{subject.paths.config}: {', '.join(found)}",
            "start the gateway, which seals them",
        )


CHECKS: list[Check] = [open_secrets]

"""Findings about secrets that lie in a file as they are."""

from collections.abc import Iterator

from gateway.config.sealing import secret_files, secrets_in
from gateway.errors import GatewayError
from gateway.security.subject import WARN, Check, Finding, Subject
from gateway.state.secrets import is_open


def open_secrets(subject: Subject) -> Iterator[Finding]:
    """Look for secrets in every file that may hold some; what cannot be read has a finding of its own."""
    try:
        files = secret_files(subject.paths)
    except GatewayError:
        return
    for file in files:
        try:
            found = [place for place, stored in secrets_in(file).items() if is_open(place, stored)]
        except GatewayError:
            continue
        if found:
            yield Finding(
                "secrets.open_at_rest",
                WARN,
                "Secrets lie open in a file",
                f"{file.path}: {', '.join(found)}",
                "start the gateway, which seals them",
            )


CHECKS: list[Check] = [open_secrets]

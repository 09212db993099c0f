"""Findings about logs: what they must not hold, and whether they are as they were written."""

import os
from collections.abc import Iterator
from pathlib import Path

from gateway.errors import StateError
from gateway.security.audit_verify import verify_all
from gateway.security.subject import CRITICAL, WARN, Check, Finding, Subject


def redaction(subject: Subject) -> Iterator[Finding]:
    if subject.config.text_at("logging.redactSensitive") == "off":
        yield Finding(
            "logging.redact_off",
            WARN,
            "Credentials may reach the log",
            "logging.redactSensitive is off",
            "set logging.redactSensitive to tools",
        )


def log_file(subject: Subject) -> Iterator[Finding]:
    given = subject.config.text_at("logging.file")
    path = Path(given)
    if (
        given
        and path.is_file()
        and path.stat().st_mode & (0o077 if path.stat().st_uid == os.geteuid() else 0o007)
    ):
        yield Finding(
            "logging.file_readable",
            WARN,
            "Others can read the log",
            f"{path} has mode {path.stat().st_mode & 0o777:o}",
            f"chmod 600 {path}",
        )


def broken_logs(subject: Subject) -> Iterator[Finding]:
    try:
        verdicts = verify_all(subject.paths)
    except (StateError, OSError) as error:
        yield Finding(
            "logs.unverifiable",
            CRITICAL,
            "The audit logs cannot be verified",
            str(error),
            "restore the key of the audit logs",
        )
        return
    for verdict in verdicts:
        if verdict.fault is not None:
            yield Finding(
                "logs.tampered",
                CRITICAL,
                "An audit log is not as it was written",
                str(verdict.fault),
                "keep the file as evidence, find out who could write to it, and start a new log",
            )


CHECKS: list[Check] = [redaction, log_file, broken_logs]

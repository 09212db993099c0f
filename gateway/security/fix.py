"""Repairs of what the audit finds."""

import secrets

from gateway.config import config as configuration
from gateway.security.audit import Subject, audit


def fix(subject: Subject) -> list[str]:
    """Repair what can be repaired without a decision; return what was done."""
    done = []
    found = {finding.checkId for finding in audit(subject)}
    if "gateway.token_too_short" in found:
        done.append(f"gateway token: use {secrets.token_hex(16)}")
    if "logging.redact_off" in found:
        configuration.write(subject.config.patched({"logging": {"redactSensitive": "tools"}}))
        done.append("logging.redactSensitive is tools")
    if "fs.state_dir.perms_writable" in found:
        subject.paths.state.chmod(0o700)
        done.append(f"{subject.paths.state} has mode 700")
    if "fs.config.perms_world_readable" in found:
        subject.paths.config.chmod(0o600)
        done.append(f"{subject.paths.config} has mode 600")
    return done

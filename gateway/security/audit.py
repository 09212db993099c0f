"""The audit: a list of unsafe settings that are looked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.channels import policy
from gateway.config.config import Config
from gateway.paths import Paths
from gateway.server.auth import ResolvedAuth
from gateway.server.net import is_loopback, resolve_bind

CRITICAL, WARN, INFO = SEVERITIES = ("critical", "warn", "info")
SHORTEST_TOKEN = 24
GROUP_OR_WORLD_WRITE = 0o022
WORLD_READ = 0o004


@dataclass(frozen=True)
class Subject:
    """What is audited."""

    paths: Paths
    config: Config
    auth: ResolvedAuth


@dataclass(frozen=True)
class Finding:
    checkId: str  # noqa: N815 - the name in the JSON report
    severity: str
    title: str
    detail: str
    remediation: str


Check = Callable[[Subject], Iterator[Finding]]


def gateway_auth(subject: Subject) -> Iterator[Finding]:
    exposed = not all(is_loopback(host) for host in resolve_bind(subject.config))
    if exposed and not subject.auth.configured:
        yield Finding(
            "gateway.bind_no_auth",
            CRITICAL,
            "Gateway listens beyond loopback without auth",
            f"gateway.bind={subject.config.text_at('gateway.bind')} and no shared secret",
            "set gateway.auth.token, or gateway.bind to loopback",
        )
    token = subject.auth.token
    if token and len(token) < SHORTEST_TOKEN:
        yield Finding(
            "gateway.token_too_short",
            WARN,
            "Gateway token looks short",
            f"the token has {len(token)} characters",
            f"use a random token of at least {SHORTEST_TOKEN} characters",
        )


def control_ui(subject: Subject) -> Iterator[Finding]:
    switches = {
        "allowInsecureAuth": "gateway.control_ui.insecure_auth",
        "dangerouslyDisableDeviceAuth": "gateway.control_ui.device_auth_disabled",
    }
    for key, check_id in switches.items():
        if subject.config.flag_at(f"gateway.controlUi.{key}"):
            yield Finding(
                check_id,
                CRITICAL,
                "Control page accepts clients without a device identity",
                f"gateway.controlUi.{key} is true",
                f"set gateway.controlUi.{key} to false",
            )


def log_redaction(subject: Subject) -> Iterator[Finding]:
    if subject.config.text_at("logging.redactSensitive") == "off":
        yield Finding(
            "logging.redact_off",
            WARN,
            "Credentials may reach the log",
            "logging.redactSensitive is off",
            "set logging.redactSensitive to tools",
        )


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777 if path.exists() else 0


def file_permissions(subject: Subject) -> Iterator[Finding]:
    state, config = subject.paths.state, subject.paths.config
    if _mode(state) & GROUP_OR_WORLD_WRITE:
        yield Finding(
            "fs.state_dir.perms_writable",
            CRITICAL,
            "Others can write to the state directory",
            f"{state} has mode {_mode(state):o}",
            f"chmod 700 {state}",
        )
    if _mode(config) & WORLD_READ:
        yield Finding(
            "fs.config.perms_world_readable",
            WARN,
            "Others can read the configuration",
            f"{config} has mode {_mode(config):o}",
            f"chmod 600 {config}",
        )


def direct_messages(subject: Subject) -> Iterator[Finding]:
    channels = subject.config.get("channels")
    for name in sorted(channels.keys() - {"defaults"}):
        if policy.dm_policy(subject.config, channels[name]) == "open":
            yield Finding(
                "channels.dm.open",
                CRITICAL,
                "Anybody can write to the assistant",
                f"channels.{name}.dmPolicy is open",
                f"set channels.{name}.dmPolicy to pairing",
            )


CHECKS: list[Check] = [
    gateway_auth,
    control_ui,
    log_redaction,
    file_permissions,
    direct_messages,
]


def audit(subject: Subject) -> list[Finding]:
    """Return every finding, the most severe first."""
    findings = [finding for check in CHECKS for finding in check(subject)]
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))

"""Repairs of what the audit finds: backed up, made at once, looked at again, taken back when they fail."""

import os
import secrets as random
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.config import schema, source
from gateway.config.config import Config, serialize
from gateway.errors import GatewayError
from gateway.paths import Paths
from gateway.security.audit import audit
from gateway.security.audit_log import ChainedLog
from gateway.security.findings.access import SECRETS, SWITCHES
from gateway.security.findings.exposure import LOOSEST
from gateway.security.findings.messages import is_wildcard
from gateway.security.findings.storage import OTHERS, members
from gateway.security.subject import Finding, Subject, examine
from gateway.state import files, secrets

PRIVATE = 0o600
TOKEN_BYTES = 32
LOG = "security-audit"
DEFAULTS = {
    "logging.redact_off": ("logging.redactSensitive", "tools"),
    "session.dm_scope_main": ("session.dmScope", "per-channel-peer"),
    "sandbox.mode_off": ("agents.defaults.sandbox.mode", "non-main"),
    "sandbox.network": ("agents.defaults.sandbox.docker.network", "none"),
    "tools.exec_full": ("tools.exec.security", "allowlist"),
    "tools.exec_unasked": ("tools.exec.ask", "on-miss"),
}


@dataclass
class Repair:
    """What was done, what could not be, and the secrets that were made: they are shown once."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)
    backup: Path | None = None


def fix(paths: Paths) -> Repair:
    """Repair what can be repaired without a decision. Nothing is written where nothing is to be repaired."""
    subject = examine(paths)
    found = audit(subject)
    repair = Repair()
    _tighten(subject, repair)
    patch = _patch(subject, {finding.checkId for finding in found}, repair)
    if patch:
        _rewrite(subject, patch, found, repair)
    if repair.done:
        record = {"event": "repaired", "time": datetime.now(UTC).isoformat(), "done": repair.done}
        ChainedLog(paths, LOG).append(record)
    return repair


def _tighten(subject: Subject, repair: Repair) -> None:
    """Take away what others may do with files, never by following a link."""
    state = subject.paths.state
    places = [state, subject.paths.config, *(path for path, _ in members(subject))]
    for path in dict.fromkeys(places):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            status = os.fstat(descriptor)
            mode = stat.S_IMODE(status.st_mode)
            if mode & OTHERS and (stat.S_ISDIR(status.st_mode) or status.st_nlink == 1):
                os.fchmod(descriptor, mode & ~OTHERS)
                repair.done.append(f"{path} has mode {mode & ~OTHERS:o}, it had {mode:o}")
        except OSError as error:
            repair.failed.append(f"{path}: {error.strerror}")
        finally:
            os.close(descriptor)


def _patch(subject: Subject, found: set[str], repair: Repair) -> dict[str, Any]:
    """Return the values that take the place of unsafe ones, as dotted paths."""
    patch: dict[str, Any] = {}
    for key, (check_id, _) in SECRETS.items():
        if check_id in found:
            patch[key] = repair.made[key] = random.token_hex(TOKEN_BYTES)
    if "hooks.token_reused" in found:
        patch["hooks.token"] = repair.made["hooks.token"] = random.token_hex(TOKEN_BYTES)
    if "gateway.auth_none" in found:
        patch["gateway.auth.mode"] = "token"
        if not subject.auth.token and "gateway.auth.token" not in patch:
            patch["gateway.auth.token"] = repair.made["gateway.auth.token"] = random.token_hex(TOKEN_BYTES)
    for switch, check_id in SWITCHES.items():
        if check_id in found:
            patch[f"gateway.controlUi.{switch}"] = False
    patch |= {key: value for check_id, (key, value) in DEFAULTS.items() if check_id in found}
    if "gateway.limits_loose" in found:
        loose = (name for name, most in LOOSEST.items() if subject.config.limit(name) > most)
        patch |= {f"gateway.limits.{name}": None for name in loose}
    if "gateway.trusted_proxies_wide" in found:
        patch["gateway.trustedProxies"] = [
            proxy for proxy in subject.texts("gateway.trustedProxies") if "/" not in proxy and proxy != "*"
        ]
    _close_channels(subject, found, patch)
    return patch


def _close_channels(subject: Subject, found: set[str], patch: dict[str, Any]) -> None:
    if not found & {"channels.dm.open", "channels.dm.wildcard"}:
        return

    def close(value: Any, path: str) -> None:
        for key, item in value.items() if isinstance(value, dict) else ():
            here = f"{path}.{key}"
            if key in {"dmPolicy", "policy"} and str(item).strip().lower() == "open":
                patch[here] = "pairing"
            elif key == "allowFrom" and isinstance(item, list) and any(map(is_wildcard, item)):
                patch[here] = [entry for entry in item if not is_wildcard(entry)]
            else:
                close(item, here)

    close(subject.table("channels"), "channels")


def _rewrite(subject: Subject, patch: dict[str, Any], found: list[Finding], repair: Repair) -> None:
    """Write the patched configuration; put the old one back unless the findings are gone."""
    path = subject.paths.config
    before = files.read_text(path)
    try:
        _, stored = source.read_source(path)
        repair.backup = _back_up(subject.paths, before, stored)
        config = Config(path, None, {}).patched(_nested(patch))
        files.write_text(path, config.text or "{}\n", PRIVATE)
        Config.load(path)
    except GatewayError as error:
        repair.failed.append(f"{path} is as it was: {error.message}")
        repair.made.clear()
        _put_back(path, before)
        return
    left = {finding.checkId for finding in audit(examine(subject.paths))}
    aimed = {finding.checkId for finding in found if _names(finding, patch)}
    if aimed & left:
        repair.failed.append(f"{path} is as it was: {', '.join(sorted(aimed & left))} would have stayed")
        repair.made.clear()
        _put_back(path, before)
        return
    repair.done += [f"{key} is {_shown(key, value, repair)}" for key, value in patch.items()]


def _names(finding: Finding, patch: dict[str, Any]) -> bool:
    return any(key in finding.detail for key in patch)


def _shown(key: str, value: Any, repair: Repair) -> str:
    if key in repair.made:
        return "a new random secret"
    return "its default" if value is None else repr(value)


def _nested(patch: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for path, value in patch.items():
        *parents, last = path.split(".")
        place = result
        for key in parents:
            place = place.setdefault(key, {})
        place[last] = value
    return result


def _back_up(paths: Paths, text: str | None, stored: Any) -> Path | None:
    """Keep the configuration as it was, its open secrets as the gateway would keep them."""
    if text is None:
        return None
    sealed = schema.CONFIG.map_secrets(stored, _kept)
    directory = paths.state / "backups"
    files.ensure_dir(directory)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    backup = directory / f"{paths.config.name}.{moment}"
    files.write_text(backup, text if sealed == stored else serialize(sealed), PRIVATE)
    return backup


def _kept(path: str, stored: str) -> str:
    """Return what the gateway keeps of a secret that may be kept that way already."""
    return secrets.seal(path, stored) if secrets.unseal(path, stored) == stored else stored


def _put_back(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    elif files.read_text(path) != text:
        files.write_text(path, text, PRIVATE)

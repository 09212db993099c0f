"""The plan of a migration: everything that will be different, found without touching anything."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.channels import pairing_codes, senders
from gateway.config.config import serialize
from gateway.config.sealing import SecretFile, changed_text, secret_files
from gateway.config.source import read_source
from gateway.errors import ConfigError, StateError
from gateway.migration import fragments, rules
from gateway.migration.rules import Change, Step
from gateway.paths import Paths
from gateway.security.secret_strength import password_faults, token_faults
from gateway.server.net import is_loopback
from gateway.state import files, secrets, verifiers
from gateway.state.envelope import Key
from gateway.state.keyring import BACKUP_TAG, KEY_MODE
from gateway.state.ownership import fault, not_own, trusted_owners
from gateway.state.sealed import ring
from gateway.tools import executables

PRIVATE = 0o600
OTHERS = 0o077
ENVIRONMENT = {"token": ("GATEWAY_TOKEN", token_faults), "password": ("GATEWAY_PASSWORD", password_faults)}


@dataclass
class Plan:
    """`files` has the new content by path, None for a file that goes; `made` the new secrets, to be told once."""

    paths: Paths
    changes: list[Change] = field(default_factory=list)
    files: dict[Path, tuple[bytes | None, int]] = field(default_factory=dict)
    modes: dict[Path, int] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    def note(self, rule: str, path: Path, key: str, what: str) -> None:
        inside = path.is_relative_to(self.paths.state)
        self.changes.append(
            Change(rule, str(path.relative_to(self.paths.state) if inside else path), key, what)
        )

    def write(self, path: Path, text: str | None, mode: int = PRIVATE) -> None:
        self.files[path] = (None if text is None else text.encode(), mode)


class Sealer:
    """Seals with the key in use. Where there is none yet, one is made, and becomes part of the plan."""

    def __init__(self) -> None:
        self.made: Key | None = None

    def __call__(self, path: str, stored: str) -> str:
        if not secrets.is_open(path, stored):
            return stored
        if path in secrets.ONLY_COMPARED:
            return secrets.seal(path, stored)
        keys = ring().all()
        if not keys and self.made is None:
            self.made = Key.generate()
        key = keys[0] if keys else self.made
        assert key is not None  # noqa: S101 - one was just made
        return key.seal(path, stored)


def make(paths: Paths) -> Plan:
    """Look at an installation and plan its migration; nothing is written.

    Raises GatewayError naming what has to be corrected by hand.
    """
    plan = Plan(paths)
    if not paths.state.is_dir():
        return plan
    ring().all()
    _tighten(plan)
    parts = _modernise(plan)
    sealer = Sealer()
    _seal(plan, parts, sealer)
    for path in sorted(paths.credentials.glob("*-allowFrom.json")):
        _rewrite(plan, path, _senders)
    for path in sorted(paths.credentials.glob("*-pairing.json")):
        _rewrite(plan, path, _codes)
    _rewrite(plan, paths.devices / "paired.json", _device_tokens)
    _rewrite(plan, paths.exec_approvals, _approved_programs)
    if sealer.made is not None:
        plan.write(paths.keys / "secrets.key", f"{sealer.made.line}\n", KEY_MODE)
        plan.write(paths.keys / "CACHEDIR.TAG", BACKUP_TAG)
    return plan


# The configuration


def _modernise(plan: Plan) -> list[fragments.Fragment]:
    """Apply the rules to every file of the configuration, and hold the result to the schema."""
    parts = fragments.read(plan.paths)
    own = (plan.paths.state, plan.paths.config.parent)
    changed: set[int] = set()
    for part in parts:
        found = dict(rules.steps(part.value, part.mount))
        if found and not any(part.path.is_relative_to(directory) for directory in own):
            raise ConfigError(
                f"{part.path}: {', '.join(found)}: must change, and is outside the state directory",
                hint="change it by hand, or move the file beside the configuration",
            )
        part.value = rules.applied(part.value, found, part.mount)
        _note_steps(plan, part.path, found)
        changed |= {id(part)} if found else set()
    whole = dict(_whole(fragments.resolve(parts)))
    for key, step in whole.items():
        _set(parts[0].value, key, step.value)
    _note_steps(plan, parts[0].path, whole)
    changed |= {id(parts[0])} if whole else set()
    problems = [(part, problem) for part in parts for problem in part.problems()]
    if problems:
        lines = "; ".join(f"{part.path}: {problem}" for part, problem in problems)
        raise ConfigError(lines, hint="correct it by hand; nothing was changed")
    for part in parts:
        if id(part) in changed:
            part.text = serialize(part.value)
            plan.write(part.path, part.text)
    return parts


def _note_steps(plan: Plan, path: Path, found: dict[str, Step]) -> None:
    for key, step in found.items():
        plan.note(step.rule, path, key, step.what)
        if step.secret:
            plan.made[key] = step.value


def _whole(config: Any) -> Iterator[tuple[str, Step]]:
    """Yield what cannot be told from one key."""

    def at(path: str) -> Any:
        value = config
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value

    given = {kind: at(f"gateway.auth.{kind}") or _strong_in_environment(kind) for kind in ENVIRONMENT}
    mode = at("gateway.auth.mode") or ("password" if given["password"] else "token")
    if mode in given and not given[mode]:
        what = "a random secret, there was none"
        yield f"gateway.auth.{mode}", Step("no-secret", rules.new_secret(), what, secret=True)
    hook, token = at("hooks.token"), given["token"]
    if hook and token and _same(hook, token):
        what = "a random secret of its own, it was the gateway's token"
        yield "hooks.token", Step("shared-secret", rules.new_secret(), what, secret=True)
    bind, host = at("gateway.bind"), at("gateway.customBindHost")
    beyond = bind in {"lan", "tailnet"} or (bind == "custom" and not is_loopback(str(host or "")))
    if beyond and at("gateway.tls.enabled") is not True:
        what = f"true, because gateway.bind is {bind}: clients use wss://"
        yield "gateway.tls.enabled", Step("clear-text", value=True, what=what)


def _strong_in_environment(kind: str) -> str | None:
    name, faults = ENVIRONMENT[kind]
    value = os.environ.get(name)
    return value if value and not any(faults(value)) else None


def _same(one: str, other: str) -> bool:
    if verifiers.is_verifier(one):
        one, other = other, one
    return not verifiers.is_verifier(one) and verifiers.matches(other, one)


def _set(value: Any, path: str, item: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        value = value.setdefault(key, {})
    value[last] = item


# Secrets


def _seal(plan: Plan, parts: list[fragments.Fragment], sealer: Sealer) -> None:
    """Seal what lies open in every file that may hold secrets; a backup that cannot be read goes."""
    known = {part.path: part for part in parts}
    for file in secret_files(plan.paths):
        part = known.get(file.path)
        try:
            text, value = (part.text, part.value) if part else read_source(file.path)
        except ConfigError:
            if not file.spare:
                raise
            plan.write(file.path, None)
            plan.note("plain-secret", file.path, "", "removed: a backup that cannot be read")
            continue
        _seal_file(plan, file, text, value, sealer)


def _seal_file(plan: Plan, file: SecretFile, text: str | None, value: Any, sealer: Sealer) -> None:
    if text is None and file.path not in plan.files:
        return
    new, replaced = changed_text(text or "", value, file, sealer)
    if not replaced:
        return
    plan.write(file.path, new)
    for key in replaced:
        if key not in plan.made or file.spare:
            kept = "kept as a verifier" if key in secrets.ONLY_COMPARED else "sealed"
            plan.note("plain-secret", file.path, key, kept)


# Other files

Report = Callable[[str, str, str], None]


def _rewrite(plan: Plan, path: Path, change: Callable[[Any, Report], Any]) -> None:
    value = files.read_json(path, None)
    if not isinstance(value, dict):
        return

    def report(rule: str, key: str, what: str) -> None:
        plan.note(rule, path, key, what)

    try:
        new = change(value, report)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise StateError(
            f"{path}: does not have the shape that the gateway writes",
            hint="correct it or move it away; nothing was changed",
        ) from None
    if new != value:
        plan.write(path, json.dumps(new, indent=2, ensure_ascii=False) + "\n")


def _senders(value: Any, report: Report) -> Any:
    kept = [entry for entry in value["allowFrom"] if senders.fault(str(entry)) is None]
    for entry in value["allowFrom"]:
        if entry not in kept:
            report("wildcard-sender", "allowFrom", f"without {str(entry)[:40]!r}")
    return {**value, "allowFrom": kept}


def _codes(value: Any, report: Report) -> Any:
    requests = []
    for request in value["requests"]:
        if "code" in request:
            report("plain-secret", f"requests.{request['id']}", "the code is kept as a hash")
            kept = {key: item for key, item in request.items() if key != "code"}
            requests.append({**kept, **pairing_codes.sealed(request["code"])})
        else:
            requests.append(request)
    return {**value, "requests": requests}


def _device_tokens(value: Any, report: Report) -> Any:
    result = {}
    for name, device in value.items():
        result[name] = device
        if not any("token" in token for token in device.get("tokens", {}).values()):
            continue
        tokens = {}
        for role, token in device["tokens"].items():
            tokens[role] = token
            if "token" in token:
                report("plain-secret", f"{name[:12]}.{role}", "the token is kept as a verifier")
                kept = {key: item for key, item in token.items() if key != "token"}
                tokens[role] = {**kept, "verifier": verifiers.of_token(token["token"])}
        result[name] = {**device, "tokens": tokens}
    return result


def _approved_programs(value: Any, report: Report) -> Any:
    agents = {}
    for name, agent in value.get("agents", {}).items():
        kept = []
        for entry in agent.get("allowlist", []):
            new = _approved(entry)
            if new != entry:
                what = (
                    f"{new['pattern']}, it was a name" if new else "removed, it needs an approval each time"
                )
                report("allowlist", f"agents.{name}.{entry['pattern'][:80]}", what)
            kept += [new] if new else []
        agents[name] = {**agent, "allowlist": kept} if "allowlist" in agent else agent
    return {**value, "agents": agents} if "agents" in value else value


def _approved(entry: dict[str, Any]) -> dict[str, Any] | None:
    """Return the entry with the file that its name stood for; None when it could start anything."""
    if "sha256" in entry or "argv" in entry:
        return entry
    found = executables.find(entry["pattern"], "/")
    if found is None or not found.only_root or rules.starts_others(entry["pattern"]):
        return None
    return {**entry, "pattern": found.path}


# Modes


def _tighten(plan: Plan) -> None:
    """Plan to close what is open to others. Raises StateError for links and foreign files."""
    state = plan.paths.state
    for path, status in _members(plan.paths):
        tolerant = path.is_relative_to(plan.paths.workspace)
        why = None if stat.S_ISDIR(status.st_mode) else fault(status)
        if why is None and status.st_uid not in trusted_owners():
            why = f"is owned by another user (uid {status.st_uid})"
        if why is not None and not tolerant:
            raise not_own(path, why)
        mode = stat.S_IMODE(status.st_mode)
        if why is None and mode & OTHERS and status.st_uid == os.geteuid():
            plan.modes[path] = 0o700 if stat.S_ISDIR(status.st_mode) else mode & ~OTHERS
            name = "." if path == state else ""
            plan.note("open-file", path, name, f"mode {plan.modes[path]:04o}, it was {mode:04o}")


def _members(paths: Paths) -> Iterator[tuple[Path, os.stat_result]]:
    yield paths.state, paths.state.lstat()
    for directory, names, others in os.walk(paths.state):
        for name in sorted([*names, *others]):
            path = Path(directory, name)
            yield path, path.lstat()
    if not paths.config.is_relative_to(paths.state) and os.path.lexists(paths.config):
        yield paths.config, paths.config.lstat()

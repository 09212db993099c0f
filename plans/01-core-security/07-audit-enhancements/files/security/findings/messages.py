"""Findings about who may direct the assistant."""

from collections.abc import Iterator
from typing import Any

from gateway.errors import StateError
from gateway.security.subject import CRITICAL, WARN, Check, Finding, Subject
from gateway.state import files

WILDCARDS = frozenset("*?[]%\uff0a\ufe61\u2217")


def _places(subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each object that can say who is heard, with its path."""
    for name, channel in subject.table("channels").items():
        if not isinstance(channel, dict):
            continue
        yield f"channels.{name}", channel
        accounts = channel.get("accounts")
        for account, settings in accounts.items() if isinstance(accounts, dict) else ():
            if isinstance(settings, dict):
                yield f"channels.{name}.accounts.{account}", settings


def _settings(subject: Subject, outer: str, inner: str) -> Iterator[tuple[str, Any]]:
    for path, place in _places(subject):
        yield f"{path}.{outer}", place.get(outer)
        nested = place.get("dm")
        if isinstance(nested, dict):
            yield f"{path}.dm.{inner}", nested.get(inner)


def open_policies(subject: Subject) -> Iterator[Finding]:
    for path, policy in _settings(subject, "dmPolicy", "policy"):
        if isinstance(policy, str) and policy.strip().lower() == "open":
            yield Finding(
                "channels.dm.open",
                CRITICAL,
                "Anybody can direct the assistant",
                f"{path} is open",
                f"set {path} to pairing",
            )


def is_wildcard(entry: Any) -> bool:
    """Tell whether an entry of an allowlist could stand for more than one sender."""
    return isinstance(entry, str) and (not entry.strip() or bool(WILDCARDS & set(entry)))


def wildcards(subject: Subject) -> Iterator[Finding]:
    lists = list(_settings(subject, "allowFrom", "allowFrom"))
    if subject.paths.credentials.is_dir():
        stored = sorted(subject.paths.credentials.glob("*-allowFrom.json"))
        lists += [(f"credentials/{file.name}: allowFrom", _stored(subject, file.name)) for file in stored]
    for path, entries in lists:
        for entry in entries if isinstance(entries, list) else ():
            if is_wildcard(entry) or _refused(subject, path):
                yield Finding(
                    "channels.dm.wildcard",
                    CRITICAL,
                    "An entry of an allowlist is not one sender",
                    f"{path} has {str(entry)[:40]!r}",
                    "remove the entry, and let each sender pair",
                )


def _refused(subject: Subject, path: str) -> bool:
    return any(problem.path.startswith(f"{path}[") for problem in subject.problems)


def _stored(subject: Subject, name: str) -> Any:
    try:
        stored = files.read_json(subject.paths.credentials / name, {})
    except (StateError, OSError):
        return None
    return stored.get("allowFrom") if isinstance(stored, dict) else None


def shared_sessions(subject: Subject) -> Iterator[Finding]:
    channels = [path for path, _ in _places(subject) if path != "channels.defaults"]
    if channels and subject.config.text_at("session.dmScope") == "main":
        yield Finding(
            "session.dm_scope_main",
            WARN,
            "All peers share one session",
            "session.dmScope is main: each peer can read what the others wrote",
            "set session.dmScope to per-channel-peer",
        )


CHECKS: list[Check] = [open_policies, wildcards, shared_sessions]

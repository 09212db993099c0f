"""What earlier versions allowed and this one does not, and the value that takes its place.

Each rule has a name, the same in the program and in the guide. Rules look at
one key of the configuration; what cannot be told from one key is in `plan`.
"""

import ipaddress
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from gateway.channels import senders
from gateway.config import schema
from gateway.protocol.schema.types import join
from gateway.security.findings.exposure import LOOSEST, WIDEST_PREFIX
from gateway.security.findings.tools import RUNS_ANYTHING
from gateway.security.secret_strength import password_faults, token_faults
from gateway.state.verifiers import is_verifier
from gateway.tools import executables

RULES = {
    "no-secret": "a secret is mandatory on every bind, loopback included; mode none is gone",
    "weak-secret": "short, repeated and well-known secrets are refused",
    "shared-secret": "the token of hooks differs from the gateway's",
    "bypass-switch": "no switch turns device authentication off",
    "clear-text": "beyond loopback only TLS is spoken",
    "wide-proxy": "only proxies that are named one by one may say who the client is",
    "loose-limit": "limits that hold nothing back are refused by the audit",
    "open-messages": "no policy lets every sender in",
    "wildcard-sender": "an entry of an allowlist is the id of one sender",
    "shared-session": "each peer of each channel has a session of its own",
    "sandbox-off": "commands of every session but the main one run in a sandbox",
    "sandbox-network": "the sandbox has no network",
    "sandbox-limit": "the limits of the sandbox are numbers and sizes that it can keep",
    "setup-command": "a set-up command starts one of a few programs that arrange files",
    "unasked-command": "commands outside the allowlist wait for an approval",
    "allowlist": "an entry stands for one program that starts no others",
    "unredacted-log": "logs hold no credentials",
    "plain-secret": "no secret lies open in a file",
    "open-file": "state is private to its user",
}
SANDBOX = "agents.defaults.sandbox"
STRONG = {
    "gateway.auth.token": token_faults,
    "gateway.auth.password": password_faults,
    "hooks.token": token_faults,
}
SAFE = {
    "session.dmScope": ("main", "per-channel-peer", "shared-session"),
    f"{SANDBOX}.mode": ("off", "non-main", "sandbox-off"),
    "tools.exec.security": ("full", "allowlist", "unasked-command"),
    "tools.exec.ask": ("off", "on-miss", "unasked-command"),
    "logging.redactSensitive": ("off", "tools", "unredacted-log"),
}
CHECKED_BY_SHAPE = {
    f"{SANDBOX}.docker.setupCommand": "setup-command",
    f"{SANDBOX}.docker.pidsLimit": "sandbox-limit",
    f"{SANDBOX}.docker.memory": "sandbox-limit",
    f"{SANDBOX}.tmpfsSize": "sandbox-limit",
}
SWITCH = re.compile(r"(?:.*\.)?(?:allowInsecureAuth|dangerously\w*)")
POLICY = re.compile(r"channels\..*(?:dmPolicy|\.policy)")
SENDERS = re.compile(r"channels\..*allowFrom")
REMOVED = object()


@dataclass(frozen=True)
class Change:
    """One thing that is different afterwards: by which rule, in which file, at which path, and how."""

    rule: str
    file: str
    path: str
    what: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.path}" if self.path else self.file
        return f"{place}: {self.what} [{self.rule}]"


@dataclass(frozen=True)
class Step:
    """What a rule makes of a value: another one, or REMOVED. A `secret` is new and must be told once."""

    rule: str
    value: Any
    what: str
    secret: bool = False


def new_secret() -> str:
    return secrets.token_hex(32)


def weak_secret(path: str, value: Any) -> Step | None:
    if path not in STRONG or not isinstance(value, str) or not value or is_verifier(value):
        return None
    faults = "; ".join(STRONG[path](value))
    what = f"a new random secret takes the place of a weak one ({faults})"
    return Step("weak-secret", new_secret(), what, secret=True) if faults else None


def no_mode(path: str, value: Any) -> Step | None:
    if path == "gateway.auth.mode" and value == "none":
        return Step("no-secret", REMOVED, "removed: it was none")
    return None


def bypass_switch(path: str, value: Any) -> Step | None:
    if SWITCH.fullmatch(path) and (value is not False or schema.shape_at(path) is None):
        return Step("bypass-switch", REMOVED, "removed")
    return None


def open_messages(path: str, value: Any) -> Step | None:
    if POLICY.fullmatch(path) and isinstance(value, str) and value.strip().lower() == "open":
        return Step("open-messages", "pairing", "pairing, it was open")
    return None


def wildcard_sender(path: str, value: Any) -> Step | None:
    if not SENDERS.fullmatch(path) or not isinstance(value, list):
        return None
    kept = [entry for entry in value if not isinstance(entry, str) or senders.fault(entry) is None]
    return _filtered("wildcard-sender", value, kept)


def safe_value(path: str, value: Any) -> Step | None:
    unsafe, safe, rule = SAFE.get(path, (None, None, ""))
    return Step(rule, safe, f"{safe}, it was {unsafe}") if rule and value == unsafe else None


def sandbox_network(path: str, value: Any) -> Step | None:
    if path == f"{SANDBOX}.docker.network" and value not in (None, "", "none"):
        return Step("sandbox-network", "none", f"none, it was {value}")
    return None


def shaped(path: str, value: Any) -> Step | None:
    shape = schema.shape_at(path) if path in CHECKED_BY_SHAPE else None
    problem = next(shape.problems(value, ""), None) if shape else None
    return Step(CHECKED_BY_SHAPE[path], REMOVED, f"removed: {problem}") if problem else None


def loose_limit(path: str, value: Any) -> Step | None:
    most = LOOSEST.get(path.removeprefix("gateway.limits."))
    if path.startswith("gateway.limits.") and most and isinstance(value, int) and value > most:
        return Step("loose-limit", REMOVED, f"the default, it was {value}")
    return None


def wide_proxy(path: str, value: Any) -> Step | None:
    if path != "gateway.trustedProxies" or not isinstance(value, list):
        return None
    return _filtered("wide-proxy", value, [entry for entry in value if not _is_wide(entry)])


def _is_wide(proxy: Any) -> bool:
    with suppress(ValueError):
        network = ipaddress.ip_network(str(proxy).strip(), strict=False)
        return network.prefixlen < WIDEST_PREFIX[network.version]
    return True


def safe_bins(path: str, value: Any) -> Step | None:
    if path != "tools.exec.safeBins" or not isinstance(value, list):
        return None
    return _filtered("allowlist", value, [entry for entry in value if not starts_others(str(entry))])


def starts_others(program: str) -> bool:
    """Tell whether a program starts others, or interprets what it is given."""
    found = executables.find(program, "/")
    name = PurePath(program).name.rstrip("0123456789.")
    return "*" in program or name in RUNS_ANYTHING or (found is not None and found.launches)


def _filtered(rule: str, before: list[Any], after: list[Any]) -> Step | None:
    gone = ", ".join(repr(entry)[:40] for entry in before if entry not in after)
    return Step(rule, after, f"without {gone}") if gone else None


EACH_KEY: tuple[Callable[[str, Any], Step | None], ...] = (
    weak_secret,
    no_mode,
    bypass_switch,
    open_messages,
    wildcard_sender,
    safe_value,
    sandbox_network,
    shaped,
    loose_limit,
    wide_proxy,
    safe_bins,
)


def steps(value: Any, mount: str = "") -> Iterator[tuple[str, Step]]:
    """Yield what has to change in a part of the configuration that stands at a dotted path."""
    for key, item in value.items() if isinstance(value, dict) else ():
        path = join(mount, str(key))
        step = next((found for rule in EACH_KEY if (found := rule(path, item)) is not None), None)
        if step is not None:
            yield path, step
        else:
            yield from steps(item, path)


def applied(value: Any, found: dict[str, Step], mount: str = "") -> Any:
    """Return the value with the steps made."""
    if not isinstance(value, dict):
        return value
    result = {}
    for key, item in value.items():
        path = join(mount, str(key))
        step = found.get(path)
        if step is None:
            result[key] = applied(item, found, path)
        elif step.value is not REMOVED:
            result[key] = step.value
    return result

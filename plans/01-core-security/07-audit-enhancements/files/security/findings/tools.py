"""Findings about what the assistant's tools may do."""

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

from gateway.paths import AGENT_ID
from gateway.security.subject import CRITICAL, WARN, Check, Finding, Subject
from gateway.server.net import is_loopback
from gateway.state import files

SANDBOX = "agents.defaults.sandbox"
INTERPRETERS = """
ash awk bash busybox csh dash doas env expect find fish gawk ksh lua mawk nc ncat nice node nohup nsenter
parallel perl php pwsh python ruby script setsid sh socat ssh strace sudo tclsh timeout unshare vi vim watch
xargs zsh
"""
DOWNLOADERS = "curl wget nc ncat socat ssh scp ftp base64 eval sh bash python python3 perl"
RUNS_ANYTHING = frozenset(INTERPRETERS.split())
FETCHES = frozenset(DOWNLOADERS.split())
HOST_SECRETS = ("/", "/etc", "/root", "/home", "/proc", "/sys", "/run", "/var/run")


def sandbox_off(subject: Subject) -> Iterator[Finding]:
    if subject.config.text_at(f"{SANDBOX}.mode") == "off":
        yield Finding(
            "sandbox.mode_off",
            CRITICAL,
            "Commands of every session run on the host",
            f"{SANDBOX}.mode is off",
            f"set {SANDBOX}.mode to non-main or all",
        )


def sandbox_missing(subject: Subject) -> Iterator[Finding]:
    from gateway.sandbox import bubblewrap

    if subject.config.text_at(f"{SANDBOX}.mode") == "off":
        return
    fault = bubblewrap.fault(subject.config)
    if fault:
        yield Finding(
            "sandbox.unavailable",
            WARN,
            "The sandbox cannot be made, so no command of such a session runs",
            fault,
            "install bubblewrap and allow user namespaces; `doctor` tells when it works",
        )


def sandbox_setup(subject: Subject) -> Iterator[Finding]:
    command = subject.at(f"{SANDBOX}.docker.setupCommand")
    if not isinstance(command, str):
        return
    try:
        words = {PurePath(word).name for word in shlex.split(command)}
    except ValueError:
        words = {command}
    refused = any(problem.path.endswith("setupCommand") for problem in subject.problems)
    if refused or words & FETCHES or any(sign in command for sign in "|;&`$<>"):
        yield Finding(
            "sandbox.setup_command",
            CRITICAL,
            "The set-up command of the sandbox runs anything",
            f"{SANDBOX}.docker.setupCommand names a shell, an interpreter or a download",
            "name one program and its arguments",
        )


def sandbox_binds(subject: Subject) -> Iterator[Finding]:
    state = str(subject.paths.state)
    for entry in subject.texts(f"{SANDBOX}.docker.binds"):
        source = entry.partition(":")[0].rstrip("/") or "/"
        if source in HOST_SECRETS or "docker.sock" in source or f"{state}/".startswith(f"{source}/"):
            yield Finding(
                "sandbox.bind_dangerous",
                CRITICAL,
                "The sandbox is given what it keeps code away from",
                f"{SANDBOX}.docker.binds has {entry[:80]!r}",
                "remove the bind",
            )


def sandbox_network(subject: Subject) -> Iterator[Finding]:
    network = subject.at(f"{SANDBOX}.docker.network")
    if network not in (None, "", "none"):
        yield Finding(
            "sandbox.network",
            WARN,
            "The sandbox is meant to have a network",
            f"{SANDBOX}.docker.network is {network!r}",
            "set it to none",
        )


def exec_policy(subject: Subject) -> Iterator[Finding]:
    security, ask = subject.at("tools.exec.security"), subject.at("tools.exec.ask")
    if security == "full":
        yield Finding(
            "tools.exec_full",
            CRITICAL,
            "Every command runs unasked",
            "tools.exec.security is full",
            "set tools.exec.security to allowlist",
        )
    if ask == "off" and security == "full":
        yield Finding(
            "tools.exec_unasked",
            CRITICAL,
            "Nobody is ever asked about a command",
            "tools.exec.ask is off and tools.exec.security is full",
            "set tools.exec.ask to on-miss",
        )


def allowlists(subject: Subject) -> Iterator[Finding]:
    places = [("tools.exec.safeBins", entry) for entry in subject.texts("tools.exec.safeBins")]
    stored = (
        files.read_json(subject.paths.exec_approvals, {}) if subject.paths.exec_approvals.is_file() else {}
    )
    agent = stored.get("agents", {}).get(AGENT_ID, {}) if isinstance(stored, dict) else {}
    places += [("exec-approvals.json", str(entry.get("pattern", ""))) for entry in agent.get("allowlist", [])]
    for place, entry in places:
        if PurePath(entry).name.rstrip("0123456789.") in RUNS_ANYTHING or "*" in entry:
            yield Finding(
                "tools.allowlist_interpreter",
                CRITICAL,
                "A program that runs programs needs no approval",
                f"{place} has {entry[:80]!r}",
                "remove the entry",
            )
        elif _others_can_replace(entry):
            yield Finding(
                "tools.allowlist_writable",
                CRITICAL,
                "A program that needs no approval can be replaced by others",
                f"{place} has {entry[:80]!r}",
                "allow programs in directories that only root can write to",
            )


def _others_can_replace(entry: str) -> bool:
    path = Path(entry)
    if not path.is_absolute():
        return False
    return any(place.exists() and _others_write(place) for place in (path, path.parent))


def _others_write(place: Path) -> bool:
    mode = place.stat().st_mode
    return bool(mode & (stat.S_IWGRP | stat.S_IWOTH)) and not mode & stat.S_ISVTX


def workspace(subject: Subject) -> Iterator[Finding]:
    given = subject.config.text_at("agents.defaults.workspace")
    state = subject.paths.state
    place = Path(given).expanduser().absolute() if given else subject.paths.workspace
    if place == state or state.is_relative_to(place):
        yield Finding(
            "tools.workspace_holds_state",
            CRITICAL,
            "The tools work in the directory that holds the gateway's secrets",
            f"agents.defaults.workspace is {place}",
            "choose a directory of its own",
        )


def providers(subject: Subject) -> Iterator[Finding]:
    for name, provider in subject.config.get("models.providers").items():
        url = str(provider["baseUrl"] or "")
        if provider["apiKey"] and url.startswith("http://") and not is_loopback(url[7:]):
            yield Finding(
                "models.provider_in_clear",
                WARN,
                "An API key is sent in clear",
                f"models.providers.{name}.baseUrl is a http:// address of another machine",
                "use https://",
            )


CHECKS: list[Check] = [
    sandbox_off,
    sandbox_missing,
    sandbox_setup,
    sandbox_binds,
    sandbox_network,
    exec_policy,
    allowlists,
    workspace,
    providers,
]

"""Commands that run without an operator's approval."""

import shutil
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from gateway.paths import AGENT_ID
from gateway.state import files

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


def program(command: str) -> str:
    """Return the name of the program that a command starts."""
    return PurePath(command.split(maxsplit=1)[0]).name


def _stored(gateway: "Gateway") -> dict[str, Any]:
    stored: dict[str, Any] = files.read_json(gateway.paths.exec_approvals, {"version": 1, "agents": {}})
    return stored


def patterns(gateway: "Gateway") -> list[str]:
    """Return the entries of the configuration and those that operators added."""
    agent = _stored(gateway).get("agents", {}).get(AGENT_ID, {})
    added = [str(entry["pattern"]) for entry in agent.get("allowlist", [])]
    return [*gateway.config.list_at("tools.exec.safeBins"), *added]


def contains(gateway: "Gateway", command: str) -> bool:
    return program(command) in {PurePath(pattern).name for pattern in patterns(gateway)}


def add(gateway: "Gateway", command: str) -> None:
    """Remember the program of a command for good."""
    word = command.split(maxsplit=1)[0]
    stored = _stored(gateway)
    agent = stored.setdefault("agents", {}).setdefault(AGENT_ID, {})
    agent.setdefault("allowlist", []).append({"pattern": shutil.which(word) or word})
    files.write_json(gateway.paths.exec_approvals, stored)

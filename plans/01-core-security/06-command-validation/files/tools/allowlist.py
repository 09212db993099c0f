"""Commands that run without an operator's approval.

An entry stands for one file, not for a name. Programs that start programs never pass by an entry for the
program; an operator can allow exactly one command of them for good.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.paths import AGENT_ID
from gateway.state import files
from gateway.tools import child_environment, executables

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway
    from gateway.tools.exec_tool import Command

# Options that run a program or write a file, of programs that otherwise only read: long ones, then letters,
# then the letters that take a value (what follows them in the same word is no option).
RISKY_OPTIONS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "sort": (("--compress-program", "--output", "--temporary-directory", "--files0-from"), "oT", "koStT"),
    "wc": (("--files0-from",), "", ""),
    "tail": (("--follow", "--retry", "--pid"), "fF", "ncs"),
}
SHORTEST_ABBREVIATION = 3


def _stored(gateway: "Gateway") -> dict[str, Any]:
    stored: dict[str, Any] = files.read_json(gateway.paths.exec_approvals, {"version": 1, "agents": {}})
    return stored


def _option_is_risky(program: str, word: str) -> bool:
    long_options, letters, with_value = RISKY_OPTIONS[program]
    if word.startswith("--"):
        name = word.partition("=")[0]
        return len(name) >= SHORTEST_ABBREVIATION and any(full.startswith(name) for full in long_options)
    if not word.startswith("-"):
        return False
    for letter in word[1:]:
        if letter in letters:
            return True
        if letter in with_value:
            return False
    return False


def is_risky(argv: tuple[str, ...]) -> bool:
    """Tell whether the arguments make a harmless program run another one or write a file."""
    program, arguments = Path(argv[0]).name, argv[1:]
    if program == "uniq":
        # `uniq INPUT OUTPUT` writes to its second operand.
        return sum(1 for word in arguments if not word.startswith("-")) > 1
    return program in RISKY_OPTIONS and any(_option_is_risky(program, word) for word in arguments)


def _stored_entry_holds(entry: dict[str, Any], command: "Command") -> bool:
    executable = command.executable
    if entry.get("pattern") != executable.path:
        return False
    if "sha256" in entry:
        if entry["sha256"] != executable.sha256:
            return False
    elif not executable.only_root:
        return False
    if "argv" in entry:
        return tuple(entry["argv"]) == command.argv
    return not (executable.launches or is_risky(command.vector))


def contains(gateway: "Gateway", command: "Command") -> bool:
    """Tell whether a command runs without being asked for."""
    executable = command.executable
    if child_environment.needs_approval(command.env):
        return False
    agent = _stored(gateway).get("agents", {}).get(AGENT_ID, {})
    if any(_stored_entry_holds(entry, command) for entry in agent.get("allowlist", [])):
        return True
    if executable.launches or not executable.only_root or is_risky(command.vector):
        return False
    listed = (executables.find(name, "/") for name in gateway.config.list_at("tools.exec.safeBins"))
    return any(found is not None and found.path == executable.path for found in listed)


def add(gateway: "Gateway", request: dict[str, Any]) -> None:
    """Remember an approved command for good: its program, or only itself when that could start anything."""
    stored = _stored(gateway)
    path = request["executable"]
    entry: dict[str, Any] = {"pattern": path}
    if request["sha256"]:
        entry["sha256"] = request["sha256"]
    found = executables.find(path, "/")
    if found is None or found.launches or is_risky((path, *request["argv"][1:])):
        entry["argv"] = request["argv"]
    agent = stored.setdefault("agents", {}).setdefault(AGENT_ID, {})
    agent.setdefault("allowlist", []).append(entry)
    files.write_json(gateway.paths.exec_approvals, stored)

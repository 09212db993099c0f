"""The shipped profiles, read as what they allow."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

_VARIABLE = re.compile(r"^@\{(\w+)\}=(.+)$", re.MULTILINE)
_RULE = re.compile(r"^\s+((?:/|@\{)\S*)\s+([a-z]+),$", re.MULTILINE)
_ALLOW = re.compile(r"^allow (\S+) (\{[^}]*\}|\S+):file (\{[^}]*\}|\w+);$", re.MULTILINE)


@dataclass(frozen=True)
class Rule:
    """A file rule of AppArmor (apparmor.d(5)); `ix` is x here."""

    text: str
    pattern: re.Pattern[str]
    permissions: frozenset[str]

    def matches(self, path: str) -> bool:
        """Whether the rule is about a path; AppArmor writes a directory with a slash at its end."""
        return bool(self.pattern.fullmatch(path) or self.pattern.fullmatch(f"{path}/"))


def variables(profile: str) -> dict[str, list[str]]:
    return {found[1]: found[2].split() for found in _VARIABLE.finditer(profile)}


def rules(profile: str, places: Mapping[str, Sequence[str]]) -> list[Rule]:
    """The file rules, with these values of the profile's variables."""
    found = []
    for rule in _RULE.finditer(profile):
        text = re.sub(r"@\{(\w+)\}", lambda match: "{" + ",".join(places[match[1]]) + "}", rule[1])
        found.append(Rule(rule[0].strip(), re.compile(_regex(text)), frozenset(rule[2].replace("i", ""))))
    return found


def _regex(glob: str) -> str:
    parts = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    return "".join(parts.get(part) or re.escape(part) for part in re.findall(r"\*\*|.", glob))


def uncovered(found: Iterable[Rule], paths: Mapping[str, set[str]]) -> list[str]:
    """What was done and no rule allows."""
    listed = list(found)
    missing = []
    for path, wanted in sorted(paths.items()):
        allowed = frozenset().union(*(rule.permissions for rule in listed if rule.matches(path)))
        if not wanted <= allowed:
            missing.append(f"{path} {''.join(sorted(wanted - allowed))}")
    return missing


def unused(found: Iterable[Rule], paths: Mapping[str, set[str]]) -> list[str]:
    """What a rule allows and nobody did: the whole rule, or letters of it."""
    surplus = []
    for rule in found:
        used = frozenset().union(*(wanted for path, wanted in paths.items() if rule.matches(path)))
        if not rule.permissions <= used:
            surplus.append(f"{rule.text} {''.join(sorted(rule.permissions - used))}")
    return surplus


# SELinux

NEEDED = {
    "r": {"getattr", "open", "read"},
    "w": {"append", "create", "getattr", "open", "rename", "setattr", "unlink", "write"},
    "k": {"lock"},
}
"""What AppArmor's letters are in SELinux, for files."""


def labelled(contexts: str, path: str) -> str:
    """The type that a file gets, by the last line that fits (selabel_file(5))."""
    label = ""
    for line in contexts.splitlines():
        fields = line.split()
        if fields and re.fullmatch(fields[0], path):
            label = fields[-1].split(":")[2]
    return label


def file_permissions(module: str, label: str) -> set[str]:
    """What the gateway's domain may do with files of a type."""
    return {
        word
        for source, targets, words in _ALLOW.findall(module)
        if source == "moltbot_gateway_t" and label in targets.strip("{} ").split()
        for word in words.strip("{} ").split()
    }


# systemd


@cache
def system_call_sets() -> dict[str, set[str]]:
    """The named sets of system calls, with those that they include by name."""
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True
    )
    found: dict[str, set[str]] = {}
    name = ""
    for line in told.stdout.splitlines():
        if line.startswith("@"):
            name = line.split()[0]
            found[name] = set()
        elif name and (word := line.strip()) and not word.startswith("#"):
            found[name].add(word)
    return found


def _calls(name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    return {call for part in system_call_sets().get(name, ()) for call in _calls(part)}


def system_calls(unit: str) -> set[str]:
    """The system calls that a unit allows: what one line takes away, no earlier one gives (systemd.exec(5))."""
    allowed = set(_calls("@default"))
    for words in re.findall(r"^SystemCallFilter=(.+)$", unit, re.MULTILINE):
        named = {call for word in words.removeprefix("~").split() for call in _calls(word)}
        allowed = allowed - named if words.startswith("~") else allowed | named
    return allowed

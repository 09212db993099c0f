"""The user that a gateway becomes when root started it."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from gateway.config.config import Config
from gateway.errors import StartupRefused
from gateway.paths import Paths
from gateway.state.acting import acting_as, owner_on_the_way

ACCOUNT = "moltbot"
SETTING = "gateway.process.user"
TLS_FILES = ("certPath", "keyPath", "caPath", "clientCaPath")
# Ids that neither distributions nor systemd give to anybody: https://systemd.io/UIDS-GIDS/
SPARE_IDS = range(61_000, 61_184)
CAP_CHOWN, CAP_SETGID, CAP_SETUID = 0, 6, 7


@dataclass(frozen=True)
class User:
    uid: int
    gid: int

    def __str__(self) -> str:
        return f"uid {self.uid}"


ROOT = User(0, 0)


def _account(name: str) -> User | None:
    try:
        found = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        return User(int(name), int(name)) if name.isdigit() else None
    return User(found.pw_uid, found.pw_gid)


def _is_mapped(uid: int) -> bool:
    """Tell whether this user namespace has the id."""
    lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    ranges = [[int(word) for word in line.split()] for line in lines]
    return any(first <= uid < first + count for first, _, count in ranges)


def _has_capabilities() -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))
    return all(effective >> number & 1 for number in (CAP_CHOWN, CAP_SETGID, CAP_SETUID))


def _spare() -> User:
    accounts = {entry.pw_uid for entry in pwd.getpwall()}
    return next(
        (User(uid, uid) for uid in SPARE_IDS if uid not in accounts and _is_mapped(uid)),
        ROOT,
    )


def chosen(config: Config, state: Path) -> User:
    """Return the user that root's gateway is to become: the configured one, else whose the state directory is,
    else the account `moltbot`, else an id that is nobody's.

    Raises StartupRefused when there is no such account.
    """
    name = config.text_at(SETTING)
    if name:
        user = _account(name)
        if user is None:
            raise StartupRefused(
                f"{SETTING} is {name!r}, and there is no such account",
                hint="make the account, or give a number",
            )
        return user
    owner = owner_on_the_way(state)
    return User(*owner) if owner else _account(ACCOUNT) or _spare()


def obstacle(user: User, config: Config, paths: Paths) -> str:
    """Return what keeps a process of root's from doing its work as a user; nothing when it can.

    The user must get to the state and to the configuration, which become its own, and be able to read the
    files of TLS, which stay whose they are: others may need them, and they are read again when they change.
    """
    if user == ROOT:
        return "no other user is there to become"
    if not (_is_mapped(user.uid) and _is_mapped(user.gid) and _has_capabilities()):
        return f"this process may not become {user}"
    ways = dict.fromkeys(part for path in (paths.state, paths.config) for part in reversed(path.parents))
    with acting_as(user.uid, user.gid):
        closed = next((way for way in ways if not way.is_relative_to(paths.state) and not _passes(way)), None)
        secret = next((file for file in tls_files(config) if not _reads(file)), None)
    if closed:
        return f"{user} cannot get through {closed}"
    return f"{user} cannot read {secret}" if secret else ""


def tls_files(config: Config) -> list[Path]:
    """Return the files of TLS that are named, and so need not be in the state directory."""
    named = (config.text_at(f"gateway.tls.{name}") for name in TLS_FILES)
    return [Path(name) for name in named if name]


def _passes(directory: Path) -> bool:
    """Tell whether the user can pass through a directory, which is another right than reading it."""
    return os.access(directory, os.X_OK, effective_ids=True)


def _reads(file: Path) -> bool:
    """Tell whether the user can read a file; one that is not there yet counts."""
    try:
        file.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return os.access(file, os.R_OK, effective_ids=True)

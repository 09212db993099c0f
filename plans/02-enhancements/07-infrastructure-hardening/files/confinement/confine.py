"""The last step before the gateway serves: it gives up all that its work does not need."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.confinement import filter as system_calls
from gateway.confinement import identity, privileges, territory
from gateway.confinement.identity import ROOT, User
from gateway.confinement.landlock import Ruleset
from gateway.confinement.preload import keep_in_reach, leave_commands_out
from gateway.errors import StartupRefused
from gateway.state import files
from gateway.state.acting import acting_as, hand_over, hand_over_file, owner_on_the_way
from gateway.tools.executables import let_read

if TYPE_CHECKING:
    from pyseccomp import SyscallFilter

    from gateway.server.gateway import Gateway


def confine(gateway: "Gateway") -> None:
    """Give up the user (of root), capabilities, files, system calls and limits that serving does not need.

    Whoever calls it has opened the ports and started the supervisor, and runs no second thread. What this
    host cannot enforce is logged. Raises StartupRefused when the configured user cannot be had.
    """
    if sum(1 for _ in Path("/proc/self/task").iterdir()) > 1:
        raise StartupRefused("the gateway has started threads before it confined itself")
    leave_commands_out()
    files.ensure_dir(gateway.journal.file.parent)
    user = _other_user(gateway) if os.geteuid() == 0 else None
    if user is not None:
        keep_in_reach(user)
        _hand_over(gateway, user)
    let_read(gateway.launcher.digest)
    rules, calls = _rules(gateway), _filter(gateway)
    try:
        privileges.become(user)
        privileges.limit()
        if rules is not None:
            rules.enforce()
        if calls is not None:
            calls.load()
    except OSError as error:
        raise StartupRefused(f"the gateway cannot confine itself: {error.strerror}") from None
    if user is not None:
        _be_at_home(gateway)
    gateway.journal.info(
        "confinement",
        "confined",
        uid=os.getuid(),
        landlock=rules.version if rules else None,
        seccomp=calls is not None,
    )


def _other_user(gateway: "Gateway") -> User | None:
    """Return the user to become, None when root must stay root; it has no capabilities then."""
    user = identity.chosen(gateway.config, gateway.paths.state)
    obstacle = identity.obstacle(user, gateway.config, gateway.paths)
    if not obstacle:
        return user
    asked = gateway.config.text_at(identity.SETTING)
    if asked and user != ROOT:
        raise StartupRefused(
            f"{identity.SETTING} is {asked!r}, and {obstacle}",
            hint="put it where that user can use it, such as below /var/lib/moltbot",
        )
    gateway.journal.warn(
        "confinement",
        f"stays root, without capabilities: {obstacle}",
        hint="start it as a user of its own, or put that where the user can use it",
    )
    return None


def _hand_over(gateway: "Gateway", user: User) -> None:
    """Give the user what root's gateway made or found, and say what it will not be able to use."""
    state = gateway.paths.state
    owner = owner_on_the_way(state)
    former = frozenset({0, owner[0]} if owner else {0})
    hand_over(state, user.uid, user.gid, of=former)
    for file in territory.configured_files(gateway.paths):
        hand_over_file(file, user.uid, user.gid)
    log = gateway.journal.file
    if not gateway.config.text_at("logging.file"):
        hand_over(log.parent, user.uid, user.gid)
    hand_over_file(log, user.uid, user.gid)
    with acting_as(user.uid, user.gid):
        closed = [path for path in _needed(gateway, log) if not os.access(path, os.W_OK, effective_ids=True)]
    for path in closed:
        gateway.journal.warn("confinement", f"{user} cannot write there", path=str(path))


def _needed(gateway: "Gateway", log: Path) -> list[Path]:
    return [
        territory.workspace(gateway.config, gateway.paths),
        log if log.exists() else log.parent,
        gateway.paths.config if gateway.paths.config.exists() else gateway.paths.config.parent,
    ]


def _rules(gateway: "Gateway") -> Ruleset | None:
    try:
        rules = Ruleset()
    except OSError as error:
        gateway.journal.warn("confinement", "files are not confined", reason=error.strerror)
        return None
    for path, rights in territory.rights(gateway):
        rules.allow(path, rights)
    return rules


def _filter(gateway: "Gateway") -> "SyscallFilter | None":
    try:
        return system_calls.program()
    except (ImportError, OSError) as error:
        gateway.journal.warn("confinement", "system calls are not confined", reason=str(error))
        return None


def _be_at_home(gateway: "Gateway") -> None:
    """Root's home is not the new user's: commands on the host inherit these."""
    os.environ["HOME"] = str(territory.workspace(gateway.config, gateway.paths))
    for name in ("USER", "LOGNAME"):
        os.environ.pop(name, None)

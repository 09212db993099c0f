"""Rights that a process gives up for good: its user, its capabilities, and what limits hold back.

prctl(2), capabilities(7), setrlimit(2).
"""

import ctypes
import os
import resource
from contextlib import suppress
from pathlib import Path

from gateway.confinement.identity import User

PR_SET_DUMPABLE = 4
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAPABILITY_VERSION = 0x2008_0522
LAST_POSSIBLE_CAPABILITY = 63

OPEN_FILES = 16_384
ADDRESS_SPACE = 8 << 30
OWN_TASKS = 1024

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _prctl(option: int, *values: int) -> int:
    padded = (*values, 0, 0, 0, 0)[:4]
    return int(_libc.prctl(ctypes.c_int(option), *(ctypes.c_ulong(value) for value in padded)))


def _check(result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def become(user: User | None) -> None:
    """Take another user's rights, or keep the user, and give up every capability for good. Raises OSError."""
    for capability in range(LAST_POSSIBLE_CAPABILITY + 1):
        if _prctl(PR_CAPBSET_READ, capability) == 1:
            # Without CAP_SETPCAP the set stays: with no_new_privs nothing can be gained from it.
            _prctl(PR_CAPBSET_DROP, capability)
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    if user is not None:
        os.setgroups([])
        os.setresgid(user.gid, user.gid, user.gid)
        os.setresuid(user.uid, user.uid, user.uid)
    header, nothing = _Header(version=CAPABILITY_VERSION, pid=0), (_Data * 2)()
    _check(_libc.capset(ctypes.byref(header), nothing))
    _check(_prctl(PR_SET_NO_NEW_PRIVS, 1))
    _check(_prctl(PR_SET_DUMPABLE, 0))


def limit() -> None:
    """Set the limits of this process, none higher than it is."""
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    lower(resource.RLIMIT_AS, ADDRESS_SPACE)
    # The kernel counts every thread of the user, those of other programs too.
    lower(resource.RLIMIT_NPROC, _tasks_of_user() + OWN_TASKS)


def lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _tasks_of_user() -> int:
    """Return the number of threads that run as this process's user."""
    tasks = 0
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and process.stat().st_uid == os.getuid():
                tasks += sum(1 for _ in (process / "task").iterdir())
    return tasks

"""Landlock: the kernel opens only the files that this process named before (landlock(7)).

The C library has no wrappers, so the three system calls are made by number; the numbers are the same on
every architecture.
"""

import ctypes
import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1
PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << bit for bit in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in range(13, 16))
BIND_TCP = 1
SCOPED_ABSTRACT_SOCKETS, SCOPED_SIGNALS = 1, 2

# By the version of the interface: the number of rights in a row, then what else it can hold back.
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
NETWORK, SCOPES = 4, 6

READ = READ_FILE | READ_DIR
CHANGE = READ | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

_libc = ctypes.CDLL(None, use_errno=True)


class _RulesetAttr(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def version() -> int:
    """Return the version of the kernel's interface, 0 where there is none."""
    with suppress(OSError):
        return _call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))
    return 0


class Ruleset:
    """What a process may do with files; everything that no rule names is refused. It listens on no new port.

    Raises OSError where the kernel has no Landlock.
    """

    def __init__(self) -> None:
        self.version = version()
        if not self.version:
            raise OSError(errno.EOPNOTSUPP, "the kernel has no Landlock")
        bits = FILE_RIGHTS[max(known for known in FILE_RIGHTS if known <= self.version)]
        self._handled = (1 << bits) - 1
        attributes = _RulesetAttr(
            handled_access_fs=self._handled,
            handled_access_net=BIND_TCP if self.version >= NETWORK else 0,
            scoped=SCOPED_ABSTRACT_SOCKETS | SCOPED_SIGNALS if self.version >= SCOPES else 0,
        )
        # An older kernel takes a longer structure only when what it does not know is zero.
        self._descriptor = _call(
            CREATE_RULESET,
            ctypes.byref(attributes),
            ctypes.c_size_t(ctypes.sizeof(attributes)),
            ctypes.c_uint32(0),
        )

    def allow(self, path: Path, rights: int) -> None:
        """Allow a file, or a directory and all below it. What is not there is passed over."""
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                rights &= OF_FILES
            rule = _PathBeneathAttr(allowed_access=rights & self._handled, parent_fd=descriptor)
            _call(
                ADD_RULE,
                ctypes.c_int(self._descriptor),
                ctypes.c_int(PATH_BENEATH),
                ctypes.byref(rule),
                ctypes.c_uint32(0),
            )
        finally:
            os.close(descriptor)

    def enforce(self) -> None:
        """Hold this thread, and all that it starts, to the rules for good; it must have no_new_privs."""
        _call(RESTRICT_SELF, ctypes.c_int(self._descriptor), ctypes.c_uint32(0))
        os.close(self._descriptor)

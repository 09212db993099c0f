"""The system calls that the gateway's own process may make.

It starts no program and no process: the supervisor does. So what the sandbox may call is more than enough,
and what starts, inspects or replaces programs is taken away from that.
"""

import errno
from typing import TYPE_CHECKING

from gateway.sandbox.seccomp import (
    FAMILIES,
    FILES,
    FIRST_COMMON,
    LAST_COMMON,
    MEMORY,
    PROCESSES,
    SOCKETS,
    WAITING,
)

if TYPE_CHECKING:
    from pyseccomp import SyscallFilter

NOT_NEEDED = frozenset(
    """
    execve execveat fork vfork clone clone3 capset chown fchown fchownat lchown mknod mknodat
    setgid setgroups setregid setresgid setresuid setreuid setuid setsid setpgid shmat shmctl shmdt shmget
    semctl semget semop semtimedop msgctl msgget msgrcv msgsnd mq_getsetattr mq_notify mq_open mq_timedreceive
    mq_timedsend mq_unlink personality setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
    remap_file_pages
    """.split()  # noqa: SIM905 - a table of words
)
ALLOWED = tuple(
    name for name in f"{FILES} {PROCESSES} {MEMORY} {WAITING} {SOCKETS}".split() if name not in NOT_NEEDED
)
# No honest program of this kind comes near them: whoever calls them runs code of their own.
DEADLY = """
ptrace process_vm_readv process_vm_writev init_module finit_module delete_module kexec_load kexec_file_load
reboot swapon swapoff mount umount2 pivot_root bpf iopl ioperm
""".split()  # noqa: SIM905 - a table of words

NEW_THREAD = 0x0001_0000  # CLONE_THREAD
# The C library asks the kernel which addresses this machine has before it sorts those of a name.
AF_NETLINK, NETLINK_ROUTE = 16, 0


def program() -> "SyscallFilter":
    """Return the filter; its `load` holds every thread of the process to it for good.

    Raises ImportError or OSError where libseccomp is not there or refuses.
    """
    from pyseccomp import (
        ALLOW,
        EQ,
        ERRNO,
        KILL_PROCESS,
        MASKED_EQ,
        Arch,
        Arg,
        Attr,
        SyscallFilter,
        resolve_syscall,
    )

    known = {name: resolve_syscall(Arch.NATIVE, name) for name in (*ALLOWED, *DEADLY)}
    allowed = {known[name] for name in ALLOWED if known[name] >= 0}
    rules = SyscallFilter(ERRNO(errno.EPERM))
    rules.set_attr(Attr.CTL_TSYNC, 1)
    for number in allowed:
        rules.add_rule(ALLOW, number)
    for name in DEADLY:
        if known[name] >= 0:
            rules.add_rule(KILL_PROCESS, known[name])
    for number in set(range(FIRST_COMMON, LAST_COMMON + 1)) - allowed:
        rules.add_rule(ERRNO(errno.ENOSYS), number)
    rules.add_rule(ALLOW, "clone", Arg(0, MASKED_EQ, NEW_THREAD, NEW_THREAD))
    for family in FAMILIES:
        rules.add_rule(ALLOW, "socket", Arg(0, EQ, family))
    rules.add_rule(ALLOW, "socket", Arg(0, EQ, AF_NETLINK), Arg(2, EQ, NETLINK_ROUTE))
    return rules

"""The system calls that sandboxed code may make; the kernel answers every other one with an error.

An allowlist after the default profile of container engines, without what inspects other processes, keeps
keys, mounts, makes namespaces or loads code into the kernel.
"""

import errno
import os

FILES = """
access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
fallocate fchdir fchmod fchmodat fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fremovexattr
fsetxattr fstat fstatfs fsync ftruncate futimesat getcwd getdents getdents64 getxattr inotify_add_watch
inotify_init inotify_init1 inotify_rm_watch ioctl lchown lgetxattr link linkat listxattr llistxattr
lremovexattr lseek lsetxattr lstat memfd_create mkdir mkdirat mknod mknodat newfstatat open openat openat2
pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv
removexattr rename renameat renameat2 rmdir sendfile setxattr splice stat statfs statx symlink symlinkat sync
sync_file_range syncfs tee truncate umask unlink unlinkat utime utimensat utimes vmsplice write writev
"""
PROCESSES = """
arch_prctl capget capset execve execveat exit exit_group fork futex futex_waitv get_robust_list
get_thread_area getcpu getegid geteuid getgid getgroups getitimer getpgid getpgrp getpid getppid getpriority
getresgid getresuid getrlimit getrusage getsid gettid getuid kill membarrier pidfd_open pidfd_send_signal
prctl prlimit64 restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity
sched_setattr sched_setparam sched_setscheduler sched_yield set_robust_list set_thread_area set_tid_address
setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid setresgid setresuid setreuid
setrlimit setsid setuid sigaltstack sysinfo tgkill time times tkill uname vfork wait4 waitid alarm pause
"""
MEMORY = """
brk madvise mincore mlock mlock2 mlockall mmap mprotect mremap msync munlock munlockall munmap pkey_alloc
pkey_free pkey_mprotect remap_file_pages shmat shmctl shmdt shmget semctl semget semop semtimedop msgctl
msgget msgrcv msgsnd mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink
"""
WAITING = """
clock_getres clock_gettime clock_nanosleep epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2
epoll_wait eventfd eventfd2 getrandom gettimeofday nanosleep poll ppoll pselect6 select signalfd signalfd4
timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime
timerfd_settime
"""
SOCKETS = """
accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg
sendmsg sendto setsockopt shutdown socketpair
"""
ALLOWED = tuple(f"{FILES} {PROCESSES} {MEMORY} {WAITING} {SOCKETS}".split())

# AF_UNIX, AF_INET, AF_INET6. Others, such as AF_VSOCK, are not held back by a network namespace.
FAMILIES = (1, 2, 10)
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NEW_NAMESPACES = 0x7E02_0000

# From this number on, system calls have the same number on every architecture. A C library tries new ones
# first, and takes the old ones only when the kernel says that it does not know the new ones.
FIRST_COMMON, LAST_COMMON = 424, 511


def program() -> bytes:
    """Return the filter as the kernel takes it (seccomp(2), BPF).

    Raises OSError or ImportError when libseccomp is not there or refuses.
    """
    from pyseccomp import ALLOW, EQ, ERRNO, MASKED_EQ, Arch, Arg, SyscallFilter, resolve_syscall

    known = {name: resolve_syscall(Arch.NATIVE, name) for name in ALLOWED}
    allowed = {number for number in known.values() if number >= 0}
    rules = SyscallFilter(ERRNO(errno.EPERM))
    for number in allowed:
        rules.add_rule(ALLOW, number)
    for number in set(range(FIRST_COMMON, LAST_COMMON + 1)) - allowed:
        rules.add_rule(ERRNO(errno.ENOSYS), number)
    rules.add_rule(ALLOW, "clone", Arg(0, MASKED_EQ, NEW_NAMESPACES, 0))
    for family in FAMILIES:
        rules.add_rule(ALLOW, "socket", Arg(0, EQ, family))
    descriptor = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()

"""From the first word of a command to a file: which one it is, who could replace it, what it can start."""

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SEARCH_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
SYSTEM = ("usr", "bin", "sbin", "lib", "lib64")
MOST_LINKS = 40
WRITABLE_BY_OTHERS = 0o022

# Programs whose business is to start other programs or to interpret code, by their names without versions.
LAUNCHERS = frozenset(
    """
    env sh ash bash dash zsh ksh mksh csh tcsh fish busybox toybox xargs find parallel nice ionice nohup
    timeout setsid stdbuf time watch flock script expect unbuffer sudo su doas runuser setpriv chroot unshare
    nsenter bwrap firejail systemd-run at batch crontab strace ltrace gdb lldb valgrind perf taskset chrt
    prlimit numactl python pypy perl ruby node nodejs deno bun php lua luajit tclsh wish awk gawk mawk nawk
    sed ed ex vi vim view nvim nano emacs less more most man pager tar cpio zip rsync scp sftp ssh git hg svn
    make gmake cmake ninja cargo go npm npx yarn pnpm pip pipx uv gem docker podman kubectl java jshell
    openssl curl wget nc ncat netcat socat telnet ftp dd install run-parts start-stop-daemon tee
    """.split()  # noqa: SIM905 - a table of words
)
LOADER = re.compile(r"ld[-.].*")
MULTI_CALL = frozenset({"busybox", "toybox", "coreutils"})


@dataclass(frozen=True)
class Identity:
    """What tells a file from one that was put in its place."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


@dataclass(frozen=True)
class Executable:
    """A program: where it is, whether only root can replace it, and its file (None in a sandbox's own)."""

    path: str
    only_root: bool
    identity: Identity | None

    @property
    def sha256(self) -> str | None:
        return _digest(self.path, self.identity) if self.identity else None

    @property
    def launches(self) -> bool:
        """Whether the program starts others or interprets code, under its name or the file's own."""
        names = {Path(self.path).name, Path(os.path.realpath(self.path)).name} - MULTI_CALL
        names |= {Path(self.path).name}
        plain = {re.sub(r"[\d.-]+$", "", name) for name in names}
        return not LAUNCHERS.isdisjoint(plain) or any(LOADER.fullmatch(name) for name in names)

    @property
    def of_the_system(self) -> bool:
        """Whether a sandbox has the program at the same place."""
        return Path(self.path).parts[1] in SYSTEM


def identify(path: str) -> Identity:
    """Return the identity of a file. Raises OSError."""
    found = Path(path).stat()
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=256)
def _digest(path: str, _identity: Identity) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _belongs_to_root(path: Path) -> bool:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return found.st_uid == 0
    return found.st_uid == 0 and not found.st_mode & WRITABLE_BY_OTHERS


def only_root_can_replace(path: Path) -> bool:
    """Tell whether every directory and link on the way to a file, and the file, is root's alone."""
    for _ in range(MOST_LINKS):
        parent = path.parent.resolve()
        if not all(_belongs_to_root(part) for part in (parent, *parent.parents, path)):
            return False
        if not path.is_symlink():
            return path.is_file()
        path = parent / path.readlink()
    return False


def _runnable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def find(word: str, cwd: str) -> Executable | None:
    """Return the program that a word names, None when there is none.

    A bare name is looked for in fixed directories, never on PATH or in the current directory.
    """
    if not word or "\0" in word:
        return None
    if "/" in word:
        given = Path(cwd, word)
        places = [given.parent.resolve() / given.name]
    else:
        places = [Path(directory).resolve() / word for directory in SEARCH_PATH]
    for place in places:
        try:
            if place.name not in {"", ".", ".."} and _runnable(place):
                return Executable(str(place), only_root_can_replace(place), identify(str(place)))
        except OSError:
            continue
    return None

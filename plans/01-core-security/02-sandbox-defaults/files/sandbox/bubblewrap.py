"""How a sandbox is made: namespaces, a root of its own, and what the code in it may use."""

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gateway.config.config import Config

WORKSPACE = PurePosixPath("/workspace")
NOBODY = "65534"
SETUP_FAILED = 125
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"
SYSTEM_DIRECTORIES = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
SYSTEM_FILES = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime")
UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

NAMESPACES = (
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-uts",
    "--unshare-cgroup-try",
)
PRIVILEGES = ("--cap-drop", "ALL", "--new-session", "--die-with-parent")


class CannotSandbox(Exception):
    """The sandbox that is configured cannot be made."""


class NotInSandbox(Exception):
    """The command cannot be run in any sandbox as it was asked for."""


@dataclass(frozen=True)
class Sandbox:
    """A sandbox as the supervisor makes it; sizes are in bytes."""

    program: str
    options: tuple[str, ...]
    argv: tuple[str, ...]
    processes: int
    memory: int
    file_size: int
    own_user: bool
    """Whether nothing of the host's is bound, so that a user that owns nothing can run it."""


def parse_size(text: str) -> int:
    """Return the bytes of a size such as `512m`."""
    found = re.fullmatch(r"(\d+)([bkmg]?)", text.lower())
    if found is None:
        raise CannotSandbox(f"{text!r} is not a size such as 512m")
    return int(found[1]) * UNITS[found[2]]


def _root() -> list[str]:
    """Bind the system's programs, and nothing else of the host."""
    options = ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM_DIRECTORIES:
        path = Path("/", name)
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    for file in SYSTEM_FILES:
        options += ["--ro-bind-try", file, file]
    return options


def _memory_backed(path: str, size: int) -> list[str]:
    return ["--size", str(size), "--tmpfs", path]


def _workspace(config: Config, host: Path, size: int) -> list[str]:
    access = config.text_at("agents.defaults.sandbox.workspaceAccess")
    if access == "none":
        return _memory_backed(str(WORKSPACE), size)
    return ["--bind" if access == "rw" else "--ro-bind", str(host), str(WORKSPACE)]


def _environment(config: Config, extra: dict[str, str]) -> list[str]:
    values = {"PATH": SEARCH_PATH, "HOME": str(WORKSPACE), "TMPDIR": "/tmp", "LANG": "C.UTF-8"}  # noqa: S108
    values |= config.get("agents.defaults.sandbox.docker.env") or {}
    values |= extra
    options = ["--clearenv"]
    for name, value in values.items():
        options += ["--setenv", name, value]
    return options


def directory_inside(host: Path, cwd: str) -> PurePosixPath:
    """Return where a directory of the workspace is in the sandbox.

    Raises NotInSandbox for a directory outside the workspace.
    """
    path = PurePosixPath(cwd)
    for top in (PurePosixPath(host), WORKSPACE):
        if path.is_relative_to(top) and ".." not in path.parts:
            return WORKSPACE / path.relative_to(top)
    raise NotInSandbox(f"{cwd} is outside the workspace, and so outside the sandbox")


def _with_setup(command: str, argv: tuple[str, ...]) -> tuple[str, ...]:
    """Run the set-up command before the command; the shell sees only the former's quoted words."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CannotSandbox(f"agents.defaults.sandbox.docker.setupCommand: {error}") from None
    if not words:
        return argv
    script = f'{shlex.join(words)} >/dev/null 2>&1 || exit {SETUP_FAILED}; exec "$@"'
    return ("/bin/sh", "-c", script, "sandbox", *argv)


def plan(config: Config, workspace: Path, argv: tuple[str, ...], cwd: str, env: dict[str, str]) -> Sandbox:
    """Return the sandbox for one command, by `agents.defaults.sandbox`.

    Raises CannotSandbox when the configuration rules it out, NotInSandbox when the command does.
    """
    settings = "agents.defaults.sandbox"
    size = parse_size(config.text_at(f"{settings}.tmpfsSize"))
    bound = config.text_at(f"{settings}.workspaceAccess") != "none"
    inside = str(directory_inside(workspace, cwd))
    options = [*NAMESPACES, "--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox", *_root()]
    options += ["--proc", "/proc", "--dev", "/dev", *_memory_backed("/dev/shm", size)]  # noqa: S108
    options += ["--remount-ro", "/dev", *_memory_backed("/tmp", size)]  # noqa: S108
    options += _workspace(config, workspace, size)
    if not bound:
        options += ["--dir", inside]
    options += ["--remount-ro", "/", "--chdir", inside, *PRIVILEGES, *_environment(config, env)]
    if any("\0" in word for word in (*options, *argv)):
        # bwrap takes its options separated by NUL: a value that holds one would add options of its own.
        raise NotInSandbox("arguments, directories and environment variables must not contain NUL")
    return Sandbox(
        program=config.text_at(f"{settings}.bubblewrap"),
        options=tuple(options),
        argv=_with_setup(config.text_at(f"{settings}.docker.setupCommand"), argv),
        processes=config.number_at(f"{settings}.docker.pidsLimit"),
        memory=parse_size(config.text_at(f"{settings}.docker.memory")),
        file_size=size,
        own_user=not bound,
    )


def fault(config: Config) -> str:
    """Return why sandboxes cannot be made here; empty when one was made and left."""
    try:
        made = plan(config, Path("/workspace"), ("/usr/bin/true",), "/workspace", {})
        done = subprocess.run(
            [made.program, *made.options, "--", *made.argv],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (CannotSandbox, OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"bwrap ended with {done.returncode}"

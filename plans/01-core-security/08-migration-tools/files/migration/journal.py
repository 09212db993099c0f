"""The journal of a migration: what was, written down before anything changes.

One file holds everything that is needed to go back: content, mode and times.
While it is called pending.json the old state counts, and whoever finds it there
after a crash goes back; renaming it to done.json is the instant from which the
new state counts. It is sealed, with a key in keys/, because it holds old
secrets as they lay there.
"""

import base64
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.config.sealing import secret_files, secrets_in
from gateway.errors import GatewayError, StateError
from gateway.migration import recovery
from gateway.migration.plan import Plan
from gateway.paths import Paths
from gateway.state import files
from gateway.state.envelope import Key, Unopened, looks_sealed, payload_of
from gateway.state.ownership import open_own

KEY_MODE = 0o400
PURPOSE = "migration journal"


@dataclass(frozen=True)
class Entry:
    """What stood at a path; `mode` is None where nothing did. Content is kept of files that change.

    `after` is the SHA-256 of what the migration put there.
    """

    path: str
    mode: int | None = None
    directory: bool = False
    accessed_ns: int = 0
    modified_ns: int = 0
    content: str | None = None
    after: str | None = None


class Journal:
    """The journal of one state directory."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self.directory = recovery.directory(paths)
        self.pending = self.directory / recovery.PENDING
        self.done = self.directory / recovery.DONE
        self._key_file = paths.keys / "migration.key"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the state directory against other migrations; the lock leaves no file behind.

        Raises StateError when one is under way.
        """
        descriptor = os.open(self._paths.state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise StateError(
                f"{self._paths.state}: a migration is under way", hint="wait for it to end, then try again"
            ) from None
        finally:
            os.close(descriptor)

    # Forward

    def begin(self, plan: Plan) -> None:
        """Write down what is there; from now on a crash leads back to it."""
        entries = [self._entry(path, plan) for path in self._concerned(plan)]
        files.ensure_dir(self.directory)
        key = self._key() or self._new_key()
        record = {
            "version": 1,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "changes": [str(change) for change in plan.changes],
            "before": key.seal(PURPOSE, json.dumps([asdict(entry) for entry in entries])),
        }
        files.write_text(self.pending, json.dumps(record, indent=2) + "\n")

    def apply(self, plan: Plan) -> None:
        """Make the planned changes, each file as a whole."""
        for path, (content, mode) in plan.files.items():
            if content is None:
                path.unlink()
            else:
                files.ensure_dir(path.parent)
                _write(path, content, mode)
        for path, mode in plan.modes.items():
            if path not in plan.files:
                _set_mode(path, mode)

    def commit(self) -> None:
        """From here on the new state counts."""
        self.pending.replace(self.done)
        _sync(self.directory)

    # Back

    def recover(self) -> bool:
        """Go back to what was before an interrupted migration; tell whether there was one."""
        if not recovery.is_due(self._paths):
            return False
        if self.pending.exists():
            self.undo()
        else:
            self._clean_up()
            with suppress(OSError):
                self._paths.keys.rmdir()
        return True

    def undo(self) -> None:
        """Put everything back as it was, and remove the journal. A crash on the way is no harm."""
        entries = self._entries(self.pending)
        kept = self._paths.keys / "secrets.key"
        for entry in entries:
            self._restore(self._place(entry), entry)
        for entry in entries:
            path = self._place(entry)
            if entry.mode is None and not entry.directory and not (path == kept and self._is_needed()):
                path.unlink(missing_ok=True)
        directories = sorted(
            (each for each in entries if each.directory), key=lambda each: each.path, reverse=True
        )
        for entry in directories:
            self._restore_directory(self._place(entry), entry)
        self.pending.unlink()
        _sync(self.directory)
        self._clean_up()
        # Once more: what was removed since has changed times, and may have left an empty directory.
        for entry in directories:
            self._restore_directory(self._place(entry), entry)

    def roll_back(self, *, force: bool) -> list[str]:
        """Go back to what was before the last migration; returns what changed since and is lost.

        Raises StateError when there is nothing to go back to, or something changed since and
        `force` is not given.
        """
        if not self.done.exists():
            raise StateError(f"{self._paths.state}: there is no migration to take back")
        entries = self._entries(self.done)
        changed = [entry.path for entry in entries if entry.after is not None and self._differs(entry)]
        if changed and not force:
            raise StateError(
                f"changed since the migration: {', '.join(changed)}",
                hint="--force puts the old files in their place and drops the newer ones",
            )
        self.done.replace(self.pending)
        _sync(self.directory)
        self.undo()
        return changed

    def forget(self) -> bool:
        """Remove what is needed to go back; tell whether there was something."""
        if not self.done.exists():
            return False
        self.done.unlink()
        self._clean_up()
        return True

    # Inside

    def _concerned(self, plan: Plan) -> list[Path]:
        """Return every file and directory that will be another, the directories of those included."""
        directories = {path.parent for path in plan.files} | {self._paths.state, self._paths.keys}
        return sorted(directories | plan.files.keys() | plan.modes.keys() | {self.directory})

    def _entry(self, path: Path, plan: Plan) -> Entry:
        state = self._paths.state
        name = str(path.relative_to(state) if path.is_relative_to(state) else path)
        new, _ = plan.files.get(path, (None, 0))
        after = hashlib.sha256(new or b"").hexdigest() if path in plan.files else None
        try:
            status = path.lstat()
        except FileNotFoundError:
            return Entry(name, directory=path not in plan.files, after=after)
        return Entry(
            name,
            stat.S_IMODE(status.st_mode),
            stat.S_ISDIR(status.st_mode),
            status.st_atime_ns,
            status.st_mtime_ns,
            base64.b64encode(_read(path)).decode() if path in plan.files else None,
            after,
        )

    def _entries(self, file: Path) -> list[Entry]:
        record = files.read_json(file, {})
        key = self._key()
        if key is None:
            raise StateError(f"{file}: its key is gone", hint=f"put {self._key_file} back from a backup")
        try:
            opened = json.loads(key.open(PURPOSE, payload_of(str(record["before"]))))
        except (Unopened, KeyError, ValueError) as error:
            raise StateError(f"{file}: cannot be opened: {error}") from None
        return [Entry(**entry) for entry in opened]

    def _place(self, entry: Entry) -> Path:
        return self._paths.state / entry.path

    def _differs(self, entry: Entry) -> bool:
        path = self._place(entry)
        return hashlib.sha256(_read(path) if path.exists() else b"").hexdigest() != entry.after

    def _restore(self, path: Path, entry: Entry) -> None:
        _temporary(path).unlink(missing_ok=True)
        if entry.mode is None or entry.directory:
            return
        if entry.content is not None:
            content = base64.b64decode(entry.content)
            if not path.exists() or _read(path) != content:
                files.ensure_dir(path.parent)
                _write(path, content, entry.mode)
        _set_mode(path, entry.mode)
        if entry.content is not None:
            os.utime(path, ns=(entry.accessed_ns, entry.modified_ns))

    def _restore_directory(self, path: Path, entry: Entry) -> None:
        if entry.mode is None:
            with suppress(OSError):
                path.rmdir()
            return
        _set_mode(path, entry.mode)
        os.utime(path, ns=(entry.accessed_ns, entry.modified_ns))

    def _is_needed(self) -> bool:
        """Tell whether something was sealed since, which only the key that the migration made opens."""
        with suppress(GatewayError):
            for file in secret_files(self._paths):
                if any(looks_sealed(stored) for stored in secrets_in(file).values()):
                    return True
        return False

    def _key(self) -> Key | None:
        text = files.read_text(self._key_file)
        return Key.parse(text) if text else None

    def _new_key(self) -> Key:
        key = Key.generate()
        files.write_text(self._key_file, f"{key.line}\n", KEY_MODE)
        return key

    def _clean_up(self) -> None:
        self._key_file.unlink(missing_ok=True)
        leftovers = (*self._paths.keys.glob(".migration.key.*.tmp"), *self.directory.glob(".*.tmp"))
        for path in leftovers:
            path.unlink()
        self.directory.rmdir()


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.migration.tmp")


def _read(path: Path) -> bytes:
    with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
        return file.read()


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace the file: after a crash it is the old or the new one."""
    temporary = _temporary(path)
    with os.fdopen(open_own(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync(path.parent)


def _set_mode(path: Path, mode: int) -> None:
    if stat.S_IMODE(path.lstat().st_mode) == mode:
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The keys that secrets are sealed with: where they come from, and that nobody else can read them.

Taken in this order: the file descriptor that GATEWAY_SECRETS_KEY_FD names, the
file gateway-secrets-key in $CREDENTIALS_DIRECTORY (systemd's LoadCredential),
keys/secrets.key in the state directory, which is made when it is needed. Each
holds one key a line: the first one seals, all of them open.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import StateError
from gateway.paths import Paths
from gateway.state import files
from gateway.state.envelope import Key
from gateway.state.ownership import open_own

FD_VARIABLE = "GATEWAY_SECRETS_KEY_FD"
CREDENTIAL = "gateway-secrets-key"
KEY_MODE = 0o400
READABLE_BY_OTHERS = 0o077
# The standard way to keep a directory out of backups: https://bford.info/cachedir/
BACKUP_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# The keys must not be in the same backup as what they open.\n"
)
LARGEST = 65_536


def parse_keys(text: str, origin: str) -> tuple[Key, ...]:
    """Return the keys of a file.

    Raises StateError naming the line that is no key.
    """
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        key = Key.parse(line)
        if key is None:
            raise StateError(
                f"{origin}:{number}: not a whole key",
                hint="`secrets generate` prints one; a lost key is lost with what it sealed",
            )
        keys.append(key)
    if not keys:
        raise StateError(f"{origin}: holds no key", hint="`secrets generate` prints one")
    return tuple(keys)


class Keyring:
    """The keys of one state directory."""

    def __init__(self, paths: Paths) -> None:
        self.file = paths.keys / "secrets.key"
        self.source, self.given = _given_from_outside()
        self._local: tuple[Key, ...] = ()
        self._seen: tuple[int, ...] = ()
        self._held = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the keys against other processes; inside, this may be entered again."""
        if self._held:
            yield
            return
        with files.locked(self.file):
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def local(self) -> tuple[Key, ...]:
        """Return the keys of the key file, read again when it was replaced.

        Raises StateError when the file is damaged, not the gateway's own, or readable by others.
        """
        try:
            descriptor = open_own(self.file, os.O_RDONLY)
        except FileNotFoundError:
            self._local, self._seen = (), ()
            return ()
        with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
            found = os.fstat(descriptor)
            self._refuse_exposed(found)
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
            if seen != self._seen:
                self._local, self._seen = parse_keys(file.read(LARGEST), str(self.file)), seen
        return self._local

    def _refuse_exposed(self, found: os.stat_result) -> None:
        mode = stat.S_IMODE(found.st_mode)
        if mode & READABLE_BY_OTHERS:
            raise StateError(
                f"{self.file}: others can read the key (mode {mode:04o}); it must have mode {KEY_MODE:04o}",
                hint="a key that others could read is no secret: chmod 400, start, then `secrets rotate`",
            )

    def all(self) -> tuple[Key, ...]:
        return (*self.given, *self.local())

    def find(self, key_id: str) -> Key | None:
        """Return the key with an id."""
        return next((key for key in self.all() if key.id == key_id), None)

    def current(self) -> Key:
        """Return the key that seals; one is made when there is none."""
        keys = self.all()
        if keys:
            return keys[0]
        with self.locked():
            if not self.local():
                self.store((Key.generate(),))
        return self.local()[0]

    def store(self, keys: tuple[Key, ...]) -> None:
        """Replace the key file; call it under the lock."""
        tag = self.file.with_name("CACHEDIR.TAG")
        if not tag.exists():
            files.write_text(tag, BACKUP_TAG)
        files.write_text(self.file, "".join(f"{key.line}\n" for key in keys), KEY_MODE)


def _given_from_outside() -> tuple[str, tuple[Key, ...]]:
    """Return where the keys come from, and those that do not come from the state directory."""
    descriptor = os.environ.pop(FD_VARIABLE, None)
    if descriptor is not None:
        return f"{FD_VARIABLE}={descriptor}", parse_keys(_read_descriptor(descriptor), FD_VARIABLE)
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(directory) / CREDENTIAL if directory else None
    text = files.read_text(path) if path else None
    return (str(path), parse_keys(text, str(path))) if text is not None else ("keys/secrets.key", ())


def _read_descriptor(number: str) -> str:
    """Read the descriptor to its end and close it, so that no child inherits it."""
    try:
        with os.fdopen(int(number), encoding="ascii", errors="replace") as file:
            return file.read(LARGEST)
    except (ValueError, OSError):
        raise StateError(
            f"{FD_VARIABLE}: {number[:20]!r} is not an open file descriptor",
            hint="pass it open to the gateway, for example: 9< /run/secrets/gateway-secrets-key",
        ) from None

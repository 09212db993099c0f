"""Rotation of keys: everything is sealed anew, and the old key opens nothing any more.

The new key is stored beside the old one, every file is rewritten, then the old
key is dropped. Each step replaces a file as a whole and both keys open until
the last one, so a crash at any instant leaves a state that can be read, and
the next start finishes what was begun.
"""

from pathlib import Path

from gateway.config.sealing import SecretFile, change_secrets, secret_files, secrets_in
from gateway.errors import ConfigError
from gateway.paths import Paths
from gateway.state import secrets
from gateway.state.envelope import Key
from gateway.state.sealed import open_sealed, ring


def unfinished() -> bool:
    """Tell whether a rotation was interrupted, or a key from outside replaces the key file."""
    local = ring().local()
    return len(local) > 1 or bool(local and ring().given)


def rotate(paths: Paths) -> list[Path]:
    """Seal everything with a new key; returns the backups that no key opened, which are removed.

    A key from outside is not made here: its first line is the new key.
    Raises ConfigError, before anything is changed, when a secret does not open.
    """
    keys = ring()
    with keys.locked():
        files = secret_files(paths)
        _refuse_unopened(files)
        if not keys.given:
            keys.store((Key.generate(), *keys.local()))
        return _finish(files)


def finish(paths: Paths) -> list[Path]:
    """Finish an interrupted rotation; call it under the lock."""
    files = secret_files(paths)
    _refuse_unopened(files)
    return _finish(files)


def _refuse_unopened(files: list[SecretFile]) -> None:
    for file in files:
        if not file.spare:
            for path, stored in secrets_in(file).items():
                secrets.opener(file.path)(path, stored)


def _finish(files: list[SecretFile]) -> list[Path]:
    keys, removed = ring(), []
    new = keys.current()

    def renew(path: str, stored: str) -> str:
        if path in secrets.ONLY_COMPARED:
            return secrets.seal(path, stored)
        return new.seal(path, open_sealed(path, stored))

    for file in files:
        try:
            change_secrets(file, renew)
        except ConfigError:
            if not file.spare:
                raise
            file.path.unlink()
            removed.append(file.path)
    if keys.given:
        keys.file.unlink(missing_ok=True)
    else:
        keys.store((new,))
    return removed

"""Sealing and opening with the keys of the state directory in use."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import ConfigError
from gateway.paths import Paths
from gateway.state.envelope import SEALED, Key, Unopened, key_id, looks_sealed, payload_of
from gateway.state.keyring import Keyring

WRITE_ANEW = "write the secret itself in its place, or take the value from a backup of this file"


class _InUse:
    ring: Keyring | None = None


def use(paths: Paths) -> None:
    """Take the keys of a state directory from here on.

    Raises StateError when a key that is given from outside is damaged.
    """
    _InUse.ring = Keyring(paths)


def ring() -> Keyring:
    """Return the keys in use: those of the default state directory unless others were chosen."""
    if _InUse.ring is None:
        use(Paths.resolve())
    assert _InUse.ring is not None  # noqa: S101 - `use` has just set it
    return _InUse.ring


def seal(path: str, secret: str) -> str:
    """Return the sealed form of the secret at a dotted path.

    Raises ConfigError for a text that could be taken for a sealed one.
    """
    if looks_sealed(secret):
        raise ConfigError(f"{path}: starts like a sealed secret", hint="give the secret itself")
    return ring().current().seal(path, secret)


def open_sealed(path: str, stored: str) -> str:
    """Return the secret of what is stored at a dotted path; what was never sealed is returned as it is.

    Raises ConfigError when it does not open.
    """
    if not looks_sealed(stored):
        return stored
    try:
        payload = payload_of(stored)
        return _key_of(stored).open(path, payload)
    except Unopened as error:
        raise ConfigError(f"{path}: {error}", hint=WRITE_ANEW) from None


def _key_of(stored: str) -> Key:
    wanted = key_id(stored) or ""
    key = ring().find(wanted)
    if key is None:
        known = ", ".join(each.id for each in ring().all()) or "none"
        raise Unopened(f"it is sealed with the key {wanted}, which is not here (keys: {known})")
    return key


@contextmanager
def steady_keys() -> Iterator[None]:
    """Hold off a rotation of keys while a file is written."""
    with ring().locked():
        yield


def refuse_retired(text: str | None) -> None:
    """Refuse to write what nobody could open: a rotation took its key away since it was sealed.

    Raises ConfigError.
    """
    for found in SEALED.finditer(text or ""):
        if ring().find(found[1]) is None:
            raise ConfigError("the keys were rotated meanwhile: nothing was written", hint="try again")

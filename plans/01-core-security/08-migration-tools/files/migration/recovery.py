"""Whether a migration was broken off: what every command asks before it reads any state."""

from pathlib import Path

from gateway.paths import Paths

PENDING = "pending.json"
DONE = "done.json"


def directory(paths: Paths) -> Path:
    """Return the directory of the journal."""
    return paths.state / "migration"


def is_due(paths: Paths) -> bool:
    """Tell whether a migration, or taking one back, was broken off."""
    place = directory(paths)
    return place.is_dir() and ((place / PENDING).exists() or not (place / DONE).exists())


def recover(paths: Paths) -> bool:
    """Go back to what was before a migration that was broken off; tell whether one was.

    Raises StateError while one is under way.
    """
    if not is_due(paths):
        return False
    from gateway.migration.journal import Journal

    journal = Journal(paths)
    with journal.locked():
        return journal.recover()

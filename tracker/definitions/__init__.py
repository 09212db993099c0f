"""The files that define a project, read: ``load``, ``fingerprint``, ``body``.

Each is imported when it is asked for: a command that finds the fingerprint unchanged needs nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.definitions.loading import Cache, Loaded, load
    from tracker.definitions.scan import fingerprint
    from tracker.definitions.sources import body

__all__ = ["Cache", "Loaded", "body", "fingerprint", "load"]

_HOMES = {
    "Cache": "loading",
    "Loaded": "loading",
    "load": "loading",
    "fingerprint": "scan",
    "body": "sources",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

"""Modules that are imported later, when the gateway has become a user who may not get at their files.

That is so where the interpreter or its environment lies in somebody's home, such as `/root`. What is imported inside
functions, here or in libraries, is then reached through descriptors of the directories of modules, which are opened
before the user changes: they lead past what lies above, and to nothing that the user may not read (open(2), O_PATH).
"""

import importlib
import os
import pkgutil
import sys
from contextlib import suppress
from pathlib import Path

import gateway
from gateway.confinement.identity import User
from gateway.state.acting import acting_as

PACKAGES = (
    *("asyncio", "concurrent", "email", "encodings", "html", "http", "importlib", "json", "urllib"),
    *("anyio", "argon2", "certifi", "cryptography.hazmat.primitives", "cryptography.x509", "h11", "httpcore"),
    *("httpx", "idna", "json5", "nh3", "sniffio"),
)
MODULES = ("_strptime", "difflib", "ipaddress", "linecache", "stringprep", "traceback", "unicodedata", "uuid")
# They need packages that are not there, belong to other systems, or do something when they are imported.
LEFT_OUT = (
    *("anyio._backends._trio", "anyio.pytest_plugin", "cryptography.hazmat.primitives.twofactor"),
    *("encodings.mbcs", "encodings.oem", "httpx._main"),
)
# Commands and tests run in processes of their own.
ELSEWHERE = (
    *("gateway.cli", "gateway.migration", "gateway.security.controls", "gateway.security.findings"),
    *("gateway.supply_chain", "gateway.tests"),
)


def leave_commands_out() -> None:
    """Keep a library from importing the command line that it brings, with all that draws it: nothing of that serves."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # what stands so cannot be imported


def keep_in_reach(user: User) -> None:
    """See to it that a user can import what root can: through descriptors, or else by importing everything now."""
    if _can_import(user):
        return
    _through_descriptors()
    if not _can_import(user):
        _import_all()


def _can_import(user: User) -> bool:
    there = [place for place in (*sys.path, *gateway.__path__) if Path(place).exists()]
    with acting_as(user.uid, user.gid):
        return all(os.access(place, os.R_OK | os.X_OK, effective_ids=True) for place in there)


def _through_descriptors() -> None:
    doors: dict[str, str] = {}
    for place in sys.path:
        with suppress(OSError):
            doors[place] = f"/proc/self/fd/{os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)}"

    def through(path: str) -> str:
        above = [place for place in doors if path == place or path.startswith(f"{place}/")]
        nearest = max(above, key=len, default="")
        return doors.get(nearest, nearest) + path[len(nearest) :]

    sys.path[:] = map(through, sys.path)
    for module in list(sys.modules.values()):
        places = getattr(module, "__path__", None)
        if isinstance(places, list):
            places[:] = map(through, places)
    sys.path_importer_cache.clear()


def _import_all() -> None:
    """Import every module that the serving process, or a library, uses at some time."""
    names = [*MODULES, *_modules_of("gateway")]
    for package in PACKAGES:
        names += [package, *_modules_of(package)]
    for name in names:
        if not name.startswith((*LEFT_OUT, *ELSEWHERE)) and not name.endswith(".__main__"):
            with suppress(Exception):  # a library's module for another system may fail in any way
                importlib.import_module(name)
    with suppress(ImportError, OSError):
        from gateway.tools import pinned_fetch

        pinned_fetch._authorities()  # noqa: SLF001 - it keeps what it has read


def _modules_of(package: str) -> list[str]:
    """Return the modules of a package; to find those below, packages in it are imported."""
    found = []
    with suppress(ImportError):
        module = importlib.import_module(package)
        for each in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{package}."):
            found.append(each.name)
            if each.ispkg and not each.name.startswith((*LEFT_OUT, *ELSEWHERE)):
                with suppress(Exception):
                    found += _modules_of(each.name)
    return found

"""Modules that would be imported later, when a confined process may not do what importing them takes.

Some libraries start a program or make a temporary file when they are imported. And where the interpreter or its
environment lies in somebody's home, such as `/root`, the user that the gateway becomes cannot get at any module:
then all that is imported inside functions, here or in libraries, is imported before the user changes.
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

PACKAGES = ("asyncio", "concurrent", "email", "encodings", "html", "http", "importlib", "json", "urllib")
LIBRARIES = (
    *("anyio._backends._asyncio", "anyio", "argon2", "certifi", "cryptography.hazmat.primitives"),
    *("cryptography.x509", "h11", "httpcore", "httpx", "idna", "json5", "nh3", "sniffio"),
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


def can_import(user: User) -> bool:
    """Tell whether a user gets at the files of every module."""
    with acting_as(user.uid, user.gid):
        return all(
            os.access(place, os.R_OK | os.X_OK, effective_ids=True)
            for place in (sys.prefix, sys.base_prefix, *sys.path, *gateway.__path__)
            if _is_there(Path(place))
        )


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except PermissionError:
        return True


def preload() -> None:
    """Import the libraries that the serving process uses at some time."""
    for name in LIBRARIES:
        _import(name)


def preload_all() -> None:
    """Import every module that the serving process, or a library, uses at some time."""
    names = [*MODULES, *_modules_of("gateway")]
    for package in (*PACKAGES, *LIBRARIES):
        names += [package, *_modules_of(package)]
    for name in names:
        if not name.startswith((*LEFT_OUT, *ELSEWHERE)) and not name.endswith(".__main__"):
            _import(name)
    with suppress(ImportError, OSError):
        from gateway.tools import pinned_fetch

        pinned_fetch._authorities()  # noqa: SLF001 - it keeps what it has read


def _import(name: str) -> None:
    with suppress(Exception):  # a library's module for another system may fail in any way
        importlib.import_module(name)


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

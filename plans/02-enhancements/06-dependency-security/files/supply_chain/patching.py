"""Patches of a lock: the lowest fixed version, pinned by hash, tried by a test suite, taken back on red."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import Version

from gateway.state import files
from gateway.supply_chain.advisories import AdvisorySet
from gateway.supply_chain.errors import SupplyChainError
from gateway.supply_chain.lock import Lock, Pin
from gateway.supply_chain.vulnerabilities import holes, lowest_fix

SUMS = "SHA256SUMS"
LONGEST_TAIL = 2000


@dataclass(frozen=True)
class Upgrade:
    pin: Pin
    to: Version
    advisories: tuple[str, ...]


def upgrades(lock: Lock, advisories: AdvisorySet) -> tuple[list[Upgrade], list[Pin]]:
    """Return the smallest upgrades that leave no known hole, and the pins that have no fix."""
    found: list[Upgrade] = []
    without: list[Pin] = []
    for pin in lock.pins:
        named = tuple(hole.names[0] for hole in holes(pin, advisories))
        fix = lowest_fix(pin, advisories) if named else None
        if fix is not None:
            found.append(Upgrade(pin, fix, named))
        elif named:
            without.append(pin)
    return found, without


class Wheelhouse:
    """A directory of wheels with the sums that their publisher gave for them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        path = directory / SUMS
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SupplyChainError(
                f"{path}: cannot be read: {error}",
                hint="a line of it is `<sha256>  <file>`, as sha256sum writes it where the wheels are trusted",
            ) from None
        self._sums: dict[str, str] = {}
        for number, line in enumerate(lines, 1):
            found = re.fullmatch(r"([0-9a-f]{64}) [ *]([^/\0]+)", line)
            if found is None and line.strip():
                raise SupplyChainError(f"{path}:{number}: not `<sha256>  <file>`")
            if found is not None:
                self._sums[found[2]] = found[1]

    def hashes(self, name: str, version: Version) -> tuple[str, ...]:
        """Return the sums of the wheels of one version.

        Raises SupplyChainError when there is none: the hash of a file that nobody vouched for says nothing.
        """
        wanted = (canonicalize_name(name), version)
        found = [digest for file, digest in self._sums.items() if _meant(file) == wanted]
        if not found:
            raise SupplyChainError(
                f"{self.directory}: no wheel of {name} {version} is listed in {SUMS}",
                hint=f"fetch it where there is a network: pip download --no-deps {name}=={version}",
            )
        return tuple(sorted(found))


def _meant(file: str) -> tuple[str, Version] | None:
    try:
        name, version, _, _ = parse_wheel_filename(file)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return name, version


def patched_pins(wanted: Sequence[Upgrade], wheels: Wheelhouse) -> dict[Pin, Pin]:
    return {
        upgrade.pin: replace(
            upgrade.pin, version=upgrade.to, hashes=wheels.hashes(upgrade.pin.key, upgrade.to)
        )
        for upgrade in wanted
    }


def install(pins: Sequence[Pin], wheels: Wheelhouse, target: Path) -> None:
    """Install pins into a directory of their own, from the wheelhouse only, by hash.

    Raises SupplyChainError with pip's words; a file with another hash than its pin ends here.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as requirements:
        requirements.writelines(line for pin in pins for line in pin.lines())
        requirements.flush()
        pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--quiet"]
        pip += ["--no-index", "--find-links", str(wheels.directory), "--no-deps", "--no-compile"]
        pip += ["--only-binary", ":all:", "--require-hashes", "--target", str(target)]
        done = subprocess.run(
            [*pip, "--requirement", requirements.name], capture_output=True, text=True, check=False
        )
    if done.returncode:
        words = " ".join(done.stderr.split())
        raise SupplyChainError(f"the patched packages cannot be installed: {words[:LONGEST_TAIL]}")


def passes(suite: Sequence[str], overlay: Path, seconds: float) -> tuple[bool, str]:
    """Run the suite with the patched packages in front of the installed ones; return its last words too."""
    path = os.pathsep.join(filter(None, [str(overlay), os.environ.get("PYTHONPATH")]))
    try:
        done = subprocess.run(
            suite,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, f"no end within {seconds:.0f} s"
    except OSError as error:
        raise SupplyChainError(f"the suite cannot be started: {suite[0]}: {error.strerror}") from None
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")[-LONGEST_TAIL:]


def previous(lock: Path) -> Path:
    return lock.with_name(f"{lock.name}.previous")


def try_lock(lock: Lock, text: str, suite: Sequence[str], overlay: Path, seconds: float) -> str | None:
    """Put a new lock in place and run the suite; return its last words when it is red, with the old lock back.

    The old lock stays beside the new one while the suite runs and after it was green, for `revert`.
    """
    mode = lock.path.stat().st_mode & 0o777
    files.write_text(previous(lock.path), lock.text, mode)
    files.write_text(lock.path, text, mode)
    green, words = False, ""
    try:
        green, words = passes(suite, overlay, seconds)
    finally:
        if not green:
            revert(lock.path)
    return None if green else words


def revert(lock: Path) -> None:
    """Put the previous lock back.

    Raises SupplyChainError when there is none.
    """
    with suppress(FileNotFoundError):
        previous(lock).replace(lock)
        return
    raise SupplyChainError(f"{previous(lock)}: there is no previous lock", hint="nothing was patched here")

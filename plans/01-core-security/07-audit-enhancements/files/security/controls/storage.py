"""Controls of what is stored: files, and the logs among them."""

import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.paths import Paths
from gateway.security.audit_log import ChainedLog
from gateway.security.audit_verify import verify_all
from gateway.security.controls.registry import Observation, control, saw
from gateway.security.controls.site import LOOSE_FILE, Site, refused_start
from gateway.security.findings.storage import OTHERS, links, members
from gateway.security.subject import examine


@control("files.private", "Nobody else can read or change what the gateway keeps", points=1.5, last=True)
def private(site: Site) -> Iterator[Observation]:
    for name, paths in (("installation", site.subject.paths), ("rehearsal", _paths(site))):
        subject = examine(paths)
        loose = [
            f"{path.relative_to(paths.state)} {status.st_mode & 0o777:o}"
            for path, status in members(subject)
            if not stat.S_ISLNK(status.st_mode) and status.st_mode & OTHERS
        ]
        if paths.state.is_dir() and paths.state.stat().st_mode & OTHERS:
            loose.append(f". {paths.state.stat().st_mode & 0o777:o}")
        yield saw(not loose, f"loose modes in the {name}: {', '.join(loose[:5]) or 'none'}")
    yield saw(
        (_paths(site).devices / "paired.json").exists(), "the rehearsal ran under umask 000 and left files"
    )


def _paths(site: Site) -> Paths:
    return Paths.resolve(str(site.rehearsal.state), str(site.rehearsal.state / "moltbot.json"))


@control("files.repaired", "Loose modes found at start are repaired", points=1.5)
def repaired(site: Site) -> Iterator[Observation]:
    file = site.rehearsal.state / LOOSE_FILE
    for path, before in ((file.parent, 0o777), (file, 0o666)):
        mode = path.stat().st_mode & 0o777
        yield saw(not mode & OTHERS, f"{path.name} had mode {before:o} before the start and has {mode:o}")


@control("files.no_links", "Linked files are refused", points=1)
def no_links(site: Site) -> Iterator[Observation]:
    said = refused_start(token=site.rehearsal.token, link_config=True)
    yield saw(said, f"start on a linked configuration: {said or 'not refused'}")
    found = [finding.detail for finding in links(site.subject)]
    yield saw(not found, f"links in the installation: {', '.join(found[:3]) or 'none'}")


def _edit(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b"entry 3", b"entry X") for line in lines]


def _delete(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], *lines[3:]]


def _reorder(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[3], lines[2], *lines[4:]]


def _cut(lines: list[bytes]) -> list[bytes]:
    return lines[:2]


TAMPERINGS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "edit": _edit,
    "delete": _delete,
    "reorder": _reorder,
    "cut": _cut,
}


@control("log.tamper_evident", "The audit logs show tampering, and show none", points=1, last=True)
def tamper_evident(site: Site) -> Iterator[Observation]:
    with tempfile.TemporaryDirectory(prefix="gateway-audit-") as place:
        paths = Paths.resolve(place)
        log = ChainedLog(paths, "rehearsal")
        for number in range(1, 6):
            log.append({"event": f"entry {number}"})
        lines = Path(log.path).read_bytes().splitlines(keepends=True)
        yield saw(verify_all(paths)[0].fault is None, "a log as it was written verifies")
        for name, tamper in TAMPERINGS.items():
            log.path.write_bytes(b"".join(tamper(lines)))
            fault = verify_all(paths)[0].fault
            yield saw(fault is not None and fault.entry == 3, f"{name}: {fault or 'not seen'}")
    verdicts = verify_all(_paths(site))
    recorded = [verdict.entries for verdict in verdicts if verdict.log == "auth-audit"]
    yield saw(recorded and recorded[0] > 0, f"the rehearsal's attempts are in a verified log: {recorded}")
    yield saw(all(verdict.fault is None for verdict in verdicts), "the rehearsal's logs verify")
    for verdict in verify_all(site.subject.paths):
        yield saw(
            verdict.fault is None, f"{verdict.log}: {verdict.fault or f'{verdict.entries} entries, unbroken'}"
        )

"""What is done about an incident, step by step, and the record of it."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.clock import Clock
from gateway.compliance import bundle
from gateway.compliance.incidents import LOG_TAMPER
from gateway.errors import GatewayError
from gateway.paths import Paths
from gateway.security.audit_log import ChainedLog, head_file, key_file, segments
from gateway.security.audit_verify import names, verify_all
from gateway.state import files

LOG = "incident-audit"
KEY_BYTES = 32
PRIVATE = 0o600


@dataclass
class Timeline:
    """The record of one incident: what was done when, how long it took, and what came of it."""

    directory: Path
    kind: str
    drill: bool
    clock: Clock
    log: ChainedLog
    steps: list[dict[str, Any]] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Do one step; what is appended to the list is its detail. An error is its outcome, and ends it."""
        detail: list[str] = []
        started, at, ok = time.monotonic(), bundle.now(self.clock), False
        try:
            yield detail
            ok = True
        except (GatewayError, OSError) as error:
            detail.append(str(error))
        finally:
            took = round((time.monotonic() - started) * 1000)
            self.steps.append({"step": name, "at": at, "ms": took, "ok": ok, "detail": detail})
            self.log.append({"time": at, "incident": self.directory.name, "step": name, "ok": ok})

    @property
    def ok(self) -> bool:
        return all(step["ok"] for step in self.steps)

    def report(self) -> dict[str, Any]:
        return {
            "incident": self.directory.name,
            "kind": self.kind,
            "drill": self.drill,
            "ok": self.ok,
            "seconds": round(time.monotonic() - self._started, 3),
            "steps": self.steps,
            "directory": str(self.directory),
        }

    def write(self) -> dict[str, Any]:
        """Write the record beside the evidence, and return it."""
        report = self.report()
        files.write_text(self.directory / "timeline.json", json.dumps(report, indent=2) + "\n")
        return report


def open_timeline(home: Paths, kind: str, *, drill: bool) -> Timeline:
    """Start the record of an incident in the state directory."""
    clock = Clock.from_environment()
    stamp = bundle.now(clock).replace("-", "").replace(":", "").replace(".", "")
    name = f"{stamp}-{'drill-' if drill else ''}{kind}"
    directory = home.state / "incidents" / name
    files.ensure_dir(directory)
    return Timeline(directory, kind, drill, clock, ChainedLog(home, LOG))


def play(
    timeline: Timeline,
    site: Paths,
    home: Paths,
    contain: Callable[[], dict[str, Any]],
) -> str | None:
    """Work through the playbook; returns the new shared secret, None when it was not made.

    `site` is the state directory of the gateway that is concerned, `home` the
    one that keeps record and evidence; in an incident they are the same.
    """
    token: str | None = None
    if timeline.kind == LOG_TAMPER:
        with timeline.step("preserve the logs") as detail:
            detail.extend(_preserve(site, timeline.directory / "logs"))
    with timeline.step("revoke and rotate") as detail:
        done = contain()
        token = str(done.pop("token"))
        detail += [f"{key}: {value}" for key, value in done.items()]
    if timeline.kind == LOG_TAMPER:
        with timeline.step("start new logs") as detail:
            detail.extend(_start_new_logs(site))
    with timeline.step("export evidence") as detail:
        written = bundle.export(home, timeline.directory / "evidence")
        score = written.manifest["score"]
        detail.append(f"{score['points']:g} of {score['of']:g} points, manifest {written.manifest['link']}")
    return token


def _preserve(site: Paths, target: Path) -> Iterator[str]:
    """Copy the logs as they are, and name what is wrong with them."""
    files.ensure_dir(target)
    for verdict in verify_all(site):
        yield f"{verdict.log}: {verdict.fault or f'{verdict.entries} entries, unbroken'}"
    for path in _log_files(site):
        data = files.read_slice(path, 0, path.stat().st_size)
        (target / path.name).write_bytes(data)
        yield f"{path.name}: sha256 {bundle.digest(data)}"


def _log_files(site: Paths) -> list[Path]:
    found = site.logs.iterdir() if site.logs.is_dir() else ()
    return sorted(path for path in found if path.suffix in {".jsonl", ".head"} and path.is_file())


def _start_new_logs(site: Paths) -> Iterator[str]:
    """Give the logs a new key, and let each begin anew; what they held is preserved."""
    logs = names(site)
    with files.locked(key_file(site)):
        files.write_text(key_file(site), secrets.token_bytes(KEY_BYTES).hex() + "\n", PRIVATE)
    for log in logs:
        with files.locked(head_file(site, log)):
            for path in (*segments(site, log), site.logs / f"{log}.jsonl", head_file(site, log)):
                path.unlink(missing_ok=True)
    broken = [str(verdict.fault) for verdict in verify_all(site) if verdict.fault is not None]
    if broken:
        raise GatewayError(f"the new logs do not verify: {'; '.join(broken)}")
    yield f"with a new key begin anew: {', '.join(logs)}"

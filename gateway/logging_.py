"""The log: JSON lines in a daily file, warnings and errors also on stderr."""

import json
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.clock import Clock
from gateway.paths import log_dir
from gateway.state import files

LEVELS = ("debug", "info", "warn", "error")
MASK = "***"
SHORTEST_SECRET = 6
PATTERNS = (
    re.compile(r"(?i)(bearer\s+)[^\s\"',;]+"),
    re.compile(r"(?i)((?:token|password|secret|api_?key|signature)\"?\s*[=:]\s*\"?)[^\s\"',;&]+"),
)


class Redactor:
    """Masks the credentials it was told of, and text that looks like one."""

    def __init__(self) -> None:
        self.enabled = True
        self._secrets: set[str] = set()

    def learn(self, *secrets: str | None) -> None:
        self._secrets.update(secret for secret in secrets if secret and len(secret) >= SHORTEST_SECRET)

    def __call__(self, text: str) -> str:
        if not self.enabled:
            return text
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for pattern in PATTERNS:
            text = pattern.sub(rf"\1{MASK}", text)
        return text


class Journal:
    """Writes records; every value passes the redactor."""

    def __init__(self, clock: Clock, file: Path | None = None, level: str = "info") -> None:
        self._clock = clock
        self._file = file
        self.level = level
        self.redact = Redactor()

    @property
    def file(self) -> Path:
        """The file that records go to now."""
        if self._file is not None:
            return self._file
        day = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).strftime("%Y-%m-%d")
        return log_dir() / f"moltbot-{day}.log"

    def configure(self, file: Path | None, level: str, *, redact: bool) -> None:
        self._file = file
        self.level = level
        self.redact.enabled = redact

    def debug(self, subsystem: str, message: str, **fields: Any) -> None:
        self._write("debug", subsystem, message, fields)

    def info(self, subsystem: str, message: str, **fields: Any) -> None:
        self._write("info", subsystem, message, fields)

    def warn(self, subsystem: str, message: str, **fields: Any) -> None:
        self._write("warn", subsystem, message, fields)

    def error(self, subsystem: str, message: str, **fields: Any) -> None:
        self._write("error", subsystem, message, fields)

    def _write(self, level: str, subsystem: str, message: str, fields: dict[str, Any]) -> None:
        if LEVELS.index(level) < LEVELS.index(self.level):
            return
        moment = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        record = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": level,
            "subsystem": subsystem,
            "message": message,
            **fields,
        }
        line = self.redact(json.dumps(record, ensure_ascii=False, default=str))
        with suppress(OSError):
            files.ensure_dir(self.file.parent)
            files.append_line(self.file, line)
        if level in {"warn", "error"}:
            with suppress(OSError, ValueError):
                extra = "".join(f" {key}={value}" for key, value in fields.items())
                sys.stderr.write(self.redact(f"gateway: {level}: [{subsystem}] {message}{extra}") + "\n")
                sys.stderr.flush()

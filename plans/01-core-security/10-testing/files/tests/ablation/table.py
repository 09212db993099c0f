"""For each critical control, the edits of which each takes its wiring out."""

from dataclasses import dataclass
from pathlib import Path


class DoesNotFit(Exception):
    """The text to change does not stand in the file exactly once."""


@dataclass(frozen=True)
class Mutation:
    """A piece of one file below `gateway/`, and what stands there instead."""

    control: str
    path: str
    old: str
    new: str

    def apply(self, home: Path) -> None:
        """Change the file below `home`. Raises DoesNotFit."""
        file = home / self.path
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        if text.count(self.old) != 1:
            raise DoesNotFit(
                f"{self.control}: {self.path} has {text.count(self.old)} times, not once: {self.old!r}"
            )
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")


_RUNNER = "tools/runner.py"
_ON_THE_HOST = "return await HostRunner(gateway).run(job)"

MUTATIONS = (
    Mutation("AUTH-10", "server/startup.py", "    refuse_missing_secret,\n", ""),
    Mutation(
        "AUTH-10",
        "server/routes.py",
        "credential: Check = require_gateway_secret",
        "credential: Check = anybody",
    ),
    Mutation(
        "ORIG-01",
        "server/guards.py",
        "    refuse_foreign_origin,\n    refuse_credentials_in_url,\n",
        "    refuse_credentials_in_url,\n",
    ),
    Mutation("SAND-01", _RUNNER, "    if is_sandboxed(gateway, session_key):\n", "    if False:\n"),
    Mutation(
        "SAND-05", _RUNNER, "raise _unavailable(gateway, job, NO_SANDBOX, str(error)) from None", _ON_THE_HOST
    ),
    Mutation(
        "SAND-05",
        _RUNNER,
        'raise _unavailable(gateway, job, NO_SANDBOX, ended.stderr.decode("utf-8", "replace"))',
        _ON_THE_HOST,
    ),
    Mutation(
        "DM-01",
        "config/direct_messages.py",
        "value.strip().lower() == OPEN:\n            yield Problem(",
        "value.strip().lower() == OPEN:\n            return\n            yield Problem(",
    ),
    Mutation("ENC-01", "server/startup.py", "    seal_config,\n", ""),
    Mutation("ENC-01", "state/secrets.py", "else sealed.seal(path, secret)", "else secret"),
    Mutation(
        "ENC-02",
        "config/masks.py",
        "(value, lambda _path, _secret: MASK)",
        "(value, lambda _path, secret: secret)",
    ),
    Mutation("ENC-02", "state/secrets.py", "return sealed.open_sealed(path, stored)", "return stored"),
    Mutation("CMD-01", "tools/command_line.py", "    if position is not None:\n", "    if False:\n"),
    Mutation(
        "CMD-01",
        "tools/exec_tool.py",
        "        argv=command.vector,\n        identity=command.executable.identity,\n",
        '        argv=("/bin/sh", "-c", " ".join(command.argv)),\n        identity=None,\n',
    ),
)

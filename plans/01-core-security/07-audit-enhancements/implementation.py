"""An audit that tries the controls out, repairs that hold, and audit logs that show tampering."""

from __future__ import annotations

from tracker.api import Codebase

FILES = {
    "security/audit_log.py": "lines of an audit log are chained by a keyed hash; full files are put aside",
    "security/audit_verify.py": "read an audit log and name the first entry that is not as it was written",
    "security/subject.py": "an installation is read for the audit also when the gateway refuses it",
    **{
        f"security/findings/{name}.py": f"what is looked for: {what}"
        for name, what in {
            "__init__": "by subject",
            "exposure": "who can reach the gateway, and over what",
            "access": "the secrets and switches that guard it",
            "messages": "who may direct the assistant",
            "tools": "what its tools may do",
            "storage": "who can read, change or replace its files",
            "records": "what its logs hold, and whether they are as they were written",
        }.items()
    },
    "security/controls": "what the gateway promises, tried out on a rehearsal of the installation",
    "security/audit.py": "findings of every kind in one list; what keeps the gateway from starting has a name",
    "security/fix.py": "repairs are backed up, looked at again, and taken back when a finding stays",
    "cli/security.py": "the report has each control with its evidence, and a score out of a fixed whole",
    "cli/audit.py": "`audit verify`",
    "tests/test_audit.py": "a test for each control of the audit",
}

OPEN_SECRETS = '''\
"""Findings about secrets that lie in a file as they are."""

from collections.abc import Iterator

from gateway.config import schema, source
from gateway.errors import GatewayError
from gateway.security.subject import WARN, Check, Finding, Subject
from gateway.state.secrets import ONLY_COMPARED
from gateway.state.verifiers import is_verifier


def open_secrets(subject: Subject) -> Iterator[Finding]:
    """Look for secrets of which the gateway would keep a verifier only."""
    found: list[str] = []

    def note(path: str, secret: str) -> str:
        if path in ONLY_COMPARED and not is_verifier(secret):
            found.append(path)
        return secret

    try:
        _, stored = source.read_source(subject.paths.config)
    except GatewayError:
        return
    schema.CONFIG.map_secrets(stored, note)
    if found:
        yield Finding(
            "secrets.open_at_rest",
            WARN,
            "Secrets lie open in a file",
            f"{subject.paths.config}: {', '.join(found)}",
            "start the gateway, which seals them",
        )


CHECKS: list[Check] = [open_secrets]
'''

CHAINED = "the record is chained, so that a change of it shows"

README = """## Audit

`security audit` looks for unsafe settings, files and logs, and it tries the gateway's controls out: it runs the
installed program with the installed configuration in a place of its own, attacks it as a stranger would, and
reports what it saw. `--json` has the evidence of every control. The score counts the controls that were seen to
hold out of all that there are; one that cannot be tried on a machine earns nothing, and the report says why. The
installation itself is only read, so a gateway that is running is not disturbed. Exit code 1 stands for a critical
finding. `--without-controls` looks at settings and files only.

`security audit --fix` repairs what needs no decision: modes of files, weak or shared secrets, open policies,
wildcards, loose limits. The configuration as it was stays in `backups/`. A repair that leaves its finding is taken
back. A new secret is printed once; give it to the clients, and start the gateway again.

`audit verify` reads the audit logs in `logs/` and names the first entry that was changed, removed, inserted,
moved or written by somebody else. A log that has reached `logging.auditMaxBytes` (16 MiB) is put aside under a
number, and the chain goes on in the next file; none is ever removed. The key of the chain is `keys/audit.key`. Who removes the last entries and the
head file beside the log leaves no trace: copy the heads to another machine where that matters.

"""


def implement(codebase: Codebase) -> None:
    for path, why in FILES.items():
        codebase.add(path, why=why)
    _look_for_open_secrets(codebase)
    codebase.append_to(
        "cli/main.py", "COMMANDS", '"audit": "gateway.cli.audit"', why="`audit` is a command of the program"
    )
    codebase.edit(
        "config/schema.py",
        '        redactSensitive=Text(one_of=("off", "tools"), default="tools"),\n',
        '        redactSensitive=Text(one_of=("off", "tools"), default="tools"),\n'
        "        auditMaxBytes=Integer(min=4096, default=16384 * KIB),\n",
        why="the size at which an audit log is put aside and goes on in a new file",
    )
    _chain_attempts(codebase)
    _chain_approvals(codebase)
    _chain_repairs(codebase)
    codebase.delete("security/refusals.py", why="the audit reads refused configurations by itself")
    _document(codebase)


def _look_for_open_secrets(codebase: Codebase) -> None:
    """Where secrets are encrypted, sealing knows every file that holds some; before that, only verifiers count."""
    path, why = "security/findings/secrets.py", "what is looked for: secrets that lie open in a file"
    if "def secret_files(" in codebase.read("config/sealing.py"):
        codebase.add(path, why=why)
    else:
        codebase.write(path, OPEN_SECRETS, why=why)


def _chain_attempts(codebase: Codebase) -> None:
    path = "security/auth_audit.py"
    codebase.add_import(path, "from gateway.security.audit_log import ChainedLog", why=CHAINED)
    codebase.add_import(path, "from gateway.errors import StateError", why=CHAINED)
    codebase.edit(
        path,
        '        self.path = gateway.paths.logs / "auth-audit.jsonl"\n',
        '        largest = gateway.config.number_at("logging.auditMaxBytes")\n'
        '        self._log = ChainedLog(gateway.paths, "auth-audit", largest)\n',
        why=CHAINED,
    )
    codebase.edit(
        path,
        "            files.ensure_dir(self.path.parent)\n"
        "            files.append_line(self.path, "
        "self._gateway.journal.redact(json.dumps(entry, ensure_ascii=False)))\n"
        "        except OSError as error:\n"
        '            self._gateway.journal.error("auth", "attempt not recorded", '
        "path=self.path, error=error.strerror)\n",
        "            self._log.append(entry, self._gateway.journal.redact)\n"
        "        except (OSError, StateError) as error:\n"
        '            self._gateway.journal.error("auth", "attempt not recorded", '
        "path=self._log.path, error=str(error))\n",
        why=CHAINED,
    )
    codebase.edit(path, "import json\n", "", why=CHAINED)
    codebase.edit(path, "from gateway.state import files\n", "", why=CHAINED)


def _chain_approvals(codebase: Codebase) -> None:
    path = "channels/pairing_audit.py"
    codebase.add_import(path, "from gateway.security.audit_log import ChainedLog", why=CHAINED)
    codebase.edit(
        path,
        '        self.path = paths.state / "logs" / "pairing-audit.jsonl"\n',
        '        self._log = ChainedLog(paths, "pairing-audit")\n',
        why=CHAINED,
    )
    codebase.edit(
        path,
        "        files.ensure_dir(self.path.parent)\n"
        "        files.append_line(self.path, json.dumps(line, ensure_ascii=False))\n",
        "        self._log.append(line)\n",
        why=CHAINED,
    )
    codebase.edit(path, "import json\n", "", why=CHAINED)
    codebase.edit(path, "from gateway.state import files\n", "", why=CHAINED)


def _chain_repairs(codebase: Codebase) -> None:
    path = "state/file_audit.py"
    codebase.add_import(path, "from gateway.security.audit_log import ChainedLog", why=CHAINED)
    codebase.edit(
        path,
        '        _record(gateway, gateway.paths.state / "logs" / "file-audit.jsonl", repaired)\n',
        "        _record(gateway, repaired)\n",
        why=CHAINED,
    )
    codebase.edit(
        path,
        'def _record(gateway: "Gateway", log: Path, repaired: list[Repaired]) -> None:\n',
        'def _record(gateway: "Gateway", repaired: list[Repaired]) -> None:\n'
        '    log = ChainedLog(gateway.paths, "file-audit")\n',
        why=CHAINED,
    )
    codebase.edit(path, "    files.ensure_dir(log.parent)\n", "", why=CHAINED)
    codebase.edit(
        path,
        "        files.append_line(log, json.dumps(line, ensure_ascii=False))\n",
        "        log.append(line)\n",
        why=CHAINED,
    )
    codebase.edit(path, "import json\n", "", why=CHAINED)
    codebase.edit(path, "from pathlib import Path\n", "", why=CHAINED)
    codebase.edit(path, "from gateway.state import files\n", "", why=CHAINED)


def _document(codebase: Codebase) -> None:
    codebase.edit(
        "README.md", "## Exit codes\n", f"{README}## Exit codes\n", why="the audit and its log, for operators"
    )
    why = "the weaknesses of the audit have ended"
    codebase.delete("tests/weaknesses/test_1_07_audit.py", why=why)
    weaknesses = "KNOWN-WEAKNESSES.md"
    _, heading, rest = codebase.read(weaknesses).partition("## 1.07 Audit\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            weaknesses, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=why
        )

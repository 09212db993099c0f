"""Evidence that a machine made and anyone can verify, and playbooks that are practised."""

from __future__ import annotations

from tracker.api import Codebase

EVIDENCE = {
    "compliance/__init__.py": "evidence of what the gateway does",
    "compliance/catalogue.json": "every control with its weight, its probe, and the criteria it answers to",
    "compliance/catalogue.py": "the catalogue as typed values",
    "compliance/layout.py": "the names of the files of a bundle",
    "compliance/measure.py": "each control of the catalogue is tried out, or was measured from outside, or earns nothing",
    "compliance/bundle.py": "artifacts named by their hash in a linked manifest, and the check of all that",
    "security/controls/enhanced.py": "more of the catalogue is tried out: sessions, limits, secrets, commands, inputs",
    "cli/compliance.py": "`compliance export` and `compliance verify`",
    "tests/test_compliance.py": "tests of evidence, made and changed",
}
INCIDENTS = {
    "compliance/seals.py": "a bundle is signed when it is finished, and its signature is looked at",
    "compliance/signature.py": "Ed25519 over the manifest, with a key of the installation",
    "compliance/incidents.py": "the kinds of incidents",
    "compliance/containment.py": "a running gateway replaces its secret, revokes tokens and ends sessions at once",
    "compliance/playbooks.py": "the steps of a response, recorded as they are done",
    "compliance/drills.py": "incidents staged on a rehearsal, with an adversary who looks at the result",
    "server/methods/incident.py": "operators contain an incident by one request",
    "cli/incident.py": "`incident respond` and `incident drill`",
    "tests/test_incidents.py": "tests of signatures, responses and drills",
}
UNSIGNED = '''\
"""What is done with a finished bundle, and what looks at it again: nothing, as bundles are not signed."""

from collections.abc import Callable
from pathlib import Path

from gateway.paths import Paths

SEALERS: list[Callable[[Paths, Path], None]] = []
# The text is the fingerprint of the signer who is expected, None for this installation.
INSPECTORS: list[Callable[[Paths, Path, str | None], list[str]]] = []
'''
CONTAINED = "incident.contain is a method for admins"

README = """## Compliance

`compliance export DIRECTORY` measures every control of the catalogue, by the probes of `security audit`, and writes
the evidence: an artifact a control, and `manifest.json` with its outcome, time, points, the artifact's SHA-256 and the
criteria of SOC 2 and ISO/IEC 27001 that it answers to. Entries are linked by hashes. What was not tried earns nothing;
`--measured FILE` adds outcomes that somebody measured from outside, and the worse of both counts. The references to
criteria are indicative: an auditor decides what they prove.

`compliance verify DIRECTORY` checks hashes, links, points and files, and tells everything that is not as it was written.

"""
README_INCIDENTS = """The manifest is signed with Ed25519 by `keys/evidence.key`; on another machine name the signer with
`--signer FINGERPRINT` (in `signature.json`), told over another channel.

`incident respond token-leak`, `device-theft --device ID` and `log-tamper` play the playbook on the running gateway: the
shared secret is replaced (the new one is printed once), device tokens are revoked, sessions end at once, tampered logs
are preserved and begin anew with a new key, evidence is exported, and `incidents/` has the record. `incident drill all`
practises that on a rehearsal of the installation, with an adversary who tells whether it worked; nothing of the
installation changes but `incidents/` and its log.

"""


INERT = '@control("inputs.inert"'
INERT_NEEDS = "server/protective_headers.py"


def implement(codebase: Codebase) -> None:
    for path, why in EVIDENCE.items():
        if codebase.exists(INERT_NEEDS):
            codebase.add(path, why=why)
        else:
            codebase.write(path, _without_inert_text(codebase, path), why=why)
    run, tried = "security/controls/run.py", "the audit tries these controls out too"
    codebase.add_import(run, "from gateway.security.controls import enhanced", why=tried)
    codebase.append_to(run, "PROBES", "enhanced", why=tried)
    codebase.append_to(
        "cli/main.py",
        "COMMANDS",
        '"compliance": "gateway.cli.compliance"',
        why="`compliance` is a command of the program",
    )
    respond = "COMP-02" not in codebase.deferred
    if respond:
        _respond(codebase)
    else:
        codebase.write("compliance/seals.py", UNSIGNED, why="a bundle is not signed")
    documentation = README + (README_INCIDENTS if respond else "")
    codebase.edit(
        "README.md",
        "## Exit codes\n",
        f"{documentation}## Exit codes\n",
        why="evidence and incidents, for operators",
    )
    _end_weaknesses(codebase)


def _without_inert_text(codebase: Codebase, path: str) -> str:
    """A file of the evidence without the control of hostile text, which was put off: nothing there to try out."""
    text = (codebase.plan_dir / "files" / path).read_text(encoding="utf-8")
    if INERT in text:
        text = text.partition(INERT)[0].rstrip("\n") + "\n"
        text = text.replace("import WRONG, host, login\n", "import WRONG, login\n")
        text = text.replace("fresh_address, http_status, talk\n", "fresh_address, talk\n")
    return text.replace('"control": "inputs.inert"', '"control": null')


def _respond(codebase: Codebase) -> None:
    for path, why in INCIDENTS.items():
        codebase.add(path, why=why)
    methods = "server/methods/__init__.py"
    codebase.add_import(methods, "from gateway.server.methods import incident", why=CONTAINED)
    codebase.append_to(methods, "__all__", '"incident"', before='"logs"', why=CONTAINED)
    codebase.append_to(
        "cli/main.py",
        "COMMANDS",
        '"incident": "gateway.cli.incident"',
        why="`incident` is a command of the program",
    )


def _end_weaknesses(codebase: Codebase) -> None:
    why = "there is evidence to export and a drill to practise"
    codebase.delete("tests/weaknesses/test_2_08_compliance.py", why=why)
    weaknesses = "KNOWN-WEAKNESSES.md"
    _, heading, rest = codebase.read(weaknesses).partition("## 2.08 Compliance\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            weaknesses, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=why
        )

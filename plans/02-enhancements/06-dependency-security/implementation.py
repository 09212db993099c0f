"""Dependencies are pinned by hash, audited against an advisory set that needs no network, and patched with care."""

from __future__ import annotations

import re

from tracker.api import Codebase

WEAKNESSES = "KNOWN-WEAKNESSES.md"

FILES = {
    "requirements.lock": "exact pins with hashes of everything that the gateway imports",
    "supply_chain/__init__.py": "a package for what the gateway depends on",
    "supply_chain/errors.py": "one error for locks, advisory sets and wheelhouses",
    "supply_chain/lock.py": "locks are read strictly: an exact pin or an error with its line",
    "supply_chain/ranges.py": "affected versions by the rules of OSV and in the order of PEP 440",
    "supply_chain/advisories.py": "advisory sets are dated and sealed; a damaged one is refused",
    "supply_chain/advisories": "known holes of the packages in the lock, for a machine without a network",
    "supply_chain/findings.py": "what an audit looks at and reports",
    "supply_chain/vulnerabilities.py": "a known hole in a pin is a critical finding with its lowest fix",
    "supply_chain/audit.py": "the list of what is looked for",
    "supply_chain/installed.py": "the distributions of the running environment",
    "supply_chain/sbom.py": "a reproducible bill of materials in CycloneDX",
    "supply_chain/importing.py": "a new advisory set is made from an OSV dump that was carried here",
    "cli/deps.py": "the command `deps`",
    "cli/deps_audit.py": "`deps audit` fails a build",
    "cli/deps_sbom.py": "`deps sbom` prints the bill of materials, or what changed in it",
    "cli/deps_update.py": "`deps update` makes an advisory set",
    "tests/test_dependencies.py": "tests of the audit, the ranges and the bill of materials",
}

PATCHING = {
    "supply_chain/hygiene.py": "old advisories and pins without hashes are findings",
    "supply_chain/patching.py": "the lowest fix, by hash, kept only if the suite stays green",
    "cli/deps_patch.py": "`deps patch` raises vulnerable pins",
    "cli/deps_revert.py": "`deps revert` takes the last patch back",
    "tests/test_dependency_patches.py": "tests of patches that hold, fail, and are forged",
}

PATCH_LINES = {
    "supply_chain/audit.py": (
        "from gateway.supply_chain.hygiene import stale_advisories, unhashed_pins\n"
        "    stale_advisories,\n"
        "    unhashed_pins,\n"
    ),
    "cli/deps.py": ('    "patch": "gateway.cli.deps_patch",\n    "revert": "gateway.cli.deps_revert",\n'),
}
"""The lines that wire patches, in files that stand without them too."""

DOCUMENTATION = """## Dependencies

`requirements.lock` pins everything that the gateway imports, by hash: `pip install --require-hashes -r
gateway/requirements.lock` (Linux, x86-64, Python 3.11; the commands below need `packaging`).

| Command | What it does |
|---|---|
| `deps audit` | exit 1 when a pin has a known vulnerability, with the lowest version that has none; `--installed` audits the environment, `--json` is for builds |
| `deps sbom` | bill of materials in CycloneDX 1.6, the same bytes for the same packages; `--compare FILE` lists what changed |
| `deps update DUMP` | makes a new advisory set from an OSV dump (`all.zip` of PyPI) that was carried here |

Nothing of this needs a network. The shipped advisory set is a seed with the date of its manifest: bring a newer one.

"""

PATCH_DOCUMENTATION = """Patches need a directory with the fixed wheels and `SHA256SUMS`, written by `sha256sum *.whl` where the wheels are
trusted. `deps patch --wheels DIR` raises each vulnerable pin to the lowest fixed version, takes the hashes from the
sums, runs the test suite with the new packages, and puts the old lock back if it is red; `deps revert` does so later.
A wheel with another hash is refused. An advisory set older than 30 days is a warning (`--max-age-days`), a pin
without a hash an error.

"""


def implement(codebase: Codebase) -> None:
    for path, why in FILES.items():
        codebase.add(path, why=why)
    codebase.append_to(
        "cli/main.py",
        "COMMANDS",
        '"deps": "gateway.cli.deps"',
        before='"audit"',
        why="the command line has the command `deps`",
    )
    patches = "DEP-02" not in codebase.deferred
    documentation = DOCUMENTATION + (PATCH_DOCUMENTATION if patches else "")
    codebase.edit(
        "README.md",
        "## Monitoring\n",
        f"{documentation}## Monitoring\n",
        why="pins, audits and advisory sets are documented",
    )
    if patches:
        for path, why in PATCHING.items():
            codebase.add(path, why=why)
    else:
        leave_patches_out(codebase)
    end_weaknesses(codebase)


def leave_patches_out(codebase: Codebase) -> None:
    why = "patches are put off, and with them what makes an audit worth less"
    for path, text in PATCH_LINES.items():
        for line in text.splitlines(keepends=True):
            codebase.edit(path, line, "", why=why)


def end_weaknesses(codebase: Codebase) -> None:
    """The heading stays, so that plans of one wave change different lines."""
    why = "this weakness is ended"
    codebase.delete("tests/weaknesses/test_2_06_dependencies.py", why=why)
    section = re.search(r"^## 2\.06 .*?(?=^## |\Z)", codebase.read(WEAKNESSES), re.MULTILINE | re.DOTALL)
    if section and "|" in section[0]:
        heading = section[0].splitlines()[0]
        codebase.edit(WEAKNESSES, section[0], f"{heading}\n\nNone known.\n\n", why=why)

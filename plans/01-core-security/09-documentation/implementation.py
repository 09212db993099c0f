"""Ships a safe configuration, a guide that can be run, a reference of every key, and SECURITY.md."""

from __future__ import annotations

import re

from tracker.api import Codebase

KEYS = "`config keys` lists every key, so that documents can be held to the schema"
FILES = {
    "SECURITY.md": "what is promised, how to report, and which risks stay open",
    "docs/GUIDE.md": "a guide from installation to incidents, whose blocks run as they stand",
    "docs/CONFIGURATION.md": "what each key of the configuration means",
    "docs/secure-template.json5": "a safe configuration to start from",
    "config/keys.py": KEYS,
    "tests/test_documentation.py": "the documents agree with the program",
}

DOCUMENTS = """\
## Documents

- [docs/GUIDE.md](docs/GUIDE.md): from an empty directory to a gateway that holds, and what to do when
  something is wrong.
- [docs/CONFIGURATION.md](docs/CONFIGURATION.md): every key. `config keys` prints what each takes.
- [docs/secure-template.json5](docs/secure-template.json5): a safe configuration to start from.
- [SECURITY.md](SECURITY.md): what is promised, and what stays open.

"""


def implement(codebase: Codebase) -> None:
    for path, why in FILES.items():
        codebase.add(path, why=why)
    command = "cli/config.py"
    codebase.insert_call(
        command,
        "configure",
        'keys = actions.add_parser("keys", help="list every key and what it takes", parents=[common()])',
        after='actions.add_parser("file"',
        why=KEYS,
    )
    codebase.insert_call(
        command,
        "configure",
        'keys.add_argument("--json", action="store_true", help="print JSON")',
        after='keys = actions.add_parser("keys"',
        why=KEYS,
    )
    codebase.insert_call(
        command,
        "run",
        'if arguments.action == "keys":\n    return _keys(as_json=arguments.json)\n',
        why=KEYS,
    )
    codebase.append(
        command,
        "\n\ndef _keys(*, as_json: bool) -> int:\n"
        "    if as_json:\n"
        "        show_json([key.shown() for key in every_key()])\n"
        "        return 0\n"
        "    for key in every_key():\n"
        '        default = "" if key.default is None else f" (default {json.dumps(key.default)})"\n'
        '        show(f"{key.path}: {key.takes}{default}")\n'
        "    return 0\n",
        why=KEYS,
    )
    codebase.add_import(command, "import json", why=KEYS)
    codebase.add_import(command, "from gateway.config.keys import every_key", why=KEYS)
    codebase.edit(
        "README.md",
        "## Quick start\n",
        f"{DOCUMENTS}## Quick start\n",
        why="the README leads to the documents",
    )
    end_weakness(codebase)


def end_weakness(codebase: Codebase) -> None:
    why = "a safe configuration and a guide are shipped"
    codebase.delete("tests/weaknesses/test_1_09_documentation.py", why=why)
    listed = re.search(
        r"^(## 1\.09 [^\n]*\n\n)\|.*?(?=\n## |\Z)",
        codebase.read("KNOWN-WEAKNESSES.md"),
        re.MULTILINE | re.DOTALL,
    )
    if listed:
        codebase.edit("KNOWN-WEAKNESSES.md", listed[0], f"{listed[1]}None known.\n", why=why)

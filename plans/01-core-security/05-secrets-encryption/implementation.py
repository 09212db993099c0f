"""Seals every secret at rest, opens it on the way in, masks it on the way out, and rotates the keys."""

from __future__ import annotations

import re

from tracker.api import Codebase

SEAL = "every secret passes AES-256-GCM on its way to a file, bound to its place"
OPEN = "a sealed secret that was changed, moved or cut off stops the gateway, with its file and path"
MASK = "what is shown of a configuration has masks in place of secrets, and a mask that comes back changes nothing"
REST = "at start no secret stays open, in whatever file it was written"
STEADY = "a write never uses a key that a rotation has taken away"
COMMAND = "secrets status, rotate, show and generate"

ADDED = {
    "state/envelope.py": SEAL,
    "state/keyring.py": "keys of their own directory, 0400, or from a descriptor or $CREDENTIALS_DIRECTORY",
    "state/sealed.py": SEAL,
    "state/rotation.py": "a new key, everything sealed anew, safe against a crash at any instant",
    "config/at_rest.py": REST,
    "config/sealing.py": "secrets are replaced in place in every file that holds some, includes and backups too",
    "config/masks.py": MASK,
    "cli/secrets.py": COMMAND,
    "tests/test_secrets.py": "tests of sealing, tampering, keys and rotation",
}

LATER_SECTIONS = ("## Commands\n", "## Audit\n", "## Exit codes\n")
"""What stands behind this section in the README, whichever of the plans that write there came first."""

DOCUMENTATION = """\
## Secrets

No secret lies open below the state directory. What is only compared is kept as a verifier; every
other secret (tokens of channels and accounts, keys of providers, the remote gateway's token, auth
profiles, the identity of `call`) is sealed with AES-256-GCM and bound to its dotted path. Write a
secret into `moltbot.json`, an included file or `auth-profiles.json`: the next start seals it in
place, comments stay, and backups are sealed too. A sealed value that was changed, cut off or moved
to another path stops the start with its path. `config.get` and `config get` show `***`; a patch
that sends `***` back leaves the secret as it is.

The key is `keys/secrets.key`, mode 0400, made when it is first needed. Back it up apart from the
rest: `keys/` holds a `CACHEDIR.TAG`, which backup programs leave out when they are told to
(`tar --exclude-caches-all`). Or give it from outside, one key a line, the first one seals:

    python -m gateway secrets generate > /run/secrets/gateway-secrets-key
    GATEWAY_SECRETS_KEY_FD=9 python -m gateway run 9< /run/secrets/gateway-secrets-key

systemd's `LoadCredential=gateway-secrets-key:PATH` works without a variable. A key from outside
replaces the key file at the next start. A key file that others can read is refused.

    python -m gateway secrets status
    python -m gateway secrets rotate
    python -m gateway secrets show channels.telegram.botToken

`rotate` makes a new key and seals everything anew, also while the gateway runs; the old key opens
nothing any more. To rotate a key from outside, put the new one on the first line, restart, and run
`secrets rotate` with the same keys.
"""


def implement(codebase: Codebase) -> None:
    for path, why in ADDED.items():
        codebase.add(path, why=why)
    choose_keys(codebase)
    seal_and_open(codebase)
    rest_at_start(codebase)
    write_steadily(codebase)
    show_masks(codebase)
    find_open_secrets(codebase)
    document(codebase)


def find_open_secrets(codebase: Codebase) -> None:
    """An audit that came first could look for what is only compared; every secret counts from now on."""
    found = "security/findings/secrets.py"
    if codebase.exists(found):
        codebase.add(found, why="what is looked for: secrets that lie open in a file")


def choose_keys(codebase: Codebase) -> None:
    codebase.edit(
        "paths.py",
        "    @property\n    def workspace(self) -> Path:\n",
        "    @property\n    def keys(self) -> Path:\n"
        '        return self.state / "keys"\n\n'
        "    @property\n    def workspace(self) -> Path:\n",
        why="keys have a directory of their own",
    )
    main = "cli/main.py"
    codebase.add_import(
        main, "from gateway.paths import Paths", why="a command uses the keys of its state directory"
    )
    codebase.add_import(
        main, "from gateway.state import sealed", why="a command uses the keys of its state directory"
    )
    codebase.edit(
        main,
        "        return int(arguments.run(arguments))\n",
        "        sealed.use(Paths.resolve(arguments.state_dir, arguments.config))\n"
        "        return int(arguments.run(arguments))\n",
        why="a command uses the keys of its state directory",
    )
    later = '"audit"' if '"audit": ' in codebase.read(main) else ""
    codebase.append_to(main, "COMMANDS", '"secrets": "gateway.cli.secrets"', before=later, why=COMMAND)


def seal_and_open(codebase: Codebase) -> None:
    secrets = "state/secrets.py"
    codebase.edit(
        secrets,
        "    return secret\n\n\n"
        "def unseal(_path: str, stored: str) -> str:\n"
        '    """Return the secret that was stored at a dotted path."""\n'
        "    return stored\n",
        "    return secret if path in ONLY_COMPARED else sealed.seal(path, secret)\n\n\n"
        "def is_open(path: str, stored: str) -> bool:\n"
        '    """Tell whether a person wrote the secret itself at a dotted path."""\n'
        "    if path in ONLY_COMPARED:\n"
        "        return not verifiers.is_verifier(stored)\n"
        "    return not looks_sealed(stored)\n\n\n"
        "def seal_open(path: str, stored: str) -> str:\n"
        '    """Return what is to be stored instead of what is: only an open secret changes."""\n'
        "    return seal(path, stored) if is_open(path, stored) else stored\n\n\n"
        "def unseal(path: str, stored: str) -> str:\n"
        '    """Return the secret that was stored at a dotted path.\n\n'
        "    Raises ConfigError when it was changed, belongs elsewhere, or its key is not here.\n"
        '    """\n'
        "    return sealed.open_sealed(path, stored)\n\n\n"
        "def opener(file: Path) -> Change:\n"
        '    """Return `unseal` for the secrets of a file, which its errors name."""\n\n'
        "    def opened(path: str, stored: str) -> str:\n"
        "        try:\n"
        "            return unseal(path, stored)\n"
        "        except ConfigError as error:\n"
        '            raise ConfigError(f"{file}: {error.message}", error.hint) from None\n\n'
        "    return opened\n",
        why=SEAL,
    )
    for statement in (
        "from pathlib import Path",
        "from gateway.errors import ConfigError",
        "from gateway.protocol.schema.types import Change",
        "from gateway.state import sealed",
        "from gateway.state.envelope import looks_sealed",
    ):
        codebase.add_import(secrets, statement, why=SEAL)
    for path, old, new in (
        (
            "config/config.py",
            "map_secrets(resolved, secrets.unseal)",
            "map_secrets(resolved, secrets.opener(path))",
        ),
        (
            "config/config.py",
            "map_secrets(stored, secrets.unseal)",
            "map_secrets(stored, secrets.opener(self.path))",
        ),
        (
            "agent/auth_profiles.py",
            "map_secrets(stored, secrets.unseal)",
            "map_secrets(stored, secrets.opener(self._path))",
        ),
        (
            "devices/identity.py",
            "map_secrets(stored, secrets.unseal)",
            "map_secrets(stored, secrets.opener(path))",
        ),
    ):
        codebase.edit(path, old, new, why=OPEN)


def rest_at_start(codebase: Codebase) -> None:
    startup = "server/startup.py"
    codebase.edit(
        startup,
        "from gateway.config.sealing import seal_file\n",
        "from gateway.config.at_rest import seal_all\n",
        why=REST,
    )
    codebase.edit(
        startup,
        '    """Keep no open secret in the configuration file once it was read."""\n'
        "    sealed = seal_file(gateway.paths.config)\n"
        "    if sealed:\n"
        '        gateway.journal.info("config", "secrets sealed", paths=sealed)\n',
        '    """Keep no open secret in any file once the configuration was read."""\n'
        "    for done in seal_all(gateway.paths):\n"
        '        gateway.journal.info("secrets", done)\n',
        why=REST,
    )
    codebase.add_import(
        startup, "from gateway.state.sealed import ring", why="an exposed key is refused, not repaired"
    )
    codebase.edit(
        startup,
        'def open_log(gateway: "Gateway") -> None:\n',
        'def refuse_exposed_key(_gateway: "Gateway") -> None:\n'
        '    """Look at the key before permissions are repaired: one that others could read is no secret."""\n'
        "    ring().all()\n\n\n"
        'def open_log(gateway: "Gateway") -> None:\n',
        why="an exposed key is refused, not repaired",
    )
    codebase.append_to(
        startup,
        "STEPS",
        "refuse_exposed_key",
        before="open_log",
        why="an exposed key is refused, not repaired",
    )


def write_steadily(codebase: Codebase) -> None:
    config = "config/config.py"
    codebase.add_import(config, "from gateway.config import sealing", why=STEADY)
    codebase.add_import(config, "from gateway.state import sealed", why=STEADY)
    codebase.edit(
        config,
        "\ndef write(config: Config) -> None:\n",
        "\n@sealed.steady_keys()\ndef write(config: Config) -> None:\n",
        why=STEADY,
    )
    codebase.insert_call(config, "write", "sealed.refuse_retired(config.text)", why=STEADY)
    codebase.edit(
        config,
        "        files.write_text(backups[0], previous)\n",
        "        files.write_text(backups[0], sealing.sealed_copy(path, previous))\n",
        why="a backup of a file that a person edited is sealed",
    )
    codebase.edit(
        "devices/identity.py",
        "    def save(self) -> None:\n",
        "    @sealed.steady_keys()\n    def save(self) -> None:\n",
        why=STEADY,
    )
    codebase.add_import("devices/identity.py", "from gateway.state import sealed", why=STEADY)


def show_masks(codebase: Codebase) -> None:
    config, methods, command = "config/config.py", "server/methods/config.py", "cli/config.py"
    codebase.add_import(config, "from gateway.config import masks", why=MASK)
    codebase.insert_call(
        config,
        "Config.patched",
        "changed = masks.unmasked(changed, self.given)",
        after="source.apply_patch",
        why=MASK,
    )
    for path in (methods, command):
        codebase.edit(
            path,
            "from gateway.config import config as configuration\n",
            "from gateway.config import config as configuration\nfrom gateway.config import masks\n",
            why=MASK,
        )
    codebase.edit(
        methods, "    text, _ = read_source(path)\n", "    text, stored = read_source(path)\n", why=MASK
    )
    codebase.edit(
        methods, '        "raw": text,\n', '        "raw": masks.masked_text(text, stored),\n', why=MASK
    )
    codebase.edit(
        methods,
        '        "config": on_disk.given,\n',
        '        "config": masks.masked(on_disk.given),\n',
        why=MASK,
    )
    codebase.edit(
        methods,
        '        "config": after.given,\n',
        '        "config": masks.masked(after.given),\n',
        why=MASK,
    )
    codebase.edit(
        methods,
        '    """Return the file as it is, and the configuration it makes."""\n',
        '    """Return the file and the configuration it makes, with masks in place of secrets."""\n',
        why=MASK,
    )
    codebase.edit(
        command,
        "    if key is None:\n        return config.values\n    _known(key)\n    return config.get(key)\n",
        "    shown = masks.masked(config.values)\n"
        "    if key is None:\n        return shown\n    _known(key)\n    return masks.value_at(shown, key)\n",
        why=MASK,
    )


def document(codebase: Codebase) -> None:
    codebase.delete("tests/weaknesses/test_1_05_secrets.py", why="the weaknesses that it showed are gone")
    listed = re.search(
        r"^(## 1\.05 [^\n]*\n\n)\|.*?(?=\n## |\Z)",
        codebase.read("KNOWN-WEAKNESSES.md"),
        re.MULTILINE | re.DOTALL,
    )
    if listed:
        codebase.edit(
            "KNOWN-WEAKNESSES.md", listed[0], f"{listed[1]}None known.\n", why="no secret lies open any more"
        )
    later = next(name for name in LATER_SECTIONS if name in codebase.read("README.md"))
    codebase.edit(
        "README.md",
        later,
        f"{DOCUMENTATION}\n{later}",
        why="keys and their rotation are documented",
    )

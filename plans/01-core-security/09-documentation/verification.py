"""Checks of the documents: the template holds, the guide runs as printed, the lists agree."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from _probes import gateways, netns
from _probes.canaries import leaks_in_files
from _probes.devices import Device
from _probes.gateways import Gateway, Home
from _probes.host import needs
from _probes.sessions import UpgradeRefused

from tracker.api import Codebase, check

PROJECT = Path(__file__).parents[2] / "project.yaml"
TEMPLATE = "docs/secure-template.json5"
GUIDE = "docs/GUIDE.md"
FEWEST_BLOCKS = 10


def document(codebase: Codebase, name: str) -> str:
    assert codebase.exists(name), f"there is no {name}"
    return codebase.read(name)


def caught() -> Any:
    """The weak variant must fail its probe."""
    return pytest.raises(AssertionError)


@contextmanager
def installed(text: str) -> Iterator[Home]:
    """A home with the text as its configuration."""
    with gateways.new_home() as home:
        home.config_file.write_text(text)
        home.config_file.chmod(0o600)
        yield home


# DOC-01


def judge_audit(codebase: Codebase, home: Home, token: str) -> None:
    """The gateway's own audit, controls included, has nothing to say that matters."""
    done = gateways.command(
        codebase.root, home, "security", "audit", "--json", env={"GATEWAY_TOKEN": token}, timeout_s=60
    )
    report = json.loads(done.stdout)
    found = [finding for finding in report["findings"] if finding["severity"] in {"critical", "warn"}]
    assert not found, found
    assert done.exit_code == 0


def judge_template(gateway: Gateway, secret: str) -> None:
    """What the critical controls promise, seen from outside."""
    session, answer = gateway.attempt(auth={}, device=Device())
    assert not answer.ok, "no credential, and let in"
    session.close()
    for method, path in (("GET", "/"), ("POST", "/tools/invoke"), ("POST", "/channels/telegram/inbound")):
        assert gateway.http(method, path, body={}).status in {400, 401, 403}, path
    with pytest.raises(UpgradeRefused):
        gateway.open(headers={"Origin": "https://evil.example"}).close()
    assert not gateway.inbound("telegram", "stranger", "hello")["accepted"]
    leaks = leaks_in_files([gateway.state], {"token": secret})
    assert not leaks, leaks
    with gateway.login() as admin:
        shown = admin.call("config.get")
        opened = {"raw": '{"channels": {"telegram": {"dmPolicy": "open"}}}', "baseHash": shown["hash"]}
        assert admin.ask("config.patch", opened).code == "INVALID_REQUEST"
        made = gateway.home.workspace / "canary"
        line = {"command": f"head -c 1 /dev/null; touch {made}"}
        admin.ask("tools.invoke", {"tool": "exec", "args": line, "sessionKey": "main"})
        assert not made.exists(), "a shell read the command"
        assert seen_by(admin, "main", gateway.home.config_file), (
            "the positive control: the main session sees it"
        )
        assert not seen_by(admin, "somebody", gateway.home.config_file), "the sandbox shows the configuration"


def seen_by(admin: Any, session_key: str, path: Path) -> str:
    args = {"argv": ["/usr/bin/head", "-c", "40", str(path)]}
    params = {"tool": "exec", "args": args, "sessionKey": session_key}
    return str(admin.call("tools.invoke", params)["result"]["stdout"])


@check("DOC-01")
def test_the_template_starts_and_is_clean(codebase: Codebase) -> None:
    needs("bwrap")
    text = document(codebase, TEMPLATE)
    token = gateways.random_secret()
    with installed(text) as home, gateways.running(codebase.root, home, token=token) as gateway:
        judge_audit(codebase, home, token)
        judge_template(gateway, token)
    with_secret = re.sub(r"// token: .*", f'token: "{token}",', text)
    assert with_secret != text, "the template has no place for a secret"
    with installed(with_secret) as home, gateways.running(codebase.root, home) as gateway:
        gateway.token = token
        gateway.login().close()
        leaks = leaks_in_files([home.state], {"token": token})
        assert not leaks, leaks
    weaker = text.replace('mode: "non-main"', 'mode: "off"').replace(
        "trustedProxies: []", 'trustedProxies: ["*"]'
    )
    assert weaker != text
    with installed(weaker) as home, caught():
        judge_audit(codebase, home, token)


def blocks(guide: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)


def run_blocks(codebase: Codebase, found: list[str], home: Home) -> tuple[int, str]:
    """Run the blocks one after the other, in one shell and one home, each announced on stderr."""
    script = "".join(f"echo '== block {number}' >&2\n{block}" for number, block in enumerate(found, 1))
    env = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home.top),
        "TMPDIR": str(home.tmp),
        "LANG": "C.UTF-8",
    }
    with netns.network() as network:
        done = subprocess.run(
            [*network.prefix, "bash", "-euo", "pipefail", "-c", script],
            cwd=codebase.root.parent,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=90,
            check=False,
        )
    return done.returncode, done.stdout + done.stderr


def judge_blocks(codebase: Codebase, found: list[str]) -> None:
    with gateways.new_home() as home:
        code, said = run_blocks(codebase, found, home)
    assert code == 0, said[-3000:]
    assert f"== block {len(found)}\n" in said


@check("DOC-01")
def test_every_block_of_the_guide_runs_as_printed(codebase: Codebase) -> None:
    needs("bwrap", "netns")
    guide = document(codebase, GUIDE)
    fences = re.findall(r"^```(.*)$", guide, re.MULTILINE)
    assert set(fences[::2]) == {"sh"}, "a fenced block that is not run"
    found = blocks(guide)
    assert len(found) == len(fences) // 2 >= FEWEST_BLOCKS
    judge_blocks(codebase, found)
    with caught():
        judge_blocks(codebase, [*found[:1], found[0].replace("config validate", "config validat")])


# DOC-02


def schema_keys(codebase: Codebase) -> list[str]:
    with gateways.new_home() as home:
        done = gateways.command(codebase.root, home, "config", "keys", "--json")
    assert done.exit_code == 0, done.stderr
    return [key["path"] for key in json.loads(done.stdout)]


def all_documents(codebase: Codebase) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(codebase.root.rglob("*.md")))


def first_column(text: str) -> list[str]:
    return re.findall(r"^\| `?([^`|]+?)`? \|", text, re.MULTILINE)


def judge_keys(keys: list[str], documents: str, reference: str) -> None:
    """A key is named in full, or by its last name beside a sibling that is; the reference names no other."""

    def is_named(path: str) -> bool:
        parent, _, last = path.rpartition(".")
        in_full, by_name = re.compile(f"`{re.escape(path)}[`:]"), re.compile(f"`{last}[`:]")
        beside = f"`{parent}." in documents and by_name.search(documents)
        return bool(in_full.search(documents) or beside)

    silent = [path for path in keys if not is_named(path)]
    assert not silent, f"in the schema and in no document: {silent}"
    invented = [path for path in first_column(reference) if "." in path and path not in keys]
    assert not invented, f"documented and not in the schema: {invented}"


def refuses_unknown(codebase: Codebase, path: str) -> bool:
    """Whether the running schema refuses a key: `config keys` must not be a list of its own."""
    value: Any = object()
    for name in reversed(path.replace("<name>", "x").split(".")):
        value = {name: value if isinstance(value, dict) else [["neither"]]}
    with installed(json.dumps(value)) as home:
        done = gateways.command(codebase.root, home, "config", "validate")
    return "unknown key" in done.stderr


@check("DOC-02")
def test_keys_of_schema_and_documents_agree(codebase: Codebase) -> None:
    reference = document(codebase, "docs/CONFIGURATION.md")
    keys = schema_keys(codebase)
    documents = all_documents(codebase)
    judge_keys(keys, documents, reference)
    assert len(first_column(reference)) > len(keys) // 2
    for path in keys[:: len(keys) // 6]:
        assert not refuses_unknown(codebase, path), path
    assert refuses_unknown(codebase, "gateway.auth.tokn"), "the positive control: an unknown key is refused"
    with caught():
        judge_keys([*keys, "gateway.limits.undocumentedMs"], documents, reference)
    with caught():
        judge_keys([key for key in keys if key != "hooks.token"], documents, reference)


def residual_ids() -> list[str]:
    """The residual checks of the catalogue."""
    checks = yaml.safe_load(PROJECT.read_text(encoding="utf-8"))["baseline"]["checks"]
    return [entry["id"] for entry in checks if entry["kind"] == "residual"]


def judge_residual(security: str, residual: list[str]) -> None:
    listed = [name for name in first_column(security) if re.fullmatch(r"[A-Z]+-\d+", name)]
    assert listed == residual, f"{listed} in SECURITY.md, {residual} in the catalogue"


def judge_changes(guide: str, rules: list[str]) -> None:
    listed = [name for name in first_column(guide) if re.fullmatch(r"[a-z]+(-[a-z]+)*", name)]
    assert sorted(listed) == sorted(rules), set(listed) ^ set(rules)


@check("DOC-02")
def test_residual_risks_and_breaking_changes_agree(codebase: Codebase) -> None:
    security, guide = document(codebase, "SECURITY.md"), document(codebase, GUIDE)
    residual = residual_ids()
    assert residual
    judge_residual(security, residual)
    with gateways.new_home() as home:
        done = gateways.command(codebase.root, home, "security", "migrate", "--rules", "--json")
    assert done.exit_code == 0, done.stderr
    rules = list(json.loads(done.stdout))
    assert rules
    judge_changes(guide, rules)
    with caught():
        judge_residual(security.replace(residual[0], "XX-99"), residual)
    with caught():
        judge_changes(guide, [*rules, "another-rule"])

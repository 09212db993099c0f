"""The shipped documents agree with the program."""

import json
import re
from pathlib import Path

import pytest

from gateway.config.keys import every_key
from gateway.migration.rules import RULES
from gateway.tests.support import ROOT, boot, command, operator

HOME = ROOT / "gateway"
DOCS = HOME / "docs"
TEMPLATE = (DOCS / "secure-template.json5").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


async def test_doc_01_the_template_starts_and_is_clean(tmp_path: Path) -> None:
    """DOC-01: a gateway starts from the template as it is shipped, and the audit finds nothing in it."""
    path = tmp_path / "state" / "moltbot.json"
    path.parent.mkdir(mode=0o700)
    path.write_text(TEMPLATE)
    path.chmod(0o600)
    audited = command(tmp_path, "security", "audit", "--json", "--without-controls")
    assert json.loads(audited.stdout)["findings"] == [] or {
        finding["severity"] for finding in json.loads(audited.stdout)["findings"]
    } == {"info"}
    with boot(tmp_path) as gateway:
        async with operator(gateway) as client:
            assert (await client.call("health"))["ok"]


@pytest.mark.parametrize("document", ["GUIDE.md", "CONFIGURATION.md", "../SECURITY.md", "../README.md"])
def test_doc_01_links_lead_somewhere(document: str) -> None:
    """DOC-01: every relative link of a document names a file that is shipped."""
    text = (DOCS / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links or document == "CONFIGURATION.md"
    for link in links:
        assert ((DOCS / document).parent / link.partition("#")[0]).exists(), link


def named_in_documents(path: str, text: str) -> bool:
    """Tell whether a key is named in full, or by its last name beside a sibling that is."""
    parent, _, last = path.rpartition(".")
    by_name = f"`{parent}." in text and re.search(f"`{last}[`:]", text)
    return bool(by_name or re.search(f"`{re.escape(path)}[`:]", text))


def test_doc_02_every_key_is_documented_and_every_documented_key_exists() -> None:
    """DOC-02: keys of the schema and keys of the documents are the same."""
    keys = [key.path for key in every_key()]
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(HOME.rglob("*.md")))
    assert [path for path in keys if not named_in_documents(path, text)] == []
    listed = ROW.findall((DOCS / "CONFIGURATION.md").read_text(encoding="utf-8"))
    assert [path for path in listed if path not in keys] == []


def test_doc_02_breaking_changes_are_the_rules_of_the_migration() -> None:
    """DOC-02: the guide lists what a migration changes, by the same names."""
    assert ROW.findall((DOCS / "GUIDE.md").read_text(encoding="utf-8")) == list(RULES)


def test_doc_02_keys_are_printed(tmp_path: Path) -> None:
    """DOC-02: `config keys` shows what the schema has."""
    shown = command(tmp_path, "config", "keys", "--json")
    assert [key["path"] for key in json.loads(shown.stdout)] == [key.path for key in every_key()]
    assert "gateway.bind" in command(tmp_path, "config", "keys").stdout

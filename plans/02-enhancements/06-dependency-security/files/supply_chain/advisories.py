"""Advisory sets: known holes as OSV records, with a manifest that dates and seals them.

The records follow https://ossf.github.io/osv-schema/; only the ecosystem PyPI is looked at.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from gateway.supply_chain.errors import SupplyChainError
from gateway.supply_chain.ranges import Range, versions_of

MANIFEST, RECORDS = "manifest.json", "advisories.json"
SHIPPED = Path(__file__).parent / "advisories"
ECOSYSTEM = "PyPI"
REPLACE_IT = "bring a new set with `deps update`"


@dataclass(frozen=True)
class Advisory:
    """What one record says about one package."""

    id: str
    aliases: frozenset[str]
    package: str
    summary: str
    affected: Range

    @property
    def names(self) -> frozenset[str]:
        return self.aliases | {self.id}


@dataclass(frozen=True)
class AdvisorySet:
    path: Path
    day: date
    advisories: tuple[Advisory, ...]

    def about(self, package: str) -> list[Advisory]:
        return [advisory for advisory in self.advisories if advisory.package == package]

    @classmethod
    def read(cls, path: Path) -> "AdvisorySet":
        """Read a set from its directory.

        Raises SupplyChainError when it is incomplete, changed since it was sealed, or not OSV.
        """
        manifest = _json(path / MANIFEST)
        records = _json(path / RECORDS)
        try:
            day = date.fromisoformat(manifest["date"])
            sealed = manifest["sha256"]
        except (KeyError, TypeError, ValueError):
            raise SupplyChainError(
                f"{path / MANIFEST}: needs date (YYYY-MM-DD) and sha256", hint=REPLACE_IT
            ) from None
        if hashlib.sha256((path / RECORDS).read_bytes()).hexdigest() != sealed:
            raise SupplyChainError(f"{path / RECORDS}: changed since it was sealed", hint=REPLACE_IT)
        if not isinstance(records, list):
            raise SupplyChainError(f"{path / RECORDS}: must be a list of OSV records", hint=REPLACE_IT)
        return cls(path, day, tuple(read_records(records, str(path / RECORDS))))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise SupplyChainError(f"{path}: cannot be read: {error.strerror}", hint=REPLACE_IT) from None
    except (ValueError, RecursionError) as error:
        raise SupplyChainError(f"{path}: not JSON: {error}", hint=REPLACE_IT) from None


def read_records(records: Iterable[Any], origin: str) -> Iterator[Advisory]:
    """Yield what the records say about packages of PyPI; withdrawn ones say nothing.

    Raises SupplyChainError for a record that is not OSV: one that is skipped would hide a hole.
    """
    for number, record in enumerate(records, 1):
        name = record.get("id", f"record {number}") if isinstance(record, dict) else f"record {number}"
        try:
            if record.get("withdrawn"):
                continue
            for entry in record["affected"]:
                if entry["package"]["ecosystem"] == ECOSYSTEM:
                    yield Advisory(
                        id=str(record["id"]),
                        aliases=frozenset(map(str, record.get("aliases") or ())),
                        package=str(canonicalize_name(entry["package"]["name"])),
                        summary=str(record.get("summary") or record.get("details") or ""),
                        affected=versions_of(entry),
                    )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise SupplyChainError(
                f"{origin}: {name}: not an OSV record: {error!r}", hint=REPLACE_IT
            ) from None


def default_set(state: Path) -> Path:
    """Return the set of a state directory if there is one, else the shipped one."""
    own = state / "advisories"
    return own if (own / MANIFEST).exists() else SHIPPED

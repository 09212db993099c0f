"""From a dump of OSV records to an advisory set of the packages that matter here."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from gateway.state import files
from gateway.supply_chain.advisories import ECOSYSTEM, MANIFEST, RECORDS, AdvisorySet, read_records
from gateway.supply_chain.errors import SupplyChainError

LARGEST_RECORD = 4 << 20


def dump_records(source: Path) -> Iterator[Any]:
    """Yield the records of a directory or a zip file of JSON files.

    Raises SupplyChainError when it is neither, or a file in it is not JSON.
    """
    try:
        if source.is_dir():
            for path in sorted(source.rglob("*.json")):
                yield _record(path.read_bytes(), str(path))
            return
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                if member.filename.endswith(".json"):
                    if member.file_size > LARGEST_RECORD:
                        raise SupplyChainError(f"{source}: {member.filename} is larger than a record can be")
                    yield _record(archive.read(member), f"{source}: {member.filename}")
    except (OSError, zipfile.BadZipFile) as error:
        raise SupplyChainError(
            f"{source}: cannot be read: {error}", hint="give the directory or the zip file of an OSV dump"
        ) from None


def _record(content: bytes, origin: str) -> Any:
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SupplyChainError(f"{origin}: not JSON: {error}") from None
    if not isinstance(record, dict) or "id" not in record:
        raise SupplyChainError(f"{origin}: not an OSV record")
    return record


def import_set(source: Path, packages: set[str], target: Path) -> AdvisorySet:
    """Write the set of these packages; its day is that of the newest record in the dump.

    Raises SupplyChainError when the dump has no record that can be dated or one is not OSV.
    """
    kept, newest = [], ""
    for record in dump_records(source):
        newest = max(newest, str(record.get("modified", "")))
        if _names(record) & packages:
            kept.append(record)
    if not newest:
        raise SupplyChainError(f"{source}: holds no OSV record with a `modified` date")
    list(read_records(kept, str(source)))
    text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    files.write_text(target / RECORDS, text)
    files.write_json(
        target / MANIFEST, {"date": newest[:10], "count": len(kept), "sha256": digest, "source": source.name}
    )
    return AdvisorySet.read(target)


def _names(record: dict[str, Any]) -> set[str]:
    entries = [entry.get("package", {}) for entry in record.get("affected") or ()]
    return {
        str(canonicalize_name(entry.get("name", "")))
        for entry in entries
        if entry.get("ecosystem") == ECOSYSTEM
    }

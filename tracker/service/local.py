"""What only this machine knows of the checks: why they were red or did not run."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tracker.service.base import Repository
from tracker.store import files
from tracker.verify.outcomes import Result


def remember_reasons(repository: Repository, results: Mapping[str, Result]) -> None:
    """Keep the newest reason of each check, and forget that of a check without one."""
    known = reasons(repository)
    for check, result in results.items():
        if result.reason:
            known[check] = result.reason
        else:
            known.pop(check, None)
    place = files.local_directory(repository.root) / "reasons.json"
    files.write_atomic(place, (json.dumps(known, indent=1, ensure_ascii=False) + "\n").encode())


def reasons(repository: Repository) -> dict[str, str]:
    """Check → why it was red or did not run when it last was verified here."""
    try:
        data = json.loads((repository.root / files.LOCAL / "reasons.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(check): str(reason) for check, reason in data.items()} if isinstance(data, dict) else {}

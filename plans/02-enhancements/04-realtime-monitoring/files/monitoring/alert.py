"""What an alert says: what was seen, how often, and about whom; never what somebody wrote."""

import uuid
from dataclasses import dataclass, field
from typing import Any

MOST_SUBJECTS = 10
MOST_COUNTED = 10_000
LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class Finding:
    """One thing that a rule has noticed.

    Findings with the same `key` are one alert. `subjects` are names that an operator
    needs: addresses, programs, paths of the configuration, ids.
    """

    kind: str
    severity: str
    message: str
    subjects: tuple[str, ...] = ()
    key: str = ""
    count: int = 1


@dataclass
class Alert:
    """A finding and its repetitions."""

    kind: str
    severity: str
    message: str
    first_at_ms: int
    last_at_ms: int
    count: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    subjects: dict[str, None] = field(default_factory=dict)

    def add(self, finding: Finding, now_ms: int, *, count: int) -> None:
        self.count += count
        self.last_at_ms = now_ms
        for subject in finding.subjects:
            if len(self.subjects) < MOST_COUNTED:
                self.subjects.setdefault(subject[:LONGEST_SUBJECT])

    def payload(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "severity": self.severity,
            "message": self.message,
            "count": self.count,
            "subjects": list(self.subjects)[:MOST_SUBJECTS],
            "subjectCount": len(self.subjects),
            "firstAtMs": self.first_at_ms,
            "lastAtMs": self.last_at_ms,
        }

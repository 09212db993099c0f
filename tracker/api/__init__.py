"""All that a plan may use of tracker: the codebase it changes, the marker of its checks, the errors it can meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.api.codebase import Codebase
from tracker.errors import EditFailed, PathRefused, PlanError

if TYPE_CHECKING:
    import pytest

__all__ = ["Codebase", "EditFailed", "PathRefused", "PlanError", "check"]


def check(check_id: str) -> pytest.MarkDecorator:
    """Mark a test as proof of a check: it passes when all its tests passed and at least one ran."""
    import pytest

    mark: Any = pytest.mark
    return mark.check(check_id)  # type: ignore[no-any-return]

"""The programme's harness is found as its verifications find it: with `plans/` on the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plans"))

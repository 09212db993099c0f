"""What commands print."""

import json
import sys
from typing import Any


def show(text: str) -> None:
    sys.stdout.write(text + "\n")


def show_json(value: Any) -> None:
    show(json.dumps(value, indent=2, ensure_ascii=False))

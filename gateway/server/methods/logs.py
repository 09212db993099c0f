"""The tail of the gateway's log."""

import os
from typing import Any

from gateway.protocol.schema.types import Integer, record
from gateway.server.methods.registry import READ, Call, method
from gateway.state import files

DEFAULT_LINES = 500
DEFAULT_BYTES = 250_000

PARAMS = record(
    cursor=Integer(),
    limit=Integer(min=1, max=5000),
    maxBytes=Integer(min=1, max=1_000_000),
)


@method("logs.tail", scope=READ, params=PARAMS)
async def tail(call: Call) -> dict[str, Any]:
    """Return the lines after `cursor` (a byte offset), else the last ones."""
    file = call.gateway.journal.file
    limit = call.params.get("limit", DEFAULT_LINES)
    most = call.params.get("maxBytes", DEFAULT_BYTES)
    size = file.stat().st_size if file.exists() else 0
    cursor = call.params.get("cursor")
    start = max(0, size - most) if cursor is None or cursor > size else max(cursor, size - most)
    data = files.read_slice(file, start, size - start) if size else b""
    text = data.decode("utf-8", "replace")
    if start and start != cursor:
        text = text.partition("\n")[2]
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return {
        "file": os.fspath(file),
        "cursor": size,
        "size": size,
        "lines": [call.gateway.journal.redact(line) for line in lines[-limit:]],
        "truncated": len(lines) > limit or (start > 0 and start != cursor),
        "reset": cursor is not None and cursor > size,
    }

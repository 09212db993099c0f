"""Tools that read and write files."""

from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Text, record
from gateway.state import files
from gateway.tools import paths

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

LARGEST_READ = 262_144

_path = Text(min=1, max=4096)
READ_PARAMS = record("path", path=_path)
WRITE_PARAMS = record("path", "content", path=_path, content=Text())


async def read(gateway: "Gateway", args: dict[str, Any], _session_key: str) -> dict[str, Any]:
    """Return the text of a file, at most its first 256 KiB."""
    file = paths.resolve(gateway, args["path"])
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_READ)
    except OSError as error:
        raise RequestError(INVALID_REQUEST, f"cannot read {args['path']}: {error.strerror}") from None
    return {"path": args["path"], "content": content.decode("utf-8", "replace")}


async def write(gateway: "Gateway", args: dict[str, Any], _session_key: str) -> dict[str, Any]:
    """Replace a file by the given text."""
    file = paths.resolve(gateway, args["path"])
    try:
        files.write_text(file, args["content"])
    except OSError as error:
        raise RequestError(INVALID_REQUEST, f"cannot write {args['path']}: {error.strerror}") from None
    return {"path": args["path"], "bytes": len(args["content"].encode("utf-8", "replace"))}

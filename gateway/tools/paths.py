"""From a path that a tool was given to a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.state import files

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


def workspace(gateway: "Gateway") -> Path:
    """Return the directory that tools work in."""
    configured = gateway.config.text_at("agents.defaults.workspace")
    directory = Path(configured).expanduser() if configured else gateway.paths.workspace
    files.ensure_dir(directory)
    return directory


def resolve(gateway: "Gateway", path: str) -> Path:
    """Return the file that a tool means.

    Raises RequestError when the text cannot name a file.
    """
    if "\0" in path:
        raise RequestError(INVALID_REQUEST, "path must not contain NUL")
    return workspace(gateway) / path

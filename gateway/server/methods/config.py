"""Reading and changing the configuration of a running gateway."""

from typing import Any

from gateway.config import config as configuration
from gateway.config.schema import HOT_RELOADED
from gateway.config.source import parse_json5, read_source
from gateway.errors import ConfigError, RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Text, record
from gateway.server.methods.registry import ADMIN, Call, method

PATCH = record("raw", raw=Text(min=1), baseHash=Text(min=1, max=200), note=Text(max=1000))


@method("config.get", scope=ADMIN)
async def get(call: Call) -> dict[str, Any]:
    """Return the file as it is, and the configuration it makes."""
    path = call.gateway.paths.config
    text, _ = read_source(path)
    on_disk = configuration.Config.load(path)
    return {
        "path": str(path),
        "exists": text is not None,
        "raw": text,
        "config": on_disk.given,
        "hash": configuration.digest(text),
        "valid": True,
    }


@method("config.patch", scope=ADMIN, params=PATCH)
async def patch(call: Call) -> dict[str, Any]:
    """Merge a patch into the file, and apply at once what needs no restart."""
    gateway = call.gateway
    try:
        before = configuration.Config.load(gateway.paths.config)
        _check_base(before, call.params.get("baseHash"))
        changes = parse_json5(call.params["raw"], "raw")
        if not isinstance(changes, dict):
            raise RequestError(INVALID_REQUEST, "raw must be an object")
        after = before.patched(changes)
    except ConfigError as error:
        message = error.message.replace(str(gateway.paths.config), "config")
        raise RequestError(INVALID_REQUEST, f"invalid config: {message}") from None
    configuration.write(after)
    changed = configuration.changed_paths(before.given, after.given)
    restart = [path for path in changed if not path.startswith(HOT_RELOADED)]
    gateway.use_config(configuration.Config.load(gateway.paths.config))
    gateway.journal.info("config", "patched", paths=changed, restart=bool(restart))
    return {
        "ok": True,
        "path": str(gateway.paths.config),
        "hash": after.hash,
        "config": after.given,
        "restart": {"required": bool(restart), "paths": restart},
    }


def _check_base(before: configuration.Config, base: str | None) -> None:
    if before.text is None:
        return
    if base is None:
        raise RequestError(INVALID_REQUEST, "config base hash required: call config.get and send its hash")
    if base != before.hash:
        raise RequestError(INVALID_REQUEST, "config changed since it was read: call config.get and try again")

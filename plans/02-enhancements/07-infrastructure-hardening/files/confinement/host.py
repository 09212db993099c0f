"""What this host lacks to confine a gateway, told before one runs here."""

import os

from gateway.config.config import Config
from gateway.confinement import identity, landlock
from gateway.errors import GatewayError
from gateway.paths import Paths


def lacking(config: Config, paths: Paths) -> list[str]:
    """Return what cannot be enforced here, nothing when all can. Changes nothing."""
    missing = []
    if not landlock.version():
        missing.append("the kernel has no Landlock, so its files are not confined")
    try:
        import pyseccomp  # noqa: F401 - whether it and libseccomp are here is the question
    except (ImportError, OSError) as error:
        missing.append(f"its system calls are not confined: {error}")
    if os.geteuid() == 0:
        try:
            obstacle = identity.obstacle(identity.chosen(config, paths.state), config, paths)
        except GatewayError as error:
            obstacle = error.message
        if obstacle:
            missing.append(f"it stays root: {obstacle}")
    return missing

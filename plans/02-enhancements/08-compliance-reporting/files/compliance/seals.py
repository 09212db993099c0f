"""What is done with a finished bundle, and what looks at it again."""

from collections.abc import Callable
from pathlib import Path

from gateway.compliance import signature
from gateway.paths import Paths

SEALERS: list[Callable[[Paths, Path], None]] = [signature.sign]
# The text is the fingerprint of the signer who is expected, None for this installation.
INSPECTORS: list[Callable[[Paths, Path, str | None], list[str]]] = [signature.inspect]

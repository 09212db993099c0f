from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.tests.support import Booted, boot


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """A gateway with a token and nothing else, shared by the tests of a module."""
    with boot(tmp_path_factory.mktemp("shared")) as booted:
        yield booted


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Booted]]:
    """Boot gateways of one's own; each ends with the test."""
    running: list[Any] = []

    def started(config: dict[str, Any] | None = None, *flags: str, **options: Any) -> Booted:
        context = boot(tmp_path / str(len(running)), config, *flags, **options)
        booted = context.__enter__()
        running.append(context)
        return booted

    yield started
    for context in reversed(running):
        context.__exit__(None, None, None)

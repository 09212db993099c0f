"""Work beside the screen: a coroutine that may fail without ending it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, cast

from textual.dom import DOMNode
from textual.worker import Worker

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp


FLOW = "flow"
"""The group of what a key has begun: it may be waiting for an answer."""


def spawn(
    node: DOMNode,
    call: Callable[[], Coroutine[Any, Any, None]],
    *,
    group: str = "default",
    exclusive: bool = False,
) -> Worker[None]:
    """Run the coroutine as a worker of the widget; a fault in it is shown and logged.

    ``exclusive``: what still runs of the same group and widget is cancelled first.
    """

    async def guarded() -> None:
        try:
            await call()
        except Exception as error:  # noqa: BLE001 - a fault in a worker must not end the screen
            cast("TrackerApp", node.app).show_bug(error)

    return node.run_worker(guarded, group=group, exclusive=exclusive, exit_on_error=False)

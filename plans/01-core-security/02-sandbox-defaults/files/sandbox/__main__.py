"""`python -m gateway.sandbox DESCRIPTOR`: wait for the first order, then be the supervisor.

What carries orders out is imported with the first of them: until then the process is small and quickly there.
"""

import select
import signal
import sys

ENDED = select.POLLHUP | select.POLLRDHUP


def await_order(control: int) -> bool:
    """Return True when there is an order, False when the gateway is gone."""
    poll = select.poll()
    poll.register(control, select.POLLIN | select.POLLRDHUP)
    return not any(event & ENDED for _, event in poll.poll())


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not SIG_IGN: commands would inherit it.
        signal.signal(number, lambda *_: None)
    control = int(sys.argv[1])
    if await_order(control):
        from gateway.sandbox.supervisor import serve

        serve(control)


if __name__ == "__main__":
    main()

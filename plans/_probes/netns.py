"""A network namespace of the probe's own, where off-loopback addresses exist and lead nowhere else."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

INSIDE = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
"""Addresses of the namespace beside loopback, unless others are asked for (TEST-NET-1, RFC 5737)."""

_HELPER = """
import array, json, socket, sys
control = socket.socket(fileno=int(sys.argv[1]))
control.send(b"ready")
while order := control.recv(4096):
    host, port, source = json.loads(order)
    try:
        sock = socket.create_connection((host, port), 8, (source, 0) if source else None)
    except OSError as error:
        control.send(str(error).encode())
    else:
        with sock:
            socket.send_fds(control, [b"ok"], [sock.fileno()])
"""


def unshare_command() -> list[str]:
    """Enter a new network namespace: as root at once, else as root of a new user namespace."""
    return ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-U", "-r", "-n"]


@dataclass
class Network:
    """A running namespace. `prefix` puts a command into it; `dial` connects in it, for a caller outside."""

    prefix: Sequence[str]
    control: socket.socket

    def dial(self, host: str, port: int, source: str | None) -> socket.socket:
        """A TCP connection made inside. Raises OSError."""
        self.control.send(json.dumps([host, port, source]).encode())
        answer, descriptors, _, _ = socket.recv_fds(self.control, 4096, 1)
        if not descriptors:
            raise OSError(answer.decode())
        sock = socket.socket(fileno=descriptors[0])
        sock.settimeout(8)
        return sock


@contextlib.contextmanager
def network(*addresses: str) -> Iterator[Network]:
    """A namespace whose only interface carries, beside loopback, the addresses (with prefix lengths).

    They stand on `lo` because not every kernel has dummy interfaces; to a gateway they are as foreign.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    wanted = addresses or tuple(f"{address}/24" for address in INSIDE)
    setup = ["ip link set lo up"]
    setup += [f"ip addr add {address} dev lo{' nodad' if ':' in address else ''}" for address in wanted]
    script = " && ".join([*setup, 'exec "$0" -I -c "$1" "$2"'])
    helper = subprocess.Popen(
        [*unshare_command(), "sh", "-c", script, sys.executable, _HELPER, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    theirs.close()
    try:
        ours.settimeout(10)
        if ours.recv(16) != b"ready":
            raise OSError("the network namespace did not come up")
        prefix = ["nsenter", f"--net=/proc/{helper.pid}/ns/net", "--"]
        if os.geteuid() != 0:
            prefix = ["nsenter", "-t", str(helper.pid), "-U", "-n", "--preserve-credentials", "--"]
        yield Network(prefix, ours)
    finally:
        ours.close()
        helper.kill()
        helper.wait()

"""What the kernel says about a process (proc(5))."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"


@dataclass(frozen=True)
class Listener:
    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int


def status(pid: int) -> dict[str, str]:
    """`/proc/PID/status` as a mapping."""
    lines = (line.partition(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: value.strip() for name, _, value in lines}


def rss_bytes(pid: int) -> int:
    return int(status(pid)["VmRSS"].split()[0]) * 1024


def namespaces(pid: int | str) -> dict[str, str]:
    """Namespace names to their identities, such as `pid:[4026531836]`."""
    return {link.name: str(link.readlink()) for link in Path(f"/proc/{pid}/ns").iterdir()}


def environ(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


def descendants(pid: int) -> list[int]:
    """All processes below this one, by parent links."""
    parents: dict[int, int] = {}
    for entry in (path.name for path in Path("/proc").iterdir()):
        if entry.isdigit():
            with contextlib.suppress(OSError, IndexError):
                stat = Path(f"/proc/{entry}/stat").read_text()
                parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    found = [pid]
    for parent in found:
        found += [child for child, of in parents.items() if of == parent]
    return found[1:]


def exists(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return not status(pid)["State"].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return False


def listeners(pid: int) -> list[Listener]:
    """The listening TCP sockets of a process."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if match := re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink())):
                inodes.add(match[1])
    return [found for inode, found in _table(Path(f"/proc/{pid}/net")) if inode in inodes]


def port_is_open(port: int) -> bool:
    """Whether anybody in this network namespace listens on the port."""
    return any(found.port == port for _, found in _table(Path("/proc/self/net")))


def _table(directory: Path) -> list[tuple[str, Listener]]:
    found = []
    for name in ("tcp", "tcp6"):
        table = directory / name
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN:
                address, port = fields[1].split(":")
                found.append((fields[9], Listener(_address(address), int(port, 16))))
    return found


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Words of the table are in host byte order."""
    raw = bytes.fromhex(text)
    network = b"".join(
        socket.htonl(int.from_bytes(raw[at : at + 4])).to_bytes(4) for at in range(0, len(raw), 4)
    )
    return ipaddress.ip_address(network)

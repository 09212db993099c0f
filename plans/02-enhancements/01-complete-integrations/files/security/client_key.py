"""The key under which a client is counted: one for each host, however its address is written.

A host with IPv6 mostly has a whole /64 of addresses to choose from (RFC 4291
section 2.5.4), so its network is the key; an address of IPv4 in IPv6 clothes
(section 2.5.5.2) is the IPv4 address.
"""

import ipaddress

NETWORK_BYTES = 8

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(text: str) -> Address | None:
    """Return the address in `text`, with or without brackets and a port; None when there is none."""
    name = text.strip()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def client_key(text: str) -> bytes:
    """Return the key of the client at an address."""
    address = parse_address(text)
    if address is None:
        return b"?" + text.encode("utf-8", "replace")[:64]
    return address.packed[:NETWORK_BYTES]

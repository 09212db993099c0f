"""Which addresses are of the public Internet.

`ipaddress` alone does not tell: `is_global` of Python 3.11 is true for 64:ff9b::7f00:1 and
::ffff:0:127.0.0.1, which lead to 127.0.0.1 where something translates them. The lists are the
special-purpose registries of IANA (RFC 6890 and its updates); for IPv6 only global unicast is let
through, less what carries an IPv4 address or is not for use.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

PRIVATE_V4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
GLOBAL_V6 = ip_network("2000::/3")
PRIVATE_V6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))


def is_public(address: str) -> bool:
    """Tell whether an address is of the public Internet; a scoped one is not."""
    parsed: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in PRIVATE_V4)
    return (
        not parsed.scope_id and parsed in GLOBAL_V6 and not any(parsed in network for network in PRIVATE_V6)
    )

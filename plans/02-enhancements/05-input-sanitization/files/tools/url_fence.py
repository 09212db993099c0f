"""The fence around web_fetch: http and https only, to addresses of the public Internet only.

A URL is taken apart here and nowhere else, so that nobody reads it in another way later; a name
counts as what it resolves to, and every address of it must be public (CWE-918).
"""

import asyncio
import re
import socket
import unicodedata
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote

import idna

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST, UNAVAILABLE
from gateway.tools.addresses import is_public

PORTS = {"http": 80, "https": 443}
LONGEST_NAME = 253
_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<target>[^#]*)(?:#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[^\[\]:@%]+))(?::(?P<port>\d{1,5}))?")
_UNUSABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
IDEOGRAPHIC_DOT = "\u3002"


@dataclass(frozen=True)
class Url:
    """A URL in its one spelling; `host` is a name or an address without brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def literal(self) -> bool:
        """Whether the host is an address."""
        return ":" in self.host or _NUMBER.fullmatch(self.host.rpartition(".")[2]) is not None

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = bracketed(self.host)
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


@dataclass(frozen=True)
class Destination:
    """Where a URL leads: addresses that were all looked at."""

    url: Url
    addresses: tuple[str, ...]


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def refused(why: str) -> RequestError:
    return RequestError(INVALID_REQUEST, f"url refused: {why}")


def parse(text: str) -> Url:
    """Take a URL apart.

    Raises RequestError for another scheme, a user in it, a host in an odd
    spelling, and whatever two readers could read in two ways.
    """
    if _UNUSABLE.search(text):
        raise refused("it has control characters, blanks or backslashes")
    found = _URL.fullmatch(text)
    if found is None:
        raise refused("it must start with http:// or https://")
    authority = _AUTHORITY.fullmatch(found["authority"])
    if authority is None:
        raise refused("it must name a host, at most a port, and no user")
    scheme = found["scheme"].lower()
    port = int(authority["port"] or PORTS[scheme])
    if not 0 < port < 1 << 16:
        raise refused("there is no such port")
    host = _address(authority["v6"]) if authority["v6"] else _host(authority["name"])
    target = quote(found["target"], safe="/?%&=+,;:@!$'()*~")
    return Url(scheme, host, port, target if target.startswith("/") else f"/{target}")


def _address(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        raise refused("its host is not an address") from None


def _host(text: str) -> str:
    """Return a name as it is looked up, or an address in its one spelling."""
    name = unicodedata.normalize("NFKC", text).replace(IDEOGRAPHIC_DOT, ".").lower().removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise refused("its host is not a name") from None
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(name))
        except AddressValueError:
            raise refused("its host is a number in an odd spelling") from None
    if len(name) > LONGEST_NAME or not all(_NAME.fullmatch(label) and len(label) < 64 for label in labels):
        raise refused("its host is not a name")
    return name


async def resolve(host: str, port: int) -> list[str]:
    """Return every address of a name, in the order in which the system would use them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def destination(text: str) -> Destination:
    """Look where a URL leads.

    Raises RequestError when one of its addresses is not public; the answer
    does not tell which, or web_fetch would map the network for its user.
    """
    url = parse(text)
    try:
        addresses = [url.host] if url.literal else await resolve(url.host, url.port)
    except (OSError, UnicodeError):
        raise RequestError(UNAVAILABLE, "fetch failed: the host cannot be found", retryable=True) from None
    if not addresses or not all(is_public(address) for address in addresses):
        raise refused("it does not lead to the public Internet")
    return Destination(url, tuple(addresses))

"""Fetching from the address that was looked at, whatever the name resolves to a moment later.

Each redirect is a new URL and goes through the fence like the first. Source: OWASP, Server-Side
Request Forgery Prevention.
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST, UNAVAILABLE
from gateway.tools import url_fence

if TYPE_CHECKING:
    import httpx

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PLAIN = frozenset({"", "identity"})


@dataclass(frozen=True)
class Limits:
    seconds: float
    body: int
    redirects: int


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    content_type: str
    body: bytes
    truncated: bool


@dataclass(frozen=True)
class _Moved:
    to: str


async def get(url: str, limits: Limits, user_agent: str) -> Page:
    """Fetch a page; the body is cut at the limit, and all redirects share the time.

    Raises RequestError when a URL on the way is refused, or nothing comes of it.
    """
    import httpx

    try:
        async with asyncio.timeout(limits.seconds):
            destination = await url_fence.destination(url)
            async with httpx.AsyncClient(
                follow_redirects=False,
                timeout=limits.seconds,
                headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
                trust_env=False,
                verify=_authorities(),
            ) as client:
                return await _follow(client, destination, limits)
    except TimeoutError:
        raise _failed("no answer in time") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _failed(type(error).__name__) from None


@cache
def _authorities() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes long enough to do it once."""
    import httpx

    return httpx.create_ssl_context()


async def _follow(client: "httpx.AsyncClient", destination: url_fence.Destination, limits: Limits) -> Page:
    for _ in range(limits.redirects):
        outcome = await _fetch(client, destination, limits)
        if isinstance(outcome, Page):
            return outcome
        destination = await _next(destination, outcome)
    outcome = await _fetch(client, destination, limits)
    if isinstance(outcome, Page):
        return outcome
    raise RequestError(INVALID_REQUEST, f"url refused: more than {limits.redirects} redirects")


async def _next(destination: url_fence.Destination, moved: _Moved) -> url_fence.Destination:
    if destination.url.scheme == "https" and not moved.to.lower().startswith("https:"):
        raise url_fence.refused("it redirects from https to something else")
    return await url_fence.destination(moved.to)


async def _fetch(
    client: "httpx.AsyncClient", destination: url_fence.Destination, limits: Limits
) -> Page | _Moved:
    import httpx

    for address in destination.addresses[:-1]:
        try:
            return await _ask(client, destination.url, address, limits)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return await _ask(client, destination.url, destination.addresses[-1], limits)


async def _ask(
    client: "httpx.AsyncClient", url: url_fence.Url, address: str, limits: Limits
) -> Page | _Moved:
    """Ask one address; the name stays in the Host header, in SNI and in the check of the certificate."""
    async with client.stream(
        "GET",
        f"{url.scheme}://{url_fence.bracketed(address)}:{url.port}{url.target}",
        headers={"Host": url.authority},
        extensions={"sni_hostname": url.host},
    ) as response:
        location = response.headers.get("location", "")
        if response.status_code in REDIRECTS and location:
            return _Moved(urljoin(str(url), location))
        if response.headers.get("content-encoding", "").strip().lower() not in PLAIN:
            raise _failed("the body is compressed, which was not asked for")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk[: limits.body + 1 - len(body)]
            if len(body) > limits.body:
                break
        return Page(
            str(url),
            response.status_code,
            response.headers.get("content-type", ""),
            bytes(body[: limits.body]),
            len(body) > limits.body,
        )


def _failed(why: str) -> RequestError:
    return RequestError(UNAVAILABLE, f"fetch failed: {why}", retryable=True)

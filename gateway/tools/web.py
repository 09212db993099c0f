"""The tool that fetches a page."""

from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST, UNAVAILABLE
from gateway.protocol.schema.types import Text, record

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

PARAMS = record("url", url=Text(min=1, max=4096))
USER_AGENT = "moltbot-gateway"


async def fetch(gateway: "Gateway", args: dict[str, Any], _session_key: str) -> dict[str, Any]:
    """Fetch a URL, following redirects; the body is cut at `tools.web.maxBytes`."""
    import httpx

    limit = gateway.config.number_at("tools.web.maxBytes")
    body = bytearray()
    try:
        async with (
            httpx.AsyncClient(
                follow_redirects=True,
                max_redirects=gateway.config.number_at("tools.web.maxRedirects"),
                timeout=gateway.config.seconds_at("tools.web.timeoutMs"),
                headers={"User-Agent": USER_AGENT},
                trust_env=False,
            ) as client,
            client.stream("GET", args["url"]) as response,
        ):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > limit:
                    break
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise RequestError(INVALID_REQUEST, f"url must be an http or https URL: {error}") from None
    except httpx.HTTPError as error:
        raise RequestError(UNAVAILABLE, f"fetch failed: {type(error).__name__}", retryable=True) from None
    return {
        "url": str(response.url),
        "status": response.status_code,
        "contentType": response.headers.get("content-type", ""),
        "body": bytes(body[:limit]).decode("utf-8", "replace"),
        "truncated": len(body) > limit,
    }

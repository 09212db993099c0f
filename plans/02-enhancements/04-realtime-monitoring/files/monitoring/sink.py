"""Where alerts are posted to, signed so that they can be neither forged nor replayed."""

import hashlib
import hmac
import json
import ssl
from dataclasses import dataclass
from typing import Any

from gateway._version import __version__
from gateway.config.config import Config

SIGNATURE, TIMESTAMP = "X-Gateway-Signature", "X-Gateway-Timestamp"
TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Sink:
    url: str
    secret: str

    @classmethod
    def configured(cls, config: Config) -> "Sink | None":
        url, secret = config.text_at("monitoring.sink.url"), config.text_at("monitoring.sink.secret")
        return cls(url, secret) if url and secret else None

    def sign(self, timestamp: str, body: bytes) -> str:
        """Return the signature: HMAC-SHA-256 over time stamp, a dot and the body."""
        digest = hmac.new(self.secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
        return f"v1={digest.hexdigest()}"

    async def post(self, payload: dict[str, Any], now_ms: int) -> str:
        """Deliver one alert; return what went wrong, nothing when the sink took it.

        The time stamp is that of the delivery: a sink refuses old ones, and not a late alert.
        """
        import httpx

        body = json.dumps({"type": "security.event", **payload}, sort_keys=True).encode()
        timestamp = str(now_ms // 1000)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"gateway/{__version__}",
            TIMESTAMP: timestamp,
            SIGNATURE: self.sign(timestamp, body),
        }
        context = (
            ssl.create_default_context()
            if self.url.startswith("https:")
            else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        )
        try:
            async with httpx.AsyncClient(verify=context, trust_env=False, timeout=TIMEOUT_SECONDS) as client:
                response = await client.post(self.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return f"{type(error).__name__}: {error}"
        return "" if response.is_success else f"HTTP {response.status_code}"

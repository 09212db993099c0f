"""What a client got for logging in: a session with a token, an end, and a memory of its older tokens.

A token is 256 random bits behind an identifier of 64, by which it is found; a
salted HMAC is kept of it. Older tokens of a session are kept in the same form,
so that one that turns up again is known for what it is.
"""

import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from gateway.state import verifiers

SELECTOR_BYTES = 8
SECRET_BYTES = 32
SELECTOR_LENGTH = 2 * SELECTOR_BYTES
OLDER_TOKENS = 32


@dataclass
class Token:
    """What is kept of a token. One of an earlier version has no selector: it is found by its device."""

    selector: str
    verifier: str
    issued_at_ms: int

    @classmethod
    def issue(cls, now_ms: int) -> tuple["Token", str]:
        """Return what is kept of a new token, and the token."""
        selector = secrets.token_hex(SELECTOR_BYTES)
        text = selector + secrets.token_hex(SECRET_BYTES)
        return cls(selector, verifiers.of_token(text), now_ms), text

    def matches(self, text: str) -> bool:
        return self.selector in {"", text[:SELECTOR_LENGTH]} and verifiers.matches(self.verifier, text)


@dataclass
class AuthSession:
    """A login and what became of it; `ended` says why it is over.

    Without a device there is no token: then the session ends with its connection.
    """

    id: str
    device_id: str | None
    role: str
    scopes: tuple[str, ...]
    client: str
    address: str
    created_at_ms: int
    expires_at_ms: int
    used_at_ms: int
    tokens: list[Token] = field(default_factory=list)
    ended: str | None = None
    ended_at_ms: int = 0

    @property
    def token(self) -> Token | None:
        """The token that is good now."""
        return self.tokens[-1] if self.tokens else None

    def replace_token(self, now_ms: int) -> str:
        """Return a new token; the one before it is good no more, and is remembered."""
        token, text = Token.issue(now_ms)
        self.tokens = [*self.tokens[-OLDER_TOKENS:], token]
        return text

    def stored(self) -> dict[str, Any]:
        """Return what the file keeps."""
        return asdict(self)

    @classmethod
    def from_stored(cls, stored: dict[str, Any]) -> "AuthSession":
        """Raises KeyError or TypeError when it is not what a file keeps."""
        tokens = [Token(**token) for token in stored["tokens"]]
        return cls(**{**stored, "scopes": tuple(stored["scopes"]), "tokens": tokens})

    def describe(self) -> dict[str, Any]:
        """Return what a list of sessions shows: nothing that opens anything."""
        return {
            "sessionId": self.id,
            "deviceId": self.device_id,
            "role": self.role,
            "scopes": list(self.scopes),
            "client": self.client,
            "address": self.address,
            "createdAtMs": self.created_at_ms,
            "usedAtMs": self.used_at_ms,
            "expiresAtMs": self.expires_at_ms,
            "tokenIssuedAtMs": self.token.issued_at_ms if self.token is not None else None,
        }

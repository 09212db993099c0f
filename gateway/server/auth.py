"""Credentials: which the gateway asks for, and whether one is right."""

import hmac
import os
from dataclasses import dataclass
from typing import Any

from gateway.config.config import Config


@dataclass(frozen=True)
class ResolvedAuth:
    """The credential in force. `mode` is none, token or password."""

    mode: str
    token: str | None
    password: str | None

    @property
    def configured(self) -> bool:
        return bool(self.token if self.mode == "token" else self.password) and self.mode != "none"


@dataclass(frozen=True)
class AuthResult:
    ok: bool
    method: str
    reason: str = ""


def resolve_auth(config: Config) -> ResolvedAuth:
    """Take secrets from the configuration, else from the environment; infer the mode from what is set."""
    token = config.get("gateway.auth.token") or os.environ.get("GATEWAY_TOKEN") or None
    password = config.get("gateway.auth.password") or os.environ.get("GATEWAY_PASSWORD") or None
    inferred = "password" if password else "token" if token else "none"
    return ResolvedAuth(config.get("gateway.auth.mode") or inferred, token, password)


def same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


def authorize(auth: ResolvedAuth, given: dict[str, Any]) -> AuthResult:
    """Check what a WebSocket client sent as `auth`."""
    if auth.mode == "none":
        return AuthResult(ok=True, method="none")
    expected = auth.token if auth.mode == "token" else auth.password
    value = given.get(auth.mode)
    if not expected:
        return AuthResult(ok=False, method=auth.mode, reason="not configured on gateway")
    if not value:
        return AuthResult(ok=False, method=auth.mode, reason="missing")
    if not same(value, expected):
        return AuthResult(ok=False, method=auth.mode, reason="mismatch")
    return AuthResult(ok=True, method=auth.mode)


def authorize_bearer(auth: ResolvedAuth, given: str | None) -> AuthResult:
    """Check the bearer of an HTTP request."""
    return authorize(auth, {auth.mode: given} if given else {})


def failure_message(result: AuthResult) -> str:
    return f"unauthorized: gateway {result.method} {result.reason}"

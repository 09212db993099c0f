"""Every error the gateway raises on purpose.

GatewayError            what the operator did or has is wrong; ends the program
├── UsageError          the command line (exit 2)
├── ConfigError         the configuration file or a value in it
├── StateError          a file in the state directory
├── StartupRefused      starting would be unsafe or impossible
└── CallFailed          a gateway answered a call with an error
RequestError            one request is refused; the connection stays
Refusal                 the connection is refused and closed
HttpRefusal             one HTTP request is refused
"""

from typing import Any


class GatewayError(Exception):
    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GatewayError):
    exit_code = 2


class ConfigError(GatewayError):
    pass


class StateError(GatewayError):
    pass


class StartupRefused(GatewayError):
    pass


class CallFailed(GatewayError):
    pass


class RequestError(Exception):
    """A request that is answered with an error frame."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        retryable: bool | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms

    def shape(self) -> dict[str, Any]:
        """Return the error object of a response frame."""
        shape: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details is not None:
            shape["details"] = self.details
        if self.retryable is not None:
            shape["retryable"] = self.retryable
        if self.retry_after_ms is not None:
            shape["retryAfterMs"] = self.retry_after_ms
        return shape


class Refusal(RequestError):
    """A connection that is answered with an error frame and closed."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        close_code: int = 1008,
        reason: str = "",
        details: dict[str, Any] | None = None,
        retryable: bool | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(code, message, details=details, retryable=retryable, retry_after_ms=retry_after_ms)
        self.close_code = close_code
        self.reason = reason or message


class HttpRefusal(Exception):
    """An HTTP request that is answered with an error status."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers

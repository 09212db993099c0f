"""The gateway's own client: one request to a running gateway."""

import hashlib
import json
import ssl
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway._version import __version__
from gateway.config.config import Config
from gateway.devices.identity import Identity
from gateway.errors import CallFailed
from gateway.protocol.schema.connect import PROTOCOL_VERSION
from gateway.server.auth import resolve_auth

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection


@dataclass(frozen=True)
class Target:
    """Which gateway to call, and with what."""

    url: str
    token: str | None
    password: str | None
    fingerprint: str | None = None

    @classmethod
    def from_config(cls, config: Config) -> "Target":
        """Take the remote gateway in remote mode, else the one of this machine."""
        if config.text_at("gateway.mode") == "remote":
            remote = config.get("gateway.remote")
            return cls(remote["url"] or "", remote["token"], remote["password"], remote["tlsFingerprint"])
        auth = resolve_auth(config)
        scheme = "wss" if config.flag_at("gateway.tls.enabled") else "ws"
        url = f"{scheme}://127.0.0.1:{config.number_at('gateway.port')}"
        return cls(url, auth.token, auth.password)


def tls_context() -> ssl.SSLContext:
    """Return the context for wss: gateways mostly have a certificate of their own making."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def warn_of_fingerprint(target: Target, socket: "ClientConnection") -> None:
    """Say when the gateway shows another certificate than the configured one."""
    if target.fingerprint is None or not isinstance(socket.socket, ssl.SSLSocket):
        return
    shown = hashlib.sha256(socket.socket.getpeercert(binary_form=True) or b"").hexdigest()
    if shown != target.fingerprint.replace(":", "").lower():
        sys.stderr.write(f"gateway: warn: the certificate of {target.url} has fingerprint {shown}\n")


def call(target: Target, identity: Identity, method: str, params: Any, seconds: float) -> Any:
    """Shake hands, send one request and return its payload.

    Raises CallFailed when the gateway cannot be reached, refuses or answers with an error.
    """
    from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException
    from websockets.sync.client import connect

    context = tls_context() if target.url.startswith("wss:") else None
    try:
        with connect(target.url, ssl=context, open_timeout=seconds, compression=None, proxy=None) as socket:
            _shake_hands(target, identity, socket, seconds)
            warn_of_fingerprint(target, socket)
            return _ask(socket, "call", method, params, seconds)
    except InvalidURI:
        raise CallFailed(f"{target.url!r} is not a ws:// or wss:// URL", hint="see --url") from None
    except InvalidHandshake as error:
        raise CallFailed(f"{target.url} is not a gateway: {error}") from None
    except WebSocketException as error:
        raise CallFailed(f"{target.url} closed the connection: {error}") from None
    except TimeoutError:
        raise CallFailed(f"{target.url} did not answer within {seconds:g} s") from None
    except OSError as error:
        raise CallFailed(
            f"cannot reach {target.url}: {error.strerror or error}", hint="is the gateway running?"
        ) from None


def _shake_hands(target: Target, identity: Identity, socket: "ClientConnection", seconds: float) -> None:
    challenge = json.loads(socket.recv(seconds))
    auth = {"token": target.token, "password": target.password}
    params: dict[str, Any] = {
        "minProtocol": PROTOCOL_VERSION,
        "maxProtocol": PROTOCOL_VERSION,
        "client": {"id": "cli", "version": __version__, "platform": sys.platform, "mode": "cli"},
        "role": "operator",
        "scopes": ["operator.admin"],
        "auth": {name: secret for name, secret in auth.items() if secret},
    }
    params["device"] = identity.proof(params, challenge["payload"]["nonce"], int(time.time() * 1000))
    _ask(socket, "connect", "connect", params, seconds)


def _ask(socket: "ClientConnection", request_id: str, method: str, params: Any, seconds: float) -> Any:
    frame = {"type": "req", "id": request_id, "method": method}
    socket.send(json.dumps(frame if params is None else {**frame, "params": params}))
    deadline = time.monotonic() + seconds
    while True:
        answer = json.loads(socket.recv(max(0, deadline - time.monotonic())))
        if answer.get("id") != request_id:
            continue
        if answer["ok"]:
            return answer.get("payload")
        error = answer["error"]
        raise CallFailed(f"{error['code']}: {error['message']}")

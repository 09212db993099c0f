"""The control page: an index, and transcripts to look at."""

from typing import TYPE_CHECKING
from urllib.parse import unquote

from gateway._version import __version__
from gateway.errors import HttpRefusal
from gateway.server.auth import authorize_bearer
from gateway.server.http_message import HttpRequest, HttpResponse, html_response

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

MESSAGES = 200
PAGE = "<!doctype html>\n<meta charset=utf-8>\n<title>Moltbot</title>\n<h1>{title}</h1>\n{body}\n"


def _base(gateway: "Gateway") -> str:
    return gateway.config.text_at("gateway.controlUi.basePath").rstrip("/")


def _enabled(gateway: "Gateway") -> bool:
    return gateway.config.flag_at("gateway.controlUi.enabled")


def matches_index(gateway: "Gateway", path: str) -> bool:
    return _enabled(gateway) and path in {_base(gateway) or "/", f"{_base(gateway)}/"}


def matches_chat(gateway: "Gateway", path: str) -> bool:
    prefix = f"{_base(gateway)}/chat/"
    return _enabled(gateway) and path.startswith(prefix) and len(path) > len(prefix)


def require_gateway_credential(gateway: "Gateway", request: HttpRequest) -> None:
    result = authorize_bearer(gateway.auth, request.bearer or request.query_value("token"))
    if not result.ok:
        raise HttpRefusal(401, "Unauthorized", (("WWW-Authenticate", "Bearer"),))


async def index(gateway: "Gateway", _request: HttpRequest) -> HttpResponse:
    body = f"<p>version {__version__}</p>\n<p><a href='{_base(gateway)}/chat/main'>main session</a></p>"
    return html_response(PAGE.format(title="Moltbot gateway", body=body))


async def chat(gateway: "Gateway", request: HttpRequest) -> HttpResponse:
    """Show the transcript of the session that the path names."""
    key = unquote(request.path.removeprefix(f"{_base(gateway)}/chat/"))
    messages = gateway.sessions.history(key, MESSAGES)
    body = "\n".join(f"<p><b>{message['role']}</b> {message['text']}</p>" for message in messages)
    return html_response(PAGE.format(title=key, body=body))

"""Paired devices, those that wait for approval, and the tokens that were issued to them."""

import secrets
import uuid
from typing import TYPE_CHECKING, Any

from gateway.server.methods.registry import has_scope
from gateway.state import files

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway
    from gateway.server.ws_connection.handshake import Handshake

PENDING_TTL_MS = 300_000
TOKEN_BYTES = 16


class Devices:
    """The devices of a state directory; each change is on disk before it is told."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._pending: dict[str, dict[str, Any]] = {}
        self._paired: dict[str, dict[str, Any]] = {}

    def load(self) -> None:
        """Read both files. Raises StateError when one is not JSON."""
        directory = self._gateway.paths.devices
        self._pending = files.read_json(directory / "pending.json", {})
        self._paired = files.read_json(directory / "paired.json", {})

    def _save_pending(self) -> None:
        files.write_json(self._gateway.paths.devices / "pending.json", self._pending)

    def _save_paired(self) -> None:
        files.write_json(self._gateway.paths.devices / "paired.json", self._paired)

    def _prune(self) -> None:
        oldest = self._gateway.clock.now_ms() - PENDING_TTL_MS
        expired = [key for key, request in self._pending.items() if request["ts"] <= oldest]
        for key in expired:
            del self._pending[key]
        if expired:
            self._save_pending()

    def pending(self) -> list[dict[str, Any]]:
        self._prune()
        return list(self._pending.values())

    def paired(self) -> list[dict[str, Any]]:
        """Return the paired devices, their tokens without the token itself."""
        return [
            {
                **device,
                "tokens": [
                    {key: item for key, item in token.items() if key != "token"}
                    for token in device["tokens"].values()
                ],
            }
            for device in self._paired.values()
        ]

    def tokens(self) -> list[str]:
        return [token["token"] for device in self._paired.values() for token in device["tokens"].values()]

    def pairing_gap(self, device_id: str, public_key: str, role: str, scopes: tuple[str, ...]) -> str | None:
        """Return why the device needs an approval, None when it needs none."""
        device = self._paired.get(device_id)
        if device is None or device["publicKey"] != public_key:
            return "not-paired"
        if role not in device["roles"]:
            return "role-upgrade"
        if not all(has_scope(tuple(device["scopes"]), scope) for scope in scopes):
            return "scope-upgrade"
        return None

    def request_pairing(self, shake: "Handshake", *, silent: bool) -> dict[str, Any]:
        """Hold a device for approval; the same request again is the same entry."""
        self._prune()
        device = shake.params["device"]
        wanted = {"deviceId": device["id"], "role": shake.role, "scopes": list(shake.scopes)}
        for request in self._pending.values():
            if wanted.items() <= request.items():
                return request
        client = shake.params["client"]
        request = {
            "requestId": str(uuid.uuid4()),
            **wanted,
            "publicKey": device["publicKey"],
            "clientId": client["id"],
            "clientMode": client["mode"],
            "platform": client["platform"],
            "displayName": client.get("displayName"),
            "remoteIp": shake.conn.client.address,
            "silent": silent,
            "ts": self._gateway.clock.now_ms(),
        }
        self._pending[request["requestId"]] = request
        self._save_pending()
        if not silent:
            self._gateway.events.emit("device.pair.requested", request)
        return request

    def approve(self, request_id: str) -> dict[str, Any] | None:
        """Pair the device of a pending request; None when there is no such request."""
        self._prune()
        request = self._pending.pop(request_id, None)
        if request is None:
            return None
        now = self._gateway.clock.now_ms()
        known = self._paired.get(request["deviceId"])
        if known is None or known["publicKey"] != request["publicKey"]:
            known = {"roles": [], "scopes": [], "tokens": {}, "createdAtMs": now}
        self._paired[request["deviceId"]] = {
            "deviceId": request["deviceId"],
            "publicKey": request["publicKey"],
            "clientId": request["clientId"],
            "clientMode": request["clientMode"],
            "platform": request["platform"],
            "displayName": request["displayName"],
            "roles": sorted({*known["roles"], request["role"]}),
            "scopes": sorted({*known["scopes"], *request["scopes"]}),
            "tokens": known["tokens"],
            "createdAtMs": known["createdAtMs"],
            "approvedAtMs": now,
        }
        self._save_paired()
        self._save_pending()
        self._resolved(request, "approved")
        return self._paired[request["deviceId"]]

    def reject(self, request_id: str) -> bool:
        """Drop a pending request; tell whether there was one."""
        self._prune()
        request = self._pending.pop(request_id, None)
        if request is None:
            return False
        self._save_pending()
        self._resolved(request, "rejected")
        return True

    def _resolved(self, request: dict[str, Any], decision: str) -> None:
        self._gateway.journal.info("devices", decision, device=request["deviceId"], role=request["role"])
        self._gateway.events.emit(
            "device.pair.resolved",
            {
                "requestId": request["requestId"],
                "deviceId": request["deviceId"],
                "decision": decision,
                "ts": self._gateway.clock.now_ms(),
            },
        )

    def _token(self, device_id: str, role: str) -> dict[str, Any] | None:
        token: dict[str, Any] | None = self._paired.get(device_id, {"tokens": {}})["tokens"].get(role)
        return token if token is not None and "revokedAtMs" not in token else None

    def has_token(self, device_id: str, role: str) -> bool:
        return self._token(device_id, role) is not None

    def token_matches(self, device_id: str, role: str, given: str) -> bool:
        """Tell whether `given` is the token that was issued to the device for the role."""
        token = self._token(device_id, role)
        return token is not None and token["token"] == given

    def ensure_token(self, device_id: str, role: str, scopes: tuple[str, ...]) -> dict[str, Any]:
        """Return the device's token for the role; issue one when there is none for these scopes."""
        token = self._token(device_id, role)
        if token is not None and all(has_scope(tuple(token["scopes"]), scope) for scope in scopes):
            return token
        return self._issue(device_id, role, list(scopes))

    def _issue(self, device_id: str, role: str, scopes: list[str]) -> dict[str, Any]:
        token: dict[str, Any] = {
            "token": secrets.token_hex(TOKEN_BYTES),
            "role": role,
            "scopes": scopes,
            "createdAtMs": self._gateway.clock.now_ms(),
        }
        self._paired[device_id]["tokens"][role] = token
        self._save_paired()
        self._gateway.journal.redact.learn(token["token"])
        return token

    def rotate(self, device_id: str, role: str, scopes: list[str] | None) -> dict[str, Any] | None:
        """Replace the device's token; the given scopes become the device's. None for an unknown device."""
        device = self._paired.get(device_id)
        if device is None or role not in device["roles"]:
            return None
        if scopes is not None:
            device["scopes"] = scopes
        known = self._token(device_id, role)
        return self._issue(device_id, role, scopes or (known["scopes"] if known else device["scopes"]))

    def revoke(self, device_id: str, role: str) -> int | None:
        """End the device's token; returns when, None when there is none."""
        token = self._token(device_id, role)
        if token is None:
            return None
        token["revokedAtMs"] = now = self._gateway.clock.now_ms()
        self._save_paired()
        return now

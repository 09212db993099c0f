"""Messages from channels: who is let through to the assistant, and what strangers are told."""

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.channels import policy
from gateway.channels.pairing_store import PairingStore

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


@dataclass(frozen=True)
class Inbound:
    channel: str
    sender: str
    text: str
    account: str | None = None


@dataclass
class Delivery:
    """What became of a message; `replies` is what its sender sees."""

    accepted: bool
    reason: str = ""
    session_key: str | None = None
    run_id: str | None = None
    replies: list[str] = field(default_factory=list)


class Channels:
    """The chat channels of the configuration."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway

    def store(self, channel: str) -> PairingStore:
        return PairingStore(self._gateway.paths, self._gateway.clock, channel)

    def names(self) -> list[str]:
        return [name for name in self._gateway.config.get("channels") if name != "defaults"]

    def summary(self) -> dict[str, Any]:
        return {
            name: {"enabled": self._gateway.config.flag_at(f"channels.{name}.enabled")}
            for name in self.names()
        }

    def status(self) -> dict[str, Any]:
        """Return for each channel its policy and how many senders wait and are approved."""
        config = self._gateway.config
        status = {}
        for name in self.names():
            store = self.store(name)
            settings = config.get(f"channels.{name}")
            status[name] = {
                "enabled": settings["enabled"],
                "dmPolicy": policy.dm_policy(config, settings),
                "pending": len(store.pending()),
                "allowed": len(store.allowed()),
                "accounts": sorted(settings["accounts"]),
            }
        return status

    def configured(self, channel: str, account: str | None) -> bool:
        return policy.channel_settings(self._gateway.config, channel, account) is not None

    async def receive(self, message: Inbound) -> Delivery:
        """Take a direct message from a channel that is configured."""
        settings = policy.channel_settings(self._gateway.config, message.channel, message.account) or {}
        refusal = self._refusal(message, settings)
        if refusal is not None:
            self._gateway.journal.info(
                "channels", "not delivered", channel=message.channel, reason=refusal.reason
            )
            return refusal
        key = self._gateway.sessions.for_peer(message.channel, message.sender)
        run_id = str(uuid.uuid4())
        answer = await self._gateway.agent.run(key, message.text, run_id, message.sender)
        return Delivery(accepted=True, session_key=key, run_id=run_id, replies=[answer])

    def _refusal(self, message: Inbound, settings: dict[str, Any]) -> Delivery | None:
        """Return why a message is not delivered, None when it is."""
        config = self._gateway.config
        rule = policy.dm_policy(config, settings)
        if rule == "disabled":
            return Delivery(accepted=False, reason="disabled")
        if rule == "open":
            return None
        store = self.store(message.channel)
        if policy.is_listed(message.sender, [*policy.allow_list(config, settings), *store.allowed()]):
            return None
        if rule == "allowlist":
            return Delivery(accepted=False, reason="not-allowed")
        code = store.request(message.sender)
        replies = [pairing_reply(message, code)] if code else []
        return Delivery(accepted=False, reason="pairing", replies=replies)


def pairing_reply(message: Inbound, code: str) -> str:
    return (
        "Moltbot: access not configured.\n\n"
        f"Your {message.channel} id: {message.sender}\n"
        f"Pairing code: {code}\n\n"
        "Ask the owner to approve with:\n"
        f"python -m gateway pairing approve {message.channel} {code}"
    )

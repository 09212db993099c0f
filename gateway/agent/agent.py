"""The assistant that answers: deterministic, without a model behind it."""

import json
from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError
from gateway.tools.service import ToolCall, invoke_tool

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

HISTORY_LINES = 200


class Agent:
    """Answers a message in its session; `/tool NAME {json}` and `/history` are instructions."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._seq = 0

    async def run(self, key: str, text: str, run_id: str, sender: str | None = None) -> str:
        """Record the message, answer it, record and announce the answer."""
        key = self._gateway.sessions.canonical(key)
        extra = {"runId": run_id, **({"from": sender} if sender else {})}
        self._gateway.sessions.append(key, "user", text, **extra)
        self._announce(key, run_id, "started")
        try:
            answer = await self._answer(key, text)
            self._gateway.sessions.append(key, "assistant", answer, runId=run_id)
        except Exception:
            self._announce(key, run_id, "error")
            raise
        self._announce(key, run_id, "final", {"role": "assistant", "text": answer})
        return answer

    def _announce(self, key: str, run_id: str, state: str, message: dict[str, Any] | None = None) -> None:
        self._seq += 1
        payload: dict[str, Any] = {"runId": run_id, "sessionKey": key, "seq": self._seq, "state": state}
        if message is not None:
            payload["message"] = message
        self._gateway.events.emit("chat", payload)

    async def _answer(self, key: str, text: str) -> str:
        word, _, rest = text.strip().partition(" ")
        if word == "/history":
            messages = self._gateway.sessions.history(key, HISTORY_LINES)
            return "\n".join(f"{message['role']}: {message['text']}" for message in messages)
        if word == "/tool":
            return await self._use_tool(key, rest)
        return f"echo: {text}"

    async def _use_tool(self, key: str, instruction: str) -> str:
        name, _, raw = instruction.strip().partition(" ")
        try:
            args = json.loads(raw or "{}")
            result = await invoke_tool(self._gateway, ToolCall(name, args, key))
        except (ValueError, RecursionError):
            return "tool error: the arguments are not JSON"
        except RequestError as error:
            return f"tool error: {error.message}"
        return json.dumps(result, ensure_ascii=False)

"""Where the gateway keeps what it knows."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

AGENT_ID = "main"


@dataclass(frozen=True)
class Paths:
    """The layout of a state directory."""

    state: Path
    config: Path

    @classmethod
    def resolve(cls, state_dir: str | None = None, config_file: str | None = None) -> "Paths":
        """Take the arguments, else the environment, else ~/.moltbot."""
        state = Path(state_dir or os.environ.get("GATEWAY_STATE_DIR") or Path.home() / ".moltbot")
        state = state.expanduser().absolute()
        config = config_file or os.environ.get("GATEWAY_CONFIG_PATH")
        return cls(state, Path(config).expanduser().absolute() if config else state / "moltbot.json")

    @property
    def credentials(self) -> Path:
        return self.state / "credentials"

    @property
    def agent(self) -> Path:
        return self.state / "agents" / AGENT_ID / "agent"

    @property
    def auth_profiles(self) -> Path:
        return self.agent / "auth-profiles.json"

    @property
    def sessions(self) -> Path:
        return self.state / "agents" / AGENT_ID / "sessions"

    @property
    def devices(self) -> Path:
        return self.state / "devices"

    @property
    def identity(self) -> Path:
        return self.state / "identity" / "device.json"

    @property
    def exec_approvals(self) -> Path:
        return self.state / "exec-approvals.json"

    @property
    def tls(self) -> Path:
        return self.state / "gateway" / "tls"

    @property
    def workspace(self) -> Path:
        return self.state / "workspace"

    def directories(self) -> tuple[Path, ...]:
        """Return every directory that the gateway creates at start."""
        return (
            self.state,
            self.credentials,
            self.agent,
            self.sessions,
            self.devices,
            self.tls,
            self.workspace,
        )


def log_dir() -> Path:
    return Path(tempfile.gettempdir()) / "moltbot"


def lock_dir() -> Path:
    return Path(tempfile.gettempdir()) / f"moltbot-{os.getuid()}"

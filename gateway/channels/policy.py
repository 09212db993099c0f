"""Who may write to the assistant on a channel."""

from typing import Any

from gateway.config.config import Config

DEFAULT_POLICY = "pairing"
ANYBODY = "*"


def _first(*candidates: Any) -> Any:
    return next((candidate for candidate in candidates if candidate is not None), None)


def channel_settings(config: Config, channel: str, account: str | None) -> dict[str, Any] | None:
    """Return the settings of a channel, or of one of its accounts; None when it is not set up."""
    settings = config.get(f"channels.{channel}") if channel != "defaults" else None
    if settings is None or not settings["enabled"]:
        return None
    if account is None:
        return dict(settings)
    chosen = settings["accounts"].get(account)
    if chosen is None or not chosen["enabled"]:
        return None
    return {
        **settings,
        **{key: item for key, item in chosen.items() if item not in (None, [])},
        "dm": {key: _first(chosen["dm"][key] or None, settings["dm"][key]) for key in settings["dm"]},
    }


def dm_policy(config: Config, settings: dict[str, Any]) -> str:
    """Return the policy for direct messages."""
    default = config.get("channels.defaults.dmPolicy")
    return str(_first(settings["dmPolicy"], settings["dm"]["policy"], default, DEFAULT_POLICY))


def allow_list(config: Config, settings: dict[str, Any]) -> list[str]:
    """Return the senders that the configuration lets in."""
    own = [*settings["allowFrom"], *settings["dm"]["allowFrom"]]
    return own or config.list_at("channels.defaults.allowFrom")


def is_listed(sender: str, entries: list[str]) -> bool:
    """Tell whether a sender is on a list; case does not matter."""
    wanted = sender.strip().lower()
    names = {entry.strip().lower() for entry in entries}
    return ANYBODY in names or wanted in names

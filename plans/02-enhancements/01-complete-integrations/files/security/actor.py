"""Who is behind what the gateway does: set where a request enters, read by records of what came of it."""

from contextvars import ContextVar

_actor: ContextVar[dict[str, str]] = ContextVar("actor")


def acting(**fields: str | None) -> None:
    """Say who acts from here on, in this task and in those that it starts."""
    _actor.set({name: value for name, value in fields.items() if value})


def actor() -> dict[str, str]:
    """Return who acts; nobody in what the gateway does by itself."""
    return _actor.get({})

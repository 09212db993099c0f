"""Importing this package fills the method registry."""

from gateway.server.methods import (
    approvals,
    chat,
    config,
    devices,
    health,
    logs,
    node,
    sessions,
    tools,
)

__all__ = [
    "approvals",
    "chat",
    "config",
    "devices",
    "health",
    "logs",
    "node",
    "sessions",
    "tools",
]

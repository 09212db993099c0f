"""A personal-assistant gateway: one port for WebSocket clients, HTTP hooks and a control page."""

"""The kinds of incidents that there is a playbook for."""

TOKEN_LEAK, DEVICE_THEFT, LOG_TAMPER = KINDS = ("token-leak", "device-theft", "log-tamper")

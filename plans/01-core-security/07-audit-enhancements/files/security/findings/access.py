"""Findings about the secrets and the switches that guard the gateway."""

from collections.abc import Iterator
from typing import Any

from gateway.security.secret_strength import password_faults, token_faults
from gateway.security.subject import CRITICAL, INFO, WARN, Check, Finding, Subject
from gateway.state.verifiers import is_verifier, matches

SECRETS = {
    "gateway.auth.token": ("gateway.token_weak", token_faults),
    "gateway.auth.password": ("gateway.password_weak", password_faults),
    "hooks.token": ("hooks.token_weak", token_faults),
}
SWITCHES = {
    "allowInsecureAuth": "gateway.control_ui.insecure_auth",
    "dangerouslyDisableDeviceAuth": "gateway.control_ui.device_auth_disabled",
}


def weak_secrets(subject: Subject) -> Iterator[Finding]:
    environment = {"gateway.auth.token": subject.auth.token, "gateway.auth.password": subject.auth.password}
    for key, (check_id, rules) in SECRETS.items():
        secret = subject.at(key) or environment.get(key)
        if not isinstance(secret, str) or is_verifier(secret):
            continue
        faults = "; ".join(rules(secret))
        if faults:
            yield Finding(
                check_id,
                CRITICAL,
                "A secret can be guessed",
                f"{key}: {faults}",
                "`security audit --fix` makes a new one, or set a random one of your own",
            )


def mode(subject: Subject) -> Iterator[Finding]:
    if subject.at("gateway.auth.mode") == "none":
        yield Finding(
            "gateway.auth_none",
            CRITICAL,
            "Nobody is asked for a secret",
            "gateway.auth.mode is none",
            "set gateway.auth.mode to token",
        )
    elif not subject.auth.configured:
        yield Finding(
            "gateway.no_secret",
            INFO,
            "The gateway does not start without a secret",
            "neither the configuration nor the environment has one",
            "set gateway.auth.token or GATEWAY_TOKEN",
        )


def bypass_switches(subject: Subject) -> Iterator[Finding]:
    for path, key in _keys(subject.given):
        dangerous = key in SWITCHES or key.startswith("dangerously")
        if dangerous and subject.at(path) is not False:
            yield Finding(
                SWITCHES.get(key, "gateway.dangerous_switch"),
                CRITICAL,
                "A switch asks for less than full authentication",
                f"{path} is set",
                f"remove {path}",
            )


def _keys(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            here = f"{path}.{key}" if path else str(key)
            yield here, str(key)
            yield from _keys(item, here)


def hooks(subject: Subject) -> Iterator[Finding]:
    if not subject.config.flag_at("hooks.enabled"):
        return
    hook, gateway = subject.config.text_at("hooks.token"), subject.auth.token or ""
    if not hook and not subject.at("hooks.token"):
        yield Finding(
            "hooks.no_token",
            WARN,
            "Hooks are on and have no secret, so every call is refused",
            "hooks.enabled is true and hooks.token is not set",
            "set hooks.token, or hooks.enabled to false",
        )
    if hook and gateway and _same(hook, gateway):
        yield Finding(
            "hooks.token_reused",
            CRITICAL,
            "Whoever may call hooks may do everything",
            "hooks.token is the gateway's token",
            "set another hooks.token",
        )


def _same(one: str, other: str) -> bool:
    """Compare two secrets of which at most one is known by its verifier only."""
    if is_verifier(one):
        one, other = other, one
    return not is_verifier(one) and matches(other, one)


CHECKS: list[Check] = [weak_secrets, mode, bypass_switches, hooks]

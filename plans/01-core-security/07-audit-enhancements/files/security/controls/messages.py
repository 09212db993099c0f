"""Controls of direct messages: who is heard, and how a stranger gets in."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from gateway.config import config as configuration
from gateway.security.controls.access import bearer
from gateway.security.controls.registry import Observation, control, saw
from gateway.security.controls.site import CHANNEL, FRIEND, ROOT, Site, environment
from gateway.security.controls.talk import http_status
from gateway.security.findings import messages

CODE = re.compile(r"Pairing code: ([A-Z0-9-]+)")


def inbound(site: Site, sender: str, text: str) -> dict[str, Any]:
    body = json.dumps({"from": sender, "text": text}).encode()
    status, answer = http_status(
        site.port, "POST", f"/channels/{CHANNEL}/inbound", bearer(site, site.rehearsal.token), body
    )
    return json.loads(answer) if status == 200 else {"accepted": None, "replies": [], "status": status}


def _refused(path: str, value: Any) -> Observation:
    config: Any = value
    for key in reversed(path.split(".")):
        config = {key: config}
    problems = configuration.check(config)
    return saw(problems, f"{path} = {json.dumps(value)}: {problems[0] if problems else 'accepted'}")


@control("messages.no_open_policy", "No configuration lets everybody in", points=1.5, critical=True)
def no_open_policy(site: Site) -> Iterator[Observation]:
    for path in (
        "channels.defaults.dmPolicy",
        "channels.x.dmPolicy",
        "channels.x.dm.policy",
        "channels.x.accounts.a.dmPolicy",
    ):
        yield _refused(path, "open")
    yield _refused("channels.x.dmPolicy", "Open")
    found = list(messages.open_policies(site.subject))
    yield saw(not found, f"open policies here: {', '.join(finding.detail for finding in found) or 'none'}")


@control("messages.no_wildcard", "An allowlist names single senders", points=1)
def no_wildcard(site: Site) -> Iterator[Observation]:
    for entry in ("*", " * ", "\uff0a", ""):
        yield _refused("channels.x.allowFrom", [entry])
    found = list(messages.wildcards(site.subject))
    yield saw(not found, f"wildcards here: {', '.join(finding.detail for finding in found) or 'none'}")


@control("messages.pairing", "A stranger gets a code, once, and is not heard", points=1.5)
def pairing(site: Site) -> Iterator[Observation]:
    first = inbound(site, "stranger-1", "hello")
    yield saw(first["accepted"] is False, f"a stranger's message is heard: {first['accepted']}")
    code = CODE.search(" ".join(first["replies"]))
    length = len(code[1].replace("-", "")) if code else 0
    yield saw(length >= 8, f"the code has {length} characters")
    second = inbound(site, "stranger-1", "hello again")
    yield saw(second["accepted"] is False and not second["replies"], "a second message gets no second code")
    friend = inbound(site, FRIEND, "hello")
    yield saw(friend["accepted"], "an approved sender is heard")
    kept = "".join(
        path.read_text(encoding="utf-8")
        for path in (site.rehearsal.state / "credentials").glob("*-pairing.json")
    )
    yield saw(code and code[1] not in kept, "the code is not kept as it is")


@control("messages.acknowledged", "An approval needs an acknowledgement", points=1)
def acknowledged(site: Site) -> Iterator[Observation]:
    code = CODE.search(" ".join(inbound(site, "stranger-2", "hello")["replies"]))
    yield saw(code, "a stranger has a code")
    words = ["pairing", "approve", CHANNEL, code[1] if code else "NONE"]
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *words],
        cwd=ROOT,
        env=environment(site.rehearsal.top, None),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        user=_owner(site),
    )
    said = done.stderr.strip().splitlines()
    yield saw(done.returncode != 0, f"approval without it: {said[0] if said else 'done'}")
    heard = inbound(site, "stranger-2", "hello")["accepted"]
    yield saw(heard is False, f"the stranger is heard afterwards: {heard}")


def _owner(site: Site) -> int | None:
    """Return the user that the rehearsal gave itself, None when it stayed the auditor's."""
    owner = (site.rehearsal.state / "credentials").stat().st_uid
    return owner if os.geteuid() == 0 and owner != 0 else None

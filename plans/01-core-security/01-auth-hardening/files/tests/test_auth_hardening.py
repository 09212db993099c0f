"""One mandatory authentication: who is refused, what is told, what is kept and recorded."""

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.config.guarded import STRONG_PASSWORD, STRONG_TOKEN, Gone
from gateway.security.secret_strength import password_faults, token_faults
from gateway.state import verifiers
from gateway.tests.support import Booted, Device, boot, command, dial, operator, write_config

STRONG = "kV8#rT2!mQ9@xL4$wZ7%bN1^cJ5&hD3*"
PROXY = "127.9.9.9"
CONTROL_PAGE = {"id": "control-ui", "version": "1", "platform": "web", "mode": "ui"}


async def test_auth_10_nothing_but_liveness_without_a_credential(start: Callable[..., Booted]) -> None:
    """AUTH-10: every surface asks, on loopback too."""
    gateway = start({"hooks": {"enabled": True, "token": secrets.token_hex(32)}, "channels": {"x": {}}})
    async with dial(gateway) as client:
        assert not (await client.shake(Device()))["ok"]
    nobody = {"Authorization": ""}
    for method, path in (
        ("GET", "/"),
        ("GET", "/chat/main"),
        ("POST", "/tools/invoke"),
        ("POST", "/hooks/agent"),
        ("POST", "/channels/x/inbound"),
    ):
        answer = gateway.http(method, path, headers=nobody, json={})
        assert answer.status_code == 401, path
    assert gateway.http("GET", "/health", headers=nobody).status_code == 200
    assert gateway.http("GET", "/").status_code == 200


def test_auth_10_no_secret_no_start(tmp_path: Path) -> None:
    """AUTH-10: a start without a secret is refused, and so is mode none."""
    done = command(tmp_path, "run", "--port", "0")
    assert (done.returncode, "no token is set" in done.stderr) == (1, True)
    write_config(tmp_path, {"gateway": {"auth": {"mode": "none"}}})
    done = command(tmp_path, "run", "--port", "0", GATEWAY_TOKEN=secrets.token_hex(32))
    assert done.returncode == 1
    assert "gateway.auth.mode" in done.stderr


async def test_a_browser_can_show_the_page_with_basic_authentication(gateway: Booted) -> None:
    given = base64.b64encode(f"operator:{gateway.token}".encode()).decode()
    answer = gateway.http("GET", "/", headers={"Authorization": f"Basic {given}"})
    assert answer.status_code == 200
    answer = gateway.http("GET", "/", headers={"Authorization": "Basic !"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("token", "rule"),
    [
        (STRONG[:31], "too short"),
        ("a" * 64, "repeats"),
        ("0123abcd" * 4, "repeats"),
        (STRONG[:16] + " " + STRONG[16:], "white space"),
        ("changeme" + STRONG, "placeholder"),
        ("undefined", "placeholder"),
        ("abcdefgh" + STRONG, "sequence"),
        ("13f7" * 5 + "0123a", "distinct"),
        (secrets.token_hex(31), "distinct"),
    ],
    ids=["short", "one letter", "block", "space", "placeholder", "word", "sequence", "letters", "hex"],
)
def test_auth_11_weak_tokens_break_a_rule(token: str, rule: str) -> None:
    """AUTH-11: each rule is named, and the secret is not."""
    problems = [str(problem) for problem in STRONG_TOKEN.problems(token, "gateway.auth.token")]
    assert len(problems) == 1
    assert rule in problems[0]
    assert token not in problems[0]


def test_auth_11_strong_secrets_pass() -> None:
    """AUTH-11: random hex has few distinct characters and passes for its length."""
    for _ in range(200):
        assert not list(token_faults(secrets.token_hex(32)))
    assert not list(token_faults(STRONG))
    assert not list(password_faults("Wr4ngle-the-7-Otters"))
    assert list(password_faults("hunter2hunter2"))
    assert not list(STRONG_PASSWORD.problems(verifiers.of_token("anything"), "p"))


def test_auth_11_a_weak_secret_of_the_environment_stops_the_start(tmp_path: Path) -> None:
    """AUTH-11: not only the configuration is held to the rules."""
    done = command(tmp_path, "run", "--port", "0", GATEWAY_TOKEN="tooshort")
    assert done.returncode == 1
    assert "GATEWAY_TOKEN: weak secret: too short" in done.stderr


async def test_auth_11_a_patch_cannot_weaken_the_secret(start: Callable[..., Booted]) -> None:
    """AUTH-11: a weak secret is refused before it is sealed."""
    gateway = start({})
    async with operator(gateway, Device()) as client:
        base = (await client.call("config.get"))["hash"]
        patch = {"raw": json.dumps({"gateway": {"auth": {"token": "weak"}}}), "baseHash": base}
        answer = await client.request("config.patch", patch)
    assert answer["error"]["code"] == "INVALID_REQUEST"


def test_auth_12_bypass_switches_are_gone() -> None:
    """AUTH-12: turned on they are an error, turned off they are nothing."""
    assert list(Gone().problems(value=True, path="gateway.controlUi.allowInsecureAuth"))
    assert not list(Gone().problems(value=False))


async def test_auth_12_bypass_variables_are_ignored(start: Callable[..., Booted]) -> None:
    """AUTH-12: a control page needs a device, whatever the environment says."""
    gateway = start({}, GATEWAY_ALLOW_INSECURE_AUTH="1", GATEWAY_DANGEROUSLY_DISABLE_DEVICE_AUTH="1")
    async with dial(gateway) as client:
        assert not (await client.shake(client=CONTROL_PAGE, auth={"token": gateway.token}))["ok"]


async def test_auth_13_failures_look_alike(gateway: Booted) -> None:
    """AUTH-13: the same code, message and close, whatever is wrong."""
    seen = set()
    for device in (None, Device()):
        for auth in ({}, {"token": "w" * 64}, {"token": ""}, {"password": "w" * 64}):
            async with dial(gateway) as client:
                answer = await client.shake(device, auth=auth)
                seen.add((json.dumps(answer["error"]), await client.closed(), client.socket.close_reason))
    assert seen == {('{"code": "UNAUTHORIZED", "message": "unauthorized"}', 1008, "unauthorized")}


async def test_auth_12_scopes_are_given_to_devices(gateway: Booted) -> None:
    """AUTH-12: who comes without a device cannot name its own scopes."""
    async with dial(gateway) as client:
        assert (await client.shake(auth={"token": gateway.token}, scopes=["operator.admin"]))["ok"]
        answer = await client.request("config.get")
        assert "missing scope" in answer["error"]["message"]


async def test_auth_13_credentials_in_urls_are_refused(gateway: Booted) -> None:
    """AUTH-13: a URL ends up in histories and logs."""
    for query in ("token=x", "a=1&Password=", "access_token=x"):
        assert gateway.http("GET", f"/?{query}").status_code == 400


async def test_auth_14_each_attempt_is_one_line(start: Callable[..., Booted]) -> None:
    """AUTH-14: outcome, surface, method and the client behind a trusted proxy."""
    gateway = start({"gateway": {"trustedProxies": [PROXY]}})
    behind = {"X-Forwarded-For": "203.0.113.9"}
    async with dial(gateway, behind, PROXY) as client:
        await client.shake(auth={"token": "w" * 64})
    async with dial(gateway, behind, PROXY) as client:
        await client.shake(auth={"token": gateway.token})
    gateway.http("GET", "/", headers={**behind, "Authorization": ""}, source=PROXY)
    gateway.http("GET", "/", headers={**behind, "Origin": "https://evil.example"}, source=PROXY)
    text = (gateway.state / "logs/auth-audit.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["outcome"], line["surface"], line["method"]) for line in lines] == [
        ("refused", "ws", "token"),
        ("accepted", "ws", "token"),
        ("refused", "http", "none"),
        ("refused", "http", "none"),
    ]
    assert {line["client"] for line in lines} == {"203.0.113.9"}
    assert {line["peer"] for line in lines} == {PROXY}
    assert str(gateway.token) not in text


@pytest.mark.parametrize("kind", ["token", "password"])
async def test_auth_15_the_file_keeps_a_verifier(tmp_path: Path, kind: str) -> None:
    """AUTH-15: the secret is gone from the file, and opens the gateway all the same."""
    secret = secrets.token_hex(32)
    path = write_config(tmp_path, {"gateway": {"auth": {kind: secret}}})
    for _ in range(2):
        with boot(tmp_path, token=None) as gateway:
            async with dial(gateway) as client:
                assert (await client.shake(Device(), auth={kind: secret}))["ok"]
            kept = json.loads(path.read_text())["gateway"]["auth"][kind]
            assert verifiers.is_verifier(kept)
            async with dial(gateway) as client:
                assert not (await client.shake(Device(), auth={kind: kept}))["ok"]


async def test_auth_15_device_tokens_are_not_kept(start: Callable[..., Booted]) -> None:
    """AUTH-15: and tokens that an older version kept open still work."""
    gateway = start({})
    device = Device()
    async with dial(gateway) as client:
        hello = await client.shake(device, auth={"token": gateway.token})
    token = hello["payload"]["auth"]["deviceToken"]
    paired = gateway.state / "devices/paired.json"
    assert token not in paired.read_text()
    async with dial(gateway) as client:
        hello = await client.shake(device, auth={"token": token})
        assert "deviceToken" not in hello["payload"]["auth"]
    gateway.stop()
    stored = json.loads(paired.read_text())
    kept = stored[device.id]["tokens"]["operator"]
    del kept["verifier"]
    paired.write_text(
        json.dumps({device.id: stored[device.id] | {"tokens": {"operator": kept | {"token": token}}}})
    )
    with boot(gateway.home) as again:
        async with dial(again) as client:
            assert (await client.shake(device, auth={"token": token}))["ok"]
    assert token not in paired.read_text()


def test_auth_15_a_verifier_matches_only_its_secret() -> None:
    """AUTH-15: also when it is damaged, and never itself."""
    for make in (verifiers.of_token, verifiers.of_password):
        kept = make("right")
        assert kept != make("right")
        assert verifiers.matches(kept, "right")
        for wrong in ("wrong", "", kept):
            assert not verifiers.matches(kept, wrong)
        assert not verifiers.matches(kept[:-4], "right")
    assert not verifiers.matches("$hmac-sha256$zz$00", "right")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://ui.example:8443"}, 403),
        ({"Host": "rebind.example"}, 403),
        ({"Host": "127.0.0.1.rebind.example"}, 403),
        ({"Origin": "https://ui.example"}, 200),
        ({"Host": "gateway.example:443"}, 200),
        ({"Host": "[::1]:1"}, 200),
        ({}, 200),
    ],
)
async def test_orig_01_foreign_pages_are_refused(
    start: Callable[..., Booted], headers: dict[str, str], status: int
) -> None:
    """ORIG-01: by Origin and by Host, before anything else is looked at."""
    config: dict[str, Any] = {
        "gateway": {
            "allowedHosts": ["gateway.example"],
            "controlUi": {"allowedOrigins": ["https://ui.example"]},
        }
    }
    gateway = start(config)
    assert gateway.http("GET", "/", headers=headers).status_code == status


async def test_orig_01_the_own_page_may_connect(gateway: Booted) -> None:
    """ORIG-01: the same origin, and programs without one."""
    async with dial(gateway, {"Origin": f"http://127.0.0.1:{gateway.port}"}) as client:
        assert (await client.shake(Device(), auth={"token": gateway.token}))["ok"]

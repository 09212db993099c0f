"""Drills: an incident is staged on a rehearsal of the installation, and the playbook is played against it."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from gateway.compliance.incidents import DEVICE_THEFT, LOG_TAMPER, TOKEN_LEAK
from gateway.compliance.playbooks import open_timeline, play
from gateway.errors import GatewayError
from gateway.paths import Paths
from gateway.security.audit_verify import verify_all
from gateway.security.controls.registry import NotObservable
from gateway.security.controls.site import Rehearsal, rehearsal
from gateway.security.controls.talk import Device, Talk, http_status, talk
from gateway.security.subject import examine

TAMPERED = "auth-audit"
CLOSE_SECONDS = 5.0


@dataclass(frozen=True)
class Scene:
    """Who is connected: the operator who responds, an adversary with what was stolen, a bystander."""

    running: Rehearsal
    operator: Talk
    adversary: Talk
    bystander: Talk
    stolen: Device
    stolen_token: str

    @property
    def paths(self) -> Paths:
        return Paths.resolve(str(self.running.state), str(self.running.state / "moltbot.json"))


def drill(home: Paths, kind: str) -> dict[str, Any]:
    """Stage an incident, respond to it, look at the result as the adversary would; returns the record.

    Raises GatewayError when no rehearsal can be run.
    """
    timeline = open_timeline(home, kind, drill=True)
    try:
        with rehearsal(examine(home)) as running, ExitStack() as connections:
            scene = _stage(running, connections)
            with timeline.step("stage the incident") as detail:
                detail.append(_incident(scene, kind))
            token = play(timeline, scene.paths, home, lambda: _contain(scene, kind))
            for name, look in _LOOKS[kind].items():
                with timeline.step(name) as detail:
                    detail.append(look(scene, token or ""))
    except NotObservable as missing:
        raise GatewayError(f"no drill can be held here: {missing}") from None
    return timeline.write()


def _stage(running: Rehearsal, connections: ExitStack) -> Scene:
    operator, adversary, bystander = (connections.enter_context(talk(running.port)) for _ in range(3))
    stolen = Device.new()
    operator.connect(running.token, device=Device.new())
    answer = adversary.connect(running.token, device=stolen)
    bystander.connect(running.token, device=Device.new())
    issued = ((answer.get("payload") or {}).get("auth") or {}).get("deviceToken", "")
    return Scene(running, operator, adversary, bystander, stolen, str(issued))


def _incident(scene: Scene, kind: str) -> str:
    for name, conn in (("operator", scene.operator), ("adversary", scene.adversary)):
        if not conn.ask("health").get("ok"):
            raise GatewayError(f"the {name} is not connected: {conn.answer.get('error')}")
    if kind == TOKEN_LEAK:
        return "an adversary is connected with the shared secret"
    if kind == DEVICE_THEFT:
        return "an adversary is connected with a paired device and its token"
    log = scene.paths.logs / f"{TAMPERED}.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[1:]))
    return f"an adversary removed the first of {len(lines)} entries of {log.name}"


def _contain(scene: Scene, kind: str) -> dict[str, Any]:
    params = {"kind": kind, **({"deviceId": scene.stolen.id} if kind == DEVICE_THEFT else {})}
    answer = scene.operator.ask("incident.contain", params)
    if not answer.get("ok"):
        raise GatewayError(f"the gateway did not contain the incident: {answer.get('error')}")
    return dict(answer["payload"])


def _expect(holds: bool, said: str) -> str:
    if not holds:
        raise GatewayError(f"not so: {said}")
    return said


def _adversary_is_out(scene: Scene, _token: str) -> str:
    return _expect(scene.adversary.closed(CLOSE_SECONDS) is not None, "the adversary's connection is closed")


def _secret_is_dead(scene: Scene, _token: str) -> str:
    with talk(scene.running.port) as conn:
        ok = conn.connect(scene.running.token, device=Device.new()).get("ok")
    headers = {"Host": f"127.0.0.1:{scene.running.port}", "Authorization": f"Bearer {scene.running.token}"}
    status, _ = http_status(scene.running.port, "GET", "/", headers)
    return _expect(not ok and status == 401, f"the old secret is refused on WebSocket and HTTP ({status})")


def _secret_works(scene: Scene, token: str) -> str:
    with talk(scene.running.port) as conn:
        return _expect(bool(conn.connect(token, device=Device.new()).get("ok")), "the new secret is accepted")


def _device_token_is_dead(scene: Scene, _token: str) -> str:
    with talk(scene.running.port) as conn:
        ok = conn.connect(scene.stolen_token, device=scene.stolen).get("ok")
    return _expect(bool(scene.stolen_token) and not ok, "the stolen device's token is refused")


def _bystander_stays(scene: Scene, _token: str) -> str:
    return _expect(bool(scene.bystander.ask("health").get("ok")), "another device's session goes on")


def _bystander_is_out(scene: Scene, _token: str) -> str:
    return _expect(scene.bystander.closed(CLOSE_SECONDS) is not None, "every other session has ended")


def _logs_verify(scene: Scene, _token: str) -> str:
    faults = [str(verdict.fault) for verdict in verify_all(scene.paths) if verdict.fault is not None]
    entries = sum(verdict.entries for verdict in verify_all(scene.paths))
    return _expect(
        not faults and entries > 0, f"the new logs have {entries} entries and verify {faults or ''}"
    )


Look = Callable[[Scene, str], str]
_ALWAYS: dict[str, Look] = {
    "the adversary is out": _adversary_is_out,
    "the old secret is dead": _secret_is_dead,
    "the new secret works": _secret_works,
    "the device token is dead": _device_token_is_dead,
}
_LOOKS: dict[str, dict[str, Look]] = {
    TOKEN_LEAK: {**_ALWAYS, "sessions have ended": _bystander_is_out},
    DEVICE_THEFT: {**_ALWAYS, "others go on": _bystander_stays},
    LOG_TAMPER: {**_ALWAYS, "sessions have ended": _bystander_is_out, "the new logs verify": _logs_verify},
}

"""The probes' tools, each against something whose answer is known."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from _probes import addresses, canaries, gateways, netns, proc, tls, traces, trees, weak, wire
from _probes.devices import Device
from _probes.host import needs
from _probes.sessions import Refused
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st


class Fed:
    """A socket that yields given bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def recv(self, size: int) -> bytes:
        head, self.data = self.data[:size], self.data[size:]
        return head


def fed(data: bytes) -> wire.Buffered:
    return wire.Buffered(Fed(data))  # type: ignore[arg-type]


@given(st.binary(max_size=70_000), st.booleans(), st.booleans())
def test_frames_round_trip(payload: bytes, fin: bool, mask: bool) -> None:
    data = wire.encode_frame(wire.TEXT, payload, fin=fin, mask=mask)
    assert wire.read_frame(fed(data)) == wire.Frame(wire.TEXT, payload, fin)


def test_masked_payload_is_not_readable_on_the_wire() -> None:
    assert b"secret words" not in wire.encode_frame(wire.TEXT, b"secret words")


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", b"abcd"),
        (b"HTTP/1.1 200 OK\r\n\r\nto the end", b"to the end"),
    ],
)
def test_bodies_are_read_by_their_framing(response: bytes, body: bytes) -> None:
    assert wire.read_reply(fed(response)).body == body


def test_no_response_has_status_0() -> None:
    assert wire.read_reply(fed(b"")).status == 0


def test_device_proof_verifies_over_the_documented_text() -> None:
    device = Device()
    proof = device.proof("n0", token="t", scopes=["a", "b"], signed_at_ms=5)
    signature = base64.urlsafe_b64decode(proof["signature"] + "==")
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(proof["publicKey"] + "="))
    key.verify(signature, f"v2|{device.id}|cli|cli|operator|a,b|5|t|n0".encode())


def test_fresh_addresses_are_loopback_and_never_repeat() -> None:
    found = [addresses.fresh() for _ in range(2000)]
    assert len(set(found)) == len(found)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        wire.dial("127.0.0.1", server.getsockname()[1], source=found[-1]),
    ):
        sock, peer = server.accept()
        sock.close()
    assert peer[0] == found[-1]


@given(st.binary(max_size=7), st.binary(max_size=7))
def test_encoded_canaries_are_found_at_every_alignment(before: bytes, after: bytes) -> None:
    secret = "Canary-of-32-characters_long-abc"
    data = before + secret.encode() + after
    for text in (data, base64.b64encode(data), base64.urlsafe_b64encode(data), data.hex().encode()):
        assert canaries.leaks_in_bytes(text, {"it": secret})
    assert not canaries.leaks_in_bytes(before + after, {"it": secret})


def test_canaries_are_found_in_files_and_in_their_names(tmp_path: Path) -> None:
    inside, named = canaries.canary(), canaries.canary()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.bak").write_text(f"x{inside}y")
    (tmp_path / named).touch()
    found = canaries.leaks_in_files([tmp_path], {"i": inside, "n": named})
    assert set(found) == {f"{named}: n (raw)", "deep/a.bak: i (raw)"}
    assert not canaries.leaks_in_files([tmp_path], {"other": canaries.canary()})


def test_contents_and_modes_show_every_change(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    file = tmp_path / "sub" / "f"
    file.write_text("1")
    before = trees.contents(tmp_path), trees.modes(tmp_path)
    file.write_text("2")
    file.chmod(0o600)
    assert trees.contents(tmp_path) != before[0]
    assert trees.modes(tmp_path)["sub/f"] == 0o600
    assert trees.contents(tmp_path, without=["sub"]) == {}


def test_files_that_go_while_they_are_read_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = canaries.canary()
    for name in ("goes", "kept"):
        (tmp_path / name).write_text(secret)
    read = Path.read_bytes

    def late(path: Path) -> bytes:
        (tmp_path / "goes").unlink(missing_ok=True)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", late)
    assert canaries.leaks_in_files([tmp_path], {"s": secret}) == ["kept: s (raw)"]
    assert set(trees.contents(tmp_path)) == {"kept"}


def test_listeners_are_those_of_the_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert [str(found.address) for found in proc.listeners(os.getpid()) if found.port == port] == [
            "127.0.0.1"
        ]
        assert proc.port_is_open(port)
    assert not proc.port_is_open(port)


def test_processes_are_seen_and_gone() -> None:
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in proc.descendants(os.getpid())
        assert proc.namespaces(child.pid) == proc.namespaces("self")
        assert proc.rss_bytes(child.pid) > 1 << 20
        child.communicate(b"\n")
    assert not proc.exists(child.pid)


def test_a_network_of_its_own_is_reached_only_by_its_dial() -> None:
    needs("netns")
    script = (
        "import socket; s = socket.create_server(('0.0.0.0', 0)); print(s.getsockname()[1], flush=True);"
        "c, peer = s.accept(); c.sendall(peer[0].encode())"
    )
    with netns.network() as net:
        command = [*net.prefix, sys.executable, "-c", script]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            with pytest.raises(OSError):
                wire.dial("127.0.0.1", port)
            with net.dial(netns.INSIDE[0], port, netns.INSIDE[1]) as sock:
                assert sock.recv(99).decode() == netns.INSIDE[1]


def test_weak_tls_is_spoken_where_it_is_offered() -> None:
    needs("trustme")
    with tls.weak_server() as port:
        assert tls.handshake(wire.dial("127.0.0.1", port), tls.TLSv1_1) == "TLSv1.1"
        assert tls.handshake(wire.dial("127.0.0.1", port), ssl.TLSVersion.TLSv1_3) is None


def test_traces_join_interrupted_calls(tmp_path: Path) -> None:
    needs("strace")
    output = tmp_path / "trace"
    code = "import os, subprocess; subprocess.run(['true']); os.mkdir('made', 0o700)"
    command = [*traces.strace_prefix(output, ["mkdir", "execve"]), sys.executable, "-c", code]
    subprocess.run(command, cwd=tmp_path, check=True)
    calls = traces.read_calls(output)
    assert [call.arguments for call in calls if call.name == "mkdir"] == ['"made", 0700']
    assert sum(call.name == "execve" and call.result == 0 for call in calls) == 2


def test_interrupted_calls_are_joined(tmp_path: Path) -> None:
    output = tmp_path / "trace"
    output.write_text(
        '7 openat(AT_FDCWD, "a", O_RDONLY <unfinished ...>\n'
        '8 mkdir("b", 0777) = 0\n'
        "7 <... openat resumed>) = 3\n"
        '9 openat(AT_FDCWD, "c", O_RDONLY) = -1 ENOENT (No such file or directory)\n'
    )
    assert traces.read_calls(output) == [
        traces.Call(8, "mkdir", '"b", 0777', 0),
        traces.Call(7, "openat", 'AT_FDCWD, "a", O_RDONLY', 3),
        traces.Call(9, "openat", 'AT_FDCWD, "c", O_RDONLY', -1),
    ]


def test_the_stand_in_lets_everybody_in() -> None:
    with weak.weak_server() as target, target.login(auth={"token": "wrong"}) as session:
        assert session.hello["protocol"] == 3
        assert session.ask("config.get").ok
        assert target.http("POST", "/hooks/agent", body={}).status == 200


def test_refusals_carry_the_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_refuse_one, args=(server,))
        thread.start()
        from _probes.targets import Target

        with pytest.raises(Refused, match="connect: NOT_PAIRED: wait"):
            Target("127.0.0.1", server.getsockname()[1]).login()
        thread.join()


def _refuse_one(server: socket.socket) -> None:
    sock, _ = server.accept()
    with sock:
        stream = wire.Buffered(sock)
        while b"\r\n\r\n" not in stream.buffer:
            assert stream.fill()
        stream.buffer.clear()
        sock.sendall(b"HTTP/1.1 101 x\r\n\r\n")
        for text in (
            b'{"type":"event","event":"connect.challenge","payload":{"nonce":"n"}}',
            b'{"type":"res","id":"r1","ok":false,"error":{"code":"NOT_PAIRED","message":"wait"}}',
        ):
            sock.sendall(wire.encode_frame(wire.TEXT, text, mask=False))
        wire.read_frame(stream)
        sock.sendall(wire.encode_frame(wire.CLOSE, (1008).to_bytes(2), mask=False))


def test_a_process_that_is_no_gateway_is_reported_with_its_words(tmp_path: Path) -> None:
    codebase = tmp_path / "gateway"
    codebase.mkdir()
    (codebase / "__init__.py").touch()
    (codebase / "__main__.py").write_text("import sys; sys.exit('gateway: not today')")
    with (
        gateways.new_home() as home,
        pytest.raises(gateways.NotReady, match="not today"),
        gateways.running(codebase, home),
    ):
        pass
    with gateways.new_home() as home:
        start = gateways.try_start(codebase, home)
    assert (start.exit_code, start.served) == (1, False)

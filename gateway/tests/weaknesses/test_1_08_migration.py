"""A configuration of old is taken as it is, and nothing brings it up to date."""

from pathlib import Path

from gateway.tests.support import boot, command


def test_an_unsafe_configuration_of_old_is_run(tmp_path: Path) -> None:
    old = {
        "gateway": {"auth": {"token": "24-characters-of-legacy-"}, "controlUi": {"allowInsecureAuth": True}},
        "channels": {"telegram": {"dmPolicy": "open", "botToken": "123:plain"}},
        "agents": {"defaults": {"sandbox": {"mode": "off"}}},
    }
    with boot(tmp_path, old, token=None) as gateway:
        assert gateway.inbound("telegram", "stranger", "hi")["accepted"]
    assert command(tmp_path, "migrate").returncode == 2

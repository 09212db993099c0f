"""Modern TLS and nothing else beyond loopback; a client that verifies, certificates for clients, and reload."""

from __future__ import annotations

import re

from tracker.api import Codebase

CLIENT, MUTUAL = "TLS-02", "TLS-03"

MODERN = "TLS 1.3, or 1.2 with modern suites; a certificate is looked at before it is served"
NO_FALLBACK = "an address that cannot be used is refused instead of replaced by every address"
CLEAR = "no plain text leaves the machine"
VERIFIED = "the client verifies the gateway before it says anything"
CERTIFIED = "a client's certificate can limit it to a role"
RELOADED = "a replaced certificate is served without a restart"
HSTS = "browsers that came by HTTPS stay with it"
ENDED = "this weakness is ended"

WEAKNESSES = "KNOWN-WEAKNESSES.md"
EXPLOITS = "tests/weaknesses/test_2_03_network.py"
SCHEMA = "config/schema.py"
TLS = "server/tls.py"

README = """## Network

Beyond loopback the gateway speaks TLS or does not start: set `gateway.tls.enabled`; a certificate is made where
there is none (`gateway.tls.autoGenerate`), or named by `gateway.tls.certPath` and `gateway.tls.keyPath`. It must be
valid now and fit its key. TLS 1.3 is the minimum; `gateway.tls.minVersion` may be `"1.2"` to allow 1.2, too, with
ECDHE and AES-GCM or ChaCha20 only. `gateway.bind: "custom"` takes an IP address of this machine in `gateway.customBindHost`, and
`"tailnet"` needs an address of the tailnet: there is no falling back to all addresses.

"""

README_CLIENT = """With `gateway.mode: "remote"`, `call` verifies the gateway at `gateway.remote.url` before it sends anything: the chain by
the system's authorities or those of `gateway.remote.caPath`, the time, the name, and the pins where there are any.
`gateway.remote.pins` lists hashes of public keys (`sha256/` and base64; one of them must be right, so add the next key's
before you change it); `gateway.remote.tlsFingerprint` is the hash of one certificate. With a pin and no authority a
certificate of one's own making will do. The log has the pin when the gateway starts. `ws://` to another machine is refused.
`gateway.remote.certPath` and `gateway.remote.keyPath` are shown to a gateway that asks for certificates.

"""

README_MUTUAL = """With `gateway.tls.clientCaPath` only clients with a certificate of that authority get through the handshake.
`gateway.tls.clientRoles` limits them: it maps names of certificates (common or alternative) to `"node"` or to a scope
such as `"operator.read"`; a name that is not in a map that is not empty may do nothing. Secret, device and pairing are
needed as before. Replaced files are served within seconds, and open connections go on; one that cannot be used is
logged and not taken. Answers over HTTPS carry Strict-Transport-Security.

"""


def implement(codebase: Codebase) -> None:
    modern_tls(codebase)
    bind_exactly(codebase)
    if CLIENT not in codebase.deferred:
        verify_gateways(codebase)
    if MUTUAL not in codebase.deferred:
        bind_certificates(codebase)
        reload_certificates(codebase)
        stay_with_https(codebase)
    document(codebase)
    end_weaknesses(codebase)


def modern_tls(codebase: Codebase) -> None:
    codebase.add("server/certificates.py", why=MODERN)
    codebase.edit(
        SCHEMA,
        "        autoGenerate=Flag(default=True),\n        certPath=_path,\n",
        "        autoGenerate=Flag(default=True),\n"
        '        minVersion=Text(one_of=("1.2", "1.3"), default="1.3"),\n'
        "        certPath=_path,\n",
        why="TLS 1.3 is the minimum unless the configuration says 1.2",
    )
    codebase.edit(
        TLS,
        "def server_context(config: Config, paths: Paths) -> ssl.SSLContext | None:\n"
        '    """Return the context of the listening port, None when TLS is off.\n\n'
        "    Raises StartupRefused when certificate and key are missing or do not fit.\n",
        "def server_context(config: Config, paths: Paths, *, generate: bool = True) -> ssl.SSLContext | None:\n"
        '    """Return the context of the listening port, None when TLS is off.\n\n'
        "    Raises StartupRefused when certificate and key are missing, do not fit or are out of date.\n",
        why=MODERN,
    )
    codebase.edit(
        TLS,
        '    certificate = Path(config.text_at("gateway.tls.certPath") or paths.tls / "gateway-cert.pem")\n'
        '    key = Path(config.text_at("gateway.tls.keyPath") or paths.tls / "gateway-key.pem")\n',
        "    pair = Pair.configured(config, paths)\n    certificate, key = pair.certificate, pair.key\n",
        why=MODERN,
    )
    codebase.edit(
        TLS,
        '        if not config.flag_at("gateway.tls.autoGenerate"):\n',
        '        if not (generate and config.flag_at("gateway.tls.autoGenerate")):\n',
        why=MODERN,
    )
    codebase.edit(
        TLS,
        "    context.minimum_version = ssl.TLSVersion.TLSv1_2\n",
        "    require_modern(context, config)\n    refuse_out_of_date(certificate)\n",
        why=MODERN,
    )
    for name in ("Pair", "refuse_out_of_date", "require_modern"):
        codebase.add_import(TLS, f"from gateway.server.certificates import {name}", why=MODERN)
    codebase.add("server/clear_text.py", why=CLEAR)
    codebase.add_import(
        "server/startup.py", "from gateway.server.clear_text import refuse_clear_text", why=CLEAR
    )
    codebase.append_to("server/startup.py", "STEPS", "refuse_clear_text", after="refuse_open_bind", why=CLEAR)


def bind_exactly(codebase: Codebase) -> None:
    path = "server/net.py"
    codebase.edit(
        path,
        '    """Return the addresses to listen on."""\n    bind = config.text_at("gateway.bind")\n',
        '    """Return the addresses to listen on.\n\n'
        "    Raises StartupRefused when this machine has no such address: the operator chose it, so no other one will do.\n"
        '    """\n'
        '    bind = config.text_at("gateway.bind")\n',
        why=NO_FALLBACK,
    )
    codebase.edit(
        path,
        "        return (_tailnet_address() or ANY_HOST,)\n",
        "        tailnet = _tailnet_address()\n"
        "        if tailnet is None:\n"
        "            raise StartupRefused(\n"
        '                "gateway.bind is tailnet, and this machine has no address of a tailnet",\n'
        '                hint="start the tailnet first, or choose another gateway.bind",\n'
        "            )\n"
        "        return (tailnet,)\n",
        why=NO_FALLBACK,
    )
    codebase.edit(
        path,
        "        return (host if _can_bind(host) else ANY_HOST,)\n",
        "        if parse_address(host) is None or not _can_bind(host):\n"
        "            raise StartupRefused(\n"
        '                f"gateway.customBindHost {host!r} is not an address of this machine",\n'
        '                hint="set it to one, in figures, or choose another gateway.bind",\n'
        "            )\n"
        "        return (host,)\n",
        why=NO_FALLBACK,
    )
    codebase.edit(path, "    if not host:\n        return False\n    try:\n", "    try:\n", why=NO_FALLBACK)
    codebase.add_import(path, "from gateway.errors import StartupRefused", why=NO_FALLBACK)
    doctor = "cli/doctor.py"
    codebase.edit(
        doctor,
        '    hosts, port = resolve_bind(config), config.number_at("gateway.port")\n    try:\n',
        '    port = config.number_at("gateway.port")\n'
        "    try:\n"
        "        hosts = resolve_bind(config)\n"
        "    except GatewayError as error:\n"
        '        return Check("port", ok=False, detail=error.message)\n'
        "    try:\n",
        why="doctor says so, too",
    )


def verify_gateways(codebase: Codebase) -> None:
    codebase.add("client_tls.py", why=VERIFIED)
    codebase.edit(
        SCHEMA,
        "    remote=record(url=_text, token=_secret, password=_secret, tlsFingerprint=_text),\n",
        "    remote=record(\n"
        "        url=_text,\n"
        "        token=_secret,\n"
        "        password=_secret,\n"
        "        tlsFingerprint=_text,\n"
        '        pins=Many(item=Text(pattern=r"sha256/[A-Za-z0-9+/]{43}="), max=10),\n'
        "        caPath=_path,\n"
        "        certPath=_path,\n"
        "        keyPath=_path,\n"
        "    ),\n",
        why="pins of public keys, an authority of one's own, and a certificate to show",
    )
    path = "client.py"
    codebase.edit(
        path,
        "    fingerprint: str | None = None\n",
        "    trust: Trust = field(default_factory=Trust)\n",
        why=VERIFIED,
    )
    codebase.edit(
        path,
        '            return cls(remote["url"] or "", remote["token"], remote["password"], remote["tlsFingerprint"])\n',
        '            return cls(remote["url"] or "", remote["token"], remote["password"])\n',
        why=VERIFIED,
    )
    text = codebase.read(path)
    start, end = text.find("def tls_context() ->"), text.find("def call(target: Target")
    if start >= 0:
        codebase.edit(path, text[start:end], "", why=VERIFIED)
    codebase.edit(
        path,
        '    context = tls_context() if target.url.startswith("wss:") else None\n'
        "    try:\n"
        "        with connect(target.url, ssl=context, open_timeout=seconds, compression=None, proxy=None) as socket:\n",
        "    try:\n"
        "        opened = open_socket(target.url, target.trust, seconds)\n"
        "        # The socket speaks TLS already, so the library must not begin it again.\n"
        '        url = re.sub(r"^wss:", "ws:", target.url)\n'
        "        with connect(url, sock=opened, open_timeout=seconds, compression=None, proxy=None) as socket:\n",
        why=VERIFIED,
    )
    codebase.edit(path, "            warn_of_fingerprint(target, socket)\n", "", why=VERIFIED)
    codebase.edit(path, "import hashlib\n", "", why=VERIFIED)
    codebase.edit(
        path, "import os\nimport ssl\nimport sys\n", "import os\nimport re\nimport sys\n", why=VERIFIED
    )
    codebase.add_import(path, "from dataclasses import field", why=VERIFIED)
    codebase.add_import(path, "from gateway.client_tls import Trust", why=VERIFIED)
    codebase.add_import(path, "from gateway.client_tls import open_socket", why=VERIFIED)
    call = "cli/call.py"
    codebase.edit(
        call,
        "    target = dataclasses.replace(Target.from_config(Config.load(paths.config)), **given)\n",
        "    config = Config.load(paths.config)\n"
        "    target = dataclasses.replace(Target.from_config(config), **given)\n"
        "    target = dataclasses.replace(target, trust=Trust.configured(config, paths, target.url))\n",
        why=VERIFIED,
    )
    codebase.add_import(call, "from gateway.client_tls import Trust", why=VERIFIED)
    listen = "server/listen.py"
    why = "the log has the pin, to be copied to clients"
    codebase.insert_call(listen, "serve", "note_pin(gateway)", after="context = server_context(", why=why)
    codebase.add_import(listen, "from gateway.server.certificates import note_pin", why=why)
    codebase.add("tests/test_client_tls.py", why="tests of the client's side")


def bind_certificates(codebase: Codebase) -> None:
    codebase.add("server/client_certificates.py", why=CERTIFIED)
    codebase.add("tests/test_client_certificates.py", why="tests of certificates for clients, and of reload")
    codebase.edit(
        SCHEMA,
        "        caPath=_path,\n    ),\n    controlUi=record(\n",
        "        caPath=_path,\n"
        "        clientCaPath=_path,\n"
        "        clientRoles=Table(value=Text(one_of=CERTIFICATE_GRANTS)),\n"
        "    ),\n"
        "    controlUi=record(\n",
        why=CERTIFIED,
    )
    codebase.edit(
        SCHEMA,
        "GATEWAY = record(\n",
        "CERTIFICATE_GRANTS = (\n"
        '    "node",\n'
        '    *(f"operator.{scope}" for scope in ("read", "write", "approvals", "pairing", "admin")),\n'
        ")\n\n"
        "GATEWAY = record(\n",
        why=CERTIFIED,
    )
    codebase.edit(
        TLS,
        "    return context\n",
        "    require_certificates(context, config)\n    return context\n",
        why=CERTIFIED,
    )
    codebase.add_import(
        TLS, "from gateway.server.client_certificates import require_certificates", why=CERTIFIED
    )
    handshake = "server/ws_connection/handshake.py"
    codebase.append_to(
        handshake, "HANDSHAKE_STEPS", "bind_to_certificate", after="check_credentials", why=CERTIFIED
    )
    codebase.add_import(
        handshake, "from gateway.server.client_certificates import bind_to_certificate", why=CERTIFIED
    )
    routes = "server/routes.py"
    codebase.edit(
        routes,
        '            raise HttpRefusal(403, f"missing scope: {route.scope}")\n',
        '            raise HttpRefusal(403, f"missing scope: {route.scope}")\n'
        "        if route.credential is not anybody:\n"
        "            refuse_by_certificate(gateway, route.scope)\n",
        why=CERTIFIED,
    )
    codebase.add_import(
        routes, "from gateway.server.client_certificates import refuse_by_certificate", why=CERTIFIED
    )
    listen = "server/listen.py"
    codebase.edit(
        listen,
        "        with suppress(asyncio.CancelledError):\n            await HttpConnection(",
        "        remember_certificate(writer)\n"
        "        with suppress(asyncio.CancelledError):\n            await HttpConnection(",
        why=CERTIFIED,
    )
    codebase.add_import(
        listen, "from gateway.server.client_certificates import remember_certificate", why=CERTIFIED
    )


def reload_certificates(codebase: Codebase) -> None:
    codebase.add("server/tls_reload.py", why=RELOADED)
    listen = "server/listen.py"
    codebase.edit(
        listen,
        "    gateway.spawn(gateway.tick())\n",
        "    if context is not None:\n"
        "        gateway.spawn(Reloader(gateway, context).watch())\n"
        "    gateway.spawn(gateway.tick())\n",
        why=RELOADED,
    )
    codebase.add_import(listen, "from gateway.server.tls_reload import Reloader", why=RELOADED)


def stay_with_https(codebase: Codebase) -> None:
    codebase.add("server/strict_transport.py", why=HSTS)
    path = "server/http.py"
    codebase.insert_call(
        path, "HttpConnection._put", "headers = [*headers, *strict_transport(self._gateway)]", why=HSTS
    )
    codebase.add_import(path, "from gateway.server.strict_transport import strict_transport", why=HSTS)


def document(codebase: Codebase) -> None:
    text = README
    text += "" if CLIENT in codebase.deferred else README_CLIENT
    text += "" if MUTUAL in codebase.deferred else README_MUTUAL
    if text in codebase.read("README.md"):
        return
    before = README if "## Network\n" in codebase.read("README.md") else "## Exit codes\n"
    after = text if before == README else f"{text}## Exit codes\n"
    codebase.edit("README.md", before, after, why="TLS, for operators")


def end_weaknesses(codebase: Codebase) -> None:
    """Take what this plan ends from the list, with its tests; what is put off stays on it."""
    kept = {CLIENT, MUTUAL} & codebase.deferred
    if kept:
        if codebase.exists(EXPLOITS) and ENDED_TESTS[0] in codebase.read(EXPLOITS):
            keep_exploits(codebase, kept)
        return
    if codebase.exists(EXPLOITS):
        codebase.delete(EXPLOITS, why=ENDED)
    _, heading, rest = codebase.read(WEAKNESSES).partition("## 2.03 Network\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            WEAKNESSES, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=ENDED
        )


ENDED_TESTS = ("test_an_open_bind_speaks_in_clear", "test_an_unusable_host_opens_every_address")
SPOKEN, SILENT = "test_tls_1_2_is_spoken", "test_browsers_are_not_told_to_stay_with_https"
IMPOSTOR = "test_the_client_tells_an_impostor_its_token"


def keep_exploits(codebase: Codebase, kept: set[str]) -> None:
    """Leave the rows and the tests of what is put off."""
    ended = [*ENDED_TESTS, *([] if CLIENT in kept else [IMPOSTOR]), *([] if MUTUAL in kept else [SPOKEN])]
    for name in ended:
        tests = codebase.read(EXPLOITS)
        start = tests.index(f"\n\nasync def {name}(")
        end = tests.find("\n\n\n", start + 2)
        codebase.edit(EXPLOITS, tests[start : len(tests) if end < 0 else end + 1], "", why=ENDED)
        [row] = [line for line in codebase.read(WEAKNESSES).splitlines() if f":{name}`" in line]
        codebase.edit(WEAKNESSES, f"{row}\n", "", why=ENDED)
    if MUTUAL in kept:
        older = "    context.maximum_version = ssl.TLSVersion.TLSv1_2\n"
        codebase.edit(EXPLOITS, older, "", why=ENDED)
        codebase.edit(EXPLOITS, SPOKEN, SILENT, why=ENDED)
        codebase.edit(
            WEAKNESSES, "TLS 1.2 is spoken, and browsers are not told", "Browsers are not told", why=ENDED
        )
        codebase.edit(WEAKNESSES, SPOKEN, SILENT, why=ENDED)
    drop_unused_imports(codebase)


def drop_unused_imports(codebase: Codebase) -> None:
    text = codebase.read(EXPLOITS)
    head, _, body = text.partition("\n\nTOKEN = ")
    used = f"TOKEN = {body}"
    kept = []
    for line in head.splitlines():
        if " import " not in line and not line.startswith("import "):
            kept.append(line)
            continue
        source, _, names = line.rpartition("import ")
        wanted = [name for name in names.split(", ") if re.search(rf"\b{name}\b", used)]
        kept += [f"{source}import {', '.join(wanted)}"] if wanted else []
    codebase.edit(EXPLOITS, head, "\n".join(kept), why=ENDED)

"""Every key of the configuration file, its shape and its default."""

from gateway.protocol.schema.types import Flag, Integer, Many, Number, Record, Shape, Table, Text, record

KIB = 1024
ID = r"[a-z][a-z0-9_-]{0,63}"
DM_POLICIES = ("pairing", "allowlist", "open", "disabled")
SAFE_BINS = ["jq", "grep", "cut", "sort", "uniq", "head", "tail", "tr", "wc"]

_text = Text(max=4096)
_path = Text(min=1, max=4096)
_secret = Text(secret=True, max=4096)
_texts = Many(item=Text(max=1000))


def _ms(default: int) -> Integer:
    return Integer(min=1, max=86_400_000, default=default)


LIMITS = record(
    handshakeTimeoutMs=_ms(10_000),
    closeTimeoutMs=_ms(5_000),
    maxPayload=Integer(min=1024, default=512 * KIB),
    preauthMaxPayload=Integer(min=1024, default=64 * KIB),
    maxBufferedBytes=Integer(min=1024, default=1536 * KIB),
    tickIntervalMs=_ms(30_000),
    maxHeaderBytes=Integer(min=1024, default=16 * KIB),
    maxHeaders=Integer(min=8, default=100),
    hookMaxBodyBytes=Integer(min=1024, default=256 * KIB),
    toolsMaxBodyBytes=Integer(min=1024, default=2048 * KIB),
    dedupeTtlMs=_ms(300_000),
    dedupeMax=Integer(min=1, default=1000),
    historyMaxBytes=Integer(min=1024, default=6144 * KIB),
    maxInflight=Integer(min=1, default=256),
)

GATEWAY = record(
    port=Integer(min=0, max=65_535, default=18_789),
    mode=Text(one_of=("local", "remote"), default="local"),
    bind=Text(one_of=("auto", "lan", "loopback", "custom", "tailnet"), default="loopback"),
    customBindHost=_text,
    auth=record(
        mode=Text(one_of=("none", "token", "password")),
        token=_secret,
        password=_secret,
    ),
    trustedProxies=_texts,
    tls=record(
        enabled=Flag(default=False),
        autoGenerate=Flag(default=True),
        certPath=_path,
        keyPath=_path,
        caPath=_path,
    ),
    controlUi=record(
        enabled=Flag(default=True),
        basePath=Text(pattern=r"/[\w/.-]*", default="/"),
        allowInsecureAuth=Flag(default=False),
        dangerouslyDisableDeviceAuth=Flag(default=False),
    ),
    remote=record(url=_text, token=_secret, password=_secret, tlsFingerprint=_text),
    http=record(toolsInvoke=Flag(default=True)),
    limits=LIMITS,
)

_dm = record(policy=Text(one_of=DM_POLICIES), allowFrom=_texts)
ACCOUNT = record(
    enabled=Flag(default=True),
    dmPolicy=Text(one_of=DM_POLICIES),
    dm=_dm,
    allowFrom=Many(item=Text(max=1000)),
    botToken=_secret,
)
CHANNEL = Record(fields={**ACCOUNT.fields, "accounts": Table(value=ACCOUNT, key=ID)})
CHANNELS = Record(
    fields={"defaults": record(dmPolicy=Text(one_of=DM_POLICIES), allowFrom=_texts)},
    rest=Table(value=CHANNEL, key=ID),
)

SANDBOX = record(
    mode=Text(one_of=("off", "non-main", "all"), default="off"),
    scope=Text(one_of=("session", "agent", "shared"), default="session"),
    workspaceAccess=Text(one_of=("none", "ro", "rw"), default="none"),
    docker=record(
        image=_text,
        network=_text,
        readOnlyRoot=Flag(default=True),
        capDrop=_texts,
        pidsLimit=Integer(),
        memory=_text,
        cpus=Number(),
        setupCommand=_text,
        env=Table(value=_text),
        binds=_texts,
    ),
)

EXEC = record(
    security=Text(one_of=("deny", "allowlist", "full"), default="allowlist"),
    ask=Text(one_of=("off", "on-miss", "always"), default="on-miss"),
    approvalTimeoutMs=_ms(120_000),
    timeoutMs=_ms(30_000),
    maxOutputBytes=Integer(min=1024, default=256 * KIB),
    safeBins=Many(item=Text(min=1, max=1000), default=SAFE_BINS),
)

CONFIG = record(
    gateway=GATEWAY,
    channels=CHANNELS,
    session=record(dmScope=Text(one_of=("main", "per-peer", "per-channel-peer"), default="main")),
    agents=record(defaults=record(workspace=_path, sandbox=SANDBOX)),
    models=record(providers=Table(value=record(baseUrl=_text, apiKey=_secret), key=ID)),
    hooks=record(
        enabled=Flag(default=False), path=Text(pattern=r"/[\w/-]+", default="/hooks"), token=_secret
    ),
    logging=record(
        file=_path,
        level=Text(one_of=("debug", "info", "warn", "error"), default="info"),
        redactSensitive=Text(one_of=("off", "tools"), default="tools"),
    ),
    tools=record(
        allow=_texts,
        deny=_texts,
        exec=EXEC,
        web=record(
            timeoutMs=_ms(10_000),
            maxBytes=Integer(min=1024, default=1024 * KIB),
            maxRedirects=Integer(max=20, default=5),
        ),
    ),
)

HOT_RELOADED: tuple[str, ...] = (
    "channels",
    "session",
    "agents",
    "models",
    "hooks",
    "logging",
    "tools",
    "gateway.controlUi",
    "gateway.http",
)


def shape_at(path: str) -> Shape | None:
    """Return the shape of the key at a dotted path, None for an unknown one."""
    shape: Shape = CONFIG
    for key in path.split("."):
        if isinstance(shape, Record) and key in shape.fields:
            shape = shape.fields[key]
        elif isinstance(shape, Record) and shape.rest is not None:
            shape = shape.rest.value
        elif isinstance(shape, Table):
            shape = shape.value
        else:
            return None
    return shape

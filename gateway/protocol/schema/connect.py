"""Shape of the parameters of `connect`, the first request of every client."""

from gateway.protocol.schema.types import Flag, Integer, Many, Table, Text, record

PROTOCOL_VERSION = 3

CLIENT_IDS = (
    "cli",
    "webchat",
    "webchat-ui",
    "control-ui",
    "gateway-client",
    "macos-app",
    "ios-app",
    "android-app",
    "node-host",
    "probe",
    "test",
    "fingerprint",
)
CLIENT_MODES = ("webchat", "cli", "ui", "backend", "node", "probe", "test")
CONTROL_UI = "control-ui"

_name = Text(min=1, max=200)
_names = Many(item=_name, max=100)

CLIENT = record(
    "id",
    "version",
    "platform",
    "mode",
    id=Text(one_of=CLIENT_IDS),
    displayName=_name,
    version=_name,
    platform=_name,
    deviceFamily=_name,
    modelIdentifier=_name,
    mode=Text(one_of=CLIENT_MODES),
    instanceId=_name,
)
DEVICE = record(
    "id",
    "publicKey",
    "signature",
    "signedAt",
    id=_name,
    publicKey=Text(min=1, max=1000),
    signature=Text(min=1, max=1000),
    signedAt=Integer(),
    nonce=_name,
)
CONNECT = record(
    "minProtocol",
    "maxProtocol",
    "client",
    minProtocol=Integer(min=1),
    maxProtocol=Integer(min=1),
    client=CLIENT,
    role=_name,
    scopes=_names,
    caps=_names,
    commands=_names,
    permissions=Table(value=Flag()),
    pathEnv=Text(),
    device=DEVICE,
    auth=record(token=Text(), password=Text()),
    locale=_name,
    userAgent=Text(max=1000),
)

"""Credentials of model providers, kept beside the agent."""

from typing import Any

from gateway.errors import StateError
from gateway.paths import Paths
from gateway.protocol.schema.types import Integer, Shape, Table, Text, record
from gateway.state import files, secrets

PROFILE = record(
    "type",
    "provider",
    type=Text(one_of=("api_key", "token", "oauth")),
    provider=Text(min=1, max=200),
    key=Text(secret=True),
    token=Text(secret=True),
    access=Text(secret=True),
    refresh=Text(secret=True),
    expires=Integer(),
    email=Text(),
)
FILE = record("profiles", version=Integer(), profiles=Table(value=PROFILE), lastGood=Shape())


class AuthProfiles:
    """The profiles of a state directory."""

    def __init__(self, paths: Paths) -> None:
        self._path = paths.auth_profiles
        self._value: dict[str, Any] = {"version": 1, "profiles": {}}

    def load(self) -> None:
        """Read the file if there is one. Raises StateError naming the first fault."""
        stored = files.read_json(self._path, None)
        if stored is None:
            return
        problem = next(FILE.problems(stored), None)
        if problem is not None:
            raise StateError(f"{self._path}: {problem}")
        self._value = FILE.map_secrets(stored, secrets.unseal)

    def save(self) -> None:
        files.write_json(self._path, FILE.map_secrets(self._value, secrets.seal))

    def secrets(self) -> list[str]:
        """Return each secret in the profiles."""
        found: list[str] = []

        def note(_path: str, secret: str) -> str:
            found.append(secret)
            return secret

        FILE.map_secrets(self._value, note)
        return found

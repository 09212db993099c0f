"""The distributions of the running environment."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from gateway.supply_chain.errors import SupplyChainError
from gateway.supply_chain.lock import Pin


@dataclass(frozen=True)
class Installed:
    name: str
    version: str
    licence: str
    requires: tuple[str, ...]

    @property
    def key(self) -> str:
        return str(canonicalize_name(self.name))


def installed() -> list[Installed]:
    """Return what is installed, by name; of two with one name, the one that is imported.

    Raises SupplyChainError for one without a name: its metadata is damaged.
    """
    found: dict[str, Installed] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if not name:
            raise SupplyChainError(
                f"{distribution}: metadata without a name", hint="install the package anew"
            )
        one = Installed(
            name,
            distribution.version,
            str(distribution.metadata.json.get("license_expression") or ""),
            tuple(_needed(distribution.requires or ())),
        )
        found.setdefault(one.key, one)
    return [found[key] for key in sorted(found)]


def _needed(requirements: list[str] | tuple[()]) -> Iterator[str]:
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield str(canonicalize_name(requirement.name))


def installed_pins() -> tuple[Pin, ...]:
    """Return the installed distributions as pins; raises SupplyChainError for an unreadable version."""
    try:
        return tuple(Pin(one.name, Version(one.version)) for one in installed())
    except InvalidVersion as error:
        raise SupplyChainError(f"an installed package has a version that is none: {error}") from None

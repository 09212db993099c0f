"""What can be wrong with the files that describe dependencies."""

from gateway.errors import GatewayError


class SupplyChainError(GatewayError):
    """A lock, an advisory set or a wheelhouse is not what it must be."""

"""The one API that every shell calls."""

from tracker.service.core import Service

__all__ = ["Service"]

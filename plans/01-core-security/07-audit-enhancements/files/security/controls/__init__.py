"""Controls: what the gateway promises, each with the way to try it out."""

from gateway.security.controls.registry import CONTROLS, Control, NotObservable, Observation, Result

__all__ = ["CONTROLS", "Control", "NotObservable", "Observation", "Result"]

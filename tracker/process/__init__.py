"""Child processes, bounded."""

from tracker.process.child import Ended, clean_environment, interpreter, limited, run

__all__ = ["Ended", "clean_environment", "interpreter", "limited", "run"]

"""Child processes, bounded."""

from tracker.process.child import Ended, clean_environment, interpreter, limited, run
from tracker.process.family import end_strays

__all__ = ["Ended", "clean_environment", "end_strays", "interpreter", "limited", "run"]

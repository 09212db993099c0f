"""The sessions of a gateway: opened, found, rotated and ended, and kept across restarts."""

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import StateError
from gateway.security.auth_session import SELECTOR_LENGTH, AuthSession, Token
from gateway.state import files

if TYPE_CHECKING:
    from gateway.clock import Clock
    from gateway.config.config import Config

VERSION = 1
MOST_SESSIONS = 1000
MOST_ENDED = 200
SAVED_EVERY_MS = 60_000
EXPIRED, REVOKED, EVICTED = "expired", "revoked", "evicted"


@dataclass(frozen=True)
class Lifetimes:
    """How long a session lasts, and how long without a request, in milliseconds."""

    age_ms: int
    idle_ms: int

    @classmethod
    def configured(cls, config: "Config") -> "Lifetimes":
        """Return what `gateway.auth.sessions` says."""
        base = "gateway.auth.sessions"
        return cls(config.number_at(f"{base}.maxAgeMs"), config.number_at(f"{base}.idleMs"))


@dataclass(frozen=True)
class Holder:
    """Who gets a session."""

    device_id: str | None
    role: str
    scopes: tuple[str, ...]
    client: str
    address: str


class AuthSessions:
    """The sessions of one state directory; each change is on disk before anybody is told of it."""

    def __init__(self, path: Path, clock: "Clock", lifetimes: Lifetimes) -> None:
        self._path = path
        self._clock = clock
        self._lifetimes = lifetimes
        self._sessions: dict[str, AuthSession] = {}
        self._by_selector: dict[str, AuthSession] = {}
        self._latest_ms = 0.0
        self._latest_at = clock.monotonic()
        self._saved_ms = 0

    def now_ms(self) -> int:
        """Return the time by whichever clock is ahead.

        It goes on with the monotonic clock when the wall clock is set back,
        also from the latest time that was on disk before a restart.
        """
        at = self._clock.monotonic()
        self._latest_ms += max(0.0, at - self._latest_at) * 1000
        self._latest_at = at
        self._latest_ms = max(self._latest_ms, self._clock.now_ms())
        return int(self._latest_ms)

    def load(self) -> None:
        """Read the file. Raises StateError when it does not hold sessions."""
        stored = files.read_json(self._path, {"version": VERSION, "seenAtMs": 0, "sessions": []})
        try:
            self._latest_ms = float(stored["seenAtMs"])
            known = [AuthSession.from_stored(session) for session in stored["sessions"]]
        except (KeyError, TypeError, ValueError):
            raise StateError(
                f"{self._path}: not a file of sessions", hint="remove the file: everybody logs in again"
            ) from None
        for session in known:
            self._remember(session)

    def save(self) -> None:
        """Write all sessions that outlive their connection."""
        sessions = [session.stored() for session in self._sessions.values() if session.device_id is not None]
        self._saved_ms = self.now_ms()
        value = {"version": VERSION, "seenAtMs": self._saved_ms, "sessions": sessions}
        files.write_text(self._path, json.dumps(value) + "\n")

    def open(self, holder: Holder) -> tuple[AuthSession, str | None]:
        """Return a new session, with an identifier of our choosing, and its token."""
        session = self._new(holder)
        text = session.replace_token(session.created_at_ms) if holder.device_id is not None else None
        self._remember(session)
        if text is not None:
            self.save()
        return session, text

    def adopt(self, holder: Holder, verifier: str) -> None:
        """Open a session for a token that an earlier version issued; its time begins now."""
        session = self._new(holder)
        session.tokens = [Token("", verifier, session.created_at_ms)]
        self._remember(session)

    def _new(self, holder: Holder) -> AuthSession:
        now_ms = self.now_ms()
        return AuthSession(
            id=str(uuid.uuid4()),
            device_id=holder.device_id,
            role=holder.role,
            scopes=holder.scopes,
            client=holder.client,
            address=holder.address,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + self._lifetimes.age_ms,
            used_at_ms=now_ms,
        )

    def _remember(self, session: AuthSession) -> None:
        self._sessions[session.id] = session
        for token in session.tokens:
            self._by_selector[token.selector] = session

    def _drop(self, session: AuthSession) -> None:
        self._sessions.pop(session.id, None)
        for token in session.tokens:
            if self._by_selector.get(token.selector) is session:
                del self._by_selector[token.selector]

    def live(self) -> Iterator[AuthSession]:
        """Yield the sessions that have not ended."""
        return (session for session in self._sessions.values() if session.ended is None)

    def of_device(self, device_id: str, role: str | None = None) -> list[AuthSession]:
        """Return the device's sessions that have not ended, the one used last first."""
        found = [each for each in self.live() if each.device_id == device_id and role in {None, each.role}]
        return sorted(found, key=lambda each: each.used_at_ms, reverse=True)

    def surplus(self) -> list[AuthSession]:
        """Return the sessions that are too many, those that were not used for longest."""
        return sorted(self.live(), key=lambda each: each.used_at_ms)[:-MOST_SESSIONS]

    def find(self, text: str, device_id: str | None = None) -> tuple[AuthSession, Token] | None:
        """Return the session that a token was ever issued for, ended or not, and what is kept of the token."""
        session = self._by_selector.get(text[:SELECTOR_LENGTH])
        candidates = [session] if session is not None else []
        if session is None and device_id is not None:
            candidates = [each for each in self._sessions.values() if each.device_id == device_id]
        for each in candidates:
            for token in each.tokens:
                if token.matches(text):
                    return each, token
        return None

    def is_over(self, session: AuthSession) -> bool:
        """Tell whether its time is over: all of it, or that without a request."""
        return self.now_ms() >= min(session.expires_at_ms, session.used_at_ms + self._lifetimes.idle_ms)

    def touch(self, session: AuthSession) -> None:
        """Note that the session is used. The file follows within a minute: too early an end is a safe one."""
        session.used_at_ms = self.now_ms()

    def rotate(self, session: AuthSession) -> str:
        """Return the session's new token; the one before it is good no more."""
        self._drop(session)
        text = session.replace_token(self.now_ms())
        self.touch(session)
        self._remember(session)
        self.save()
        return text

    def end(self, sessions: Iterable[AuthSession], reason: str) -> None:
        """End sessions for good; of what ended long ago nothing is kept."""
        kept = False
        for session in sessions:
            session.ended, session.ended_at_ms = reason, self.now_ms()
            kept = kept or session.device_id is not None
            if session.device_id is None:
                self._drop(session)
        over = [session for session in self._sessions.values() if session.ended is not None]
        for session in sorted(over, key=lambda each: each.ended_at_ms)[:-MOST_ENDED]:
            self._drop(session)
        if kept:
            self.save()

    def over(self) -> list[AuthSession]:
        """Return the sessions whose time is over; bring the file up to date now and then."""
        if self._sessions and self.now_ms() - self._saved_ms >= SAVED_EVERY_MS:
            self.save()
        return [session for session in self.live() if self.is_over(session)]

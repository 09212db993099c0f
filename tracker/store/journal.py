"""``plans/journal.jsonl``: append-only, one event a line, merged by union.

Bytes on disk are the truth. A line is written by one ``write`` and synced before anyone is told of it. A last
line that a kill has torn is passed over by readers and cut by the next writer.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tracker.errors import Fault, TrackerError, Usage
from tracker.model import events as ev
from tracker.model.snapshot import OUTCOMES, Change
from tracker.store import clock

NAME = "plans/journal.jsonl"
_TIME = re.compile(
    "(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}[.][0-9]{3}Z"
)
_EVERY_MONTH_HAS = "28"
_LONE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""What escapes half of a character is written with; the pair of both halves is decoded to one character."""
_MOMENT = re.compile(rb'\n\{"id": ".{16}", "time": "(.{24})", "a')
_UNDO = b'"undo"'


def read(root: Path) -> tuple[list[ev.Event], list[Fault]]:
    """The events in (time, id) order, and a fault for each line that is not one. No journal is no events."""
    try:
        data = (root / NAME).read_bytes()
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [Fault(NAME, 1, 1, f"cannot be read: {error.strerror}")]
    return parse(data)


def newest(root: Path, count: int, plan: str | None = None) -> list[ev.Event]:
    """The last ``count`` events that count (``events.effective``), of one plan or of all, in (time, id) order.

    What ``read`` would give, at a fraction of the cost: of a long journal only the lines that can matter are parsed.
    """
    try:
        data = (root / NAME).read_bytes()
    except OSError:
        return []
    counted: list[ev.Event] = []
    for part in (_naming(data, plan) if plan is not None else _latest(data, count), data):
        events, _ = parse(part)
        counted = [event for event in ev.effective(events) if plan is None or event.plan == plan]
        if len(counted) >= count or plan is not None:
            break
    return counted[-count:] if count > 0 else []


def _naming(data: bytes, plan: str) -> bytes:
    """The lines in which the plan's reference stands, and every undo, whatever it takes back."""
    wanted = json.dumps(plan, ensure_ascii=False).encode()
    return b"\n".join([line for line in data.split(b"\n") if wanted in line or _UNDO in line]) + b"\n"


def _latest(data: bytes, count: int) -> bytes:
    """The latest lines by their times, and every undo; all lines where one is not written as tracker writes it."""
    moments = _MOMENT.findall(b"\n" + data)
    if len(moments) != data.count(b"\n") or len(moments) <= 2 * count:
        return data
    ordered = sorted(moments)
    if ordered == moments and _UNDO not in data:
        return b"\n".join(data.rsplit(b"\n", 2 * count + 1)[1:])
    since = ordered[-2 * count - 1]
    *lines, last = data.split(b"\n")
    chosen = [line for at, line in zip(moments, lines, strict=True) if at >= since or _UNDO in line]
    return b"\n".join([*chosen, last])


def parse(data: bytes) -> tuple[list[ev.Event], list[Fault]]:
    """The events of a journal's bytes; a torn last line is neither an event nor a fault."""
    events: list[ev.Event] = []
    faults: list[Fault] = []
    lines = data.split(b"\n")
    whole = lines if _whole(lines[-1]) else lines[:-1]
    for number, line in enumerate(whole, 1):
        if not line.strip():
            continue
        try:
            events.append(_event(line))
        except json.JSONDecodeError as error:
            faults.append(Fault(NAME, number, error.colno, f"not a journal line: {error.msg.lower()}"))
        except ValueError as error:
            faults.append(Fault(NAME, number, 1, f"not a journal line: {error}"))
    return ev.in_order(events), faults


def _event(line: bytes) -> ev.Event:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if text.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||")):
        raise ValueError("a merge conflict marker; keep the lines of both sides and delete the marker")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - one kind of refusal
    missing = [name for name in ("id", "time", "actor", "kind") if not isinstance(value.get(name), str)]
    if missing:
        raise ValueError(f"'{missing[0]}' is missing or not text")
    if value["kind"] not in ev.KINDS:
        raise ValueError(f"unknown kind '{value['kind']}'")
    moment = value["time"]
    if not _TIME.fullmatch(moment) or (moment[8:10] > _EVERY_MONTH_HAS and not _is_day(moment[:10])):
        raise ValueError(f"'time' is not a moment of the form 2026-01-27T12:00:00.000Z: '{moment}'")
    data = value.get("data") or {}
    plan = value.get("plan")
    if not isinstance(data, dict) or not (plan is None or isinstance(plan, str)):
        raise ValueError("'data' has to be an object and 'plan' a reference or null")
    for name, item in data.items():
        if name in _TEXTS:
            if not isinstance(item, str):
                raise ValueError(f"'{name}' in 'data' has to be text")
        elif name in _SHAPES and not _SHAPES[name][0](item):
            raise ValueError(f"'{name}' in 'data' has to be {_SHAPES[name][1]}")
    if "\\u" in text and _LONE_HALF.search(text) and not _encodes(value):
        raise ValueError("half of a character (a lone surrogate); write the character itself")
    return ev.Event(value["id"], moment, value["actor"], value["kind"], plan, data)


@functools.cache
def _is_day(text: str) -> bool:
    from datetime import date

    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _encodes(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_object_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _is_object_of_lists(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_texts, value.values()))


def _is_outcomes(value: Any) -> bool:
    try:
        return isinstance(value, dict) and _OUTCOMES.issuperset(value.values())
    except TypeError:  # a list or an object cannot be in a set
        return False


def _is_changes(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    for change in value:
        if not isinstance(change, dict) or "path" not in change or not _CHANGE.issuperset(change):
            return False
        for text in change.values():
            if not isinstance(text, str):
                return False
    return True


def _is_pairs(value: Any) -> bool:
    return isinstance(value, list) and all(_is_texts(item) and len(item) == 2 for item in value)


def _is_activity(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(part, dict)
        and isinstance(part.get("entries", []), list)
        and all(
            isinstance(entry, dict) and isinstance(entry.get("items", []), list)
            for entry in part.get("entries", [])
        )
        for part in value
    )


def _is_files(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(part, dict) and _is_changes(part.get("changes", [])) for part in value
    )


_OUTCOMES = frozenset(OUTCOMES)
_CHANGE = frozenset(Change._fields)
_TEXTS = frozenset(
    [
        "because",
        "check",
        "commit",
        "current_phase",
        "current_phase_title",
        "digest",
        "event",
        "mark",
        "position",
        "reason",
        "run",
        "slug",
        "source",
        "text",
        "tree",
    ]
)
_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "checks": (_is_outcomes, f"an object that gives each check its outcome, one of {', '.join(OUTCOMES)}"),
    "phases": (_is_object_of_texts, "an object that gives each phase a text"),
    "waits": (_is_object_of_lists, "an object that gives each phase a list of texts"),
    "proofs": (_is_object_of_texts, "an object that gives each plan a text"),
    "changes": (_is_changes, "a list of objects, each with the text 'path', and 'why' and 'kind' or not"),
    "deferred": (_is_texts, "a list of texts"),
    "score_target": (_is_pairs, "a list of pairs of texts"),
    "activity": (_is_activity, "a list of objects with 'entries', a list of objects"),
    "files": (_is_files, "a list of objects with 'changes', a list of objects with the text 'path'"),
}
"""With the texts, what the state, its renderings and its cache rely on in an event's data; the rest may be anything."""


def new_events(
    known: Sequence[ev.Event], actor: str, drafts: Iterable[tuple[str, str | None, dict[str, object]]]
) -> list[ev.Event]:
    """Events with ids and times, each later than everything known, from (kind, plan, data)."""
    last = known[-1].time if known else ""
    result = []
    for kind, plan, data in drafts:
        last = clock.after(last, clock.now()) if last else clock.now()
        result.append(ev.Event(os.urandom(8).hex(), last, actor, kind, plan, dict(data)))
    return result


def append(root: Path, events: Sequence[ev.Event]) -> int:
    """Write the events behind the journal and sync them; its size before. The caller holds the lock.

    Raises TrackerError where it cannot be written; then nothing of it counts.
    """
    path = root / NAME
    if path.is_symlink():
        raise Usage(f"{NAME} is a symlink; the journal has to be a file of the repository")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            _mend(file.fileno())
            size = file.seek(0, os.SEEK_END)
            data = "".join(ev.dumps(event) + "\n" for event in events).encode()
            try:
                written = 0
                while written < len(data):
                    written += file.write(data[written:]) or 0
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), size)
                raise
            return size
    except OSError as error:
        raise TrackerError(
            f"{NAME} cannot be written: {error.strerror}", hint="Nothing was recorded."
        ) from None


def retract(root: Path, size: int) -> None:
    """Take back what was appended behind ``size`` bytes. The caller has held the lock since."""
    with contextlib.suppress(OSError):
        os.truncate(root / NAME, size)


def _mend(descriptor: int) -> None:
    """Cut a torn last line, or end a whole one that lacks only its line end."""
    size = os.fstat(descriptor).st_size
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    tail, start = b"", size
    while start > 0 and b"\n" not in tail:
        step = min(start, 1024 * 1024)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    last = tail[tail.rfind(b"\n") + 1 :]
    if _whole(last):
        os.pwrite(descriptor, b"\n", size)
    else:
        os.ftruncate(descriptor, size - len(last))


def _whole(line: bytes) -> bool:
    """Whether nothing is torn off. A whole line that is no event is a fault to be shown, not one to be cut."""
    try:
        json.loads(line)
    except ValueError:
        return False
    except RecursionError:
        return True
    return True


def union(first: bytes, second: bytes) -> bytes:
    """The lines of both journals, each once: first's order, then what only second has. Torn last lines are left out."""
    lines = _lines(first)
    have = set(lines)
    lines += [line for line in _lines(second) if line not in have]
    return b"".join(line + b"\n" for line in lines)


def _lines(text: bytes) -> list[bytes]:
    *lines, last = text.split(b"\n")
    if last.strip() and _whole(last):
        lines.append(last)
    return [line for line in lines if line.strip()]

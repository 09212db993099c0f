"""``plans/journal.jsonl``: append-only, one event a line, merged by union.

Bytes on disk are the truth. A line is written by one ``write`` and synced before anyone is told of it. A last
line that a kill has torn is passed over by readers and cut by the next writer.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tracker.errors import Fault, TrackerError, Usage
from tracker.model import events as ev
from tracker.store import clock

NAME = "plans/journal.jsonl"
_TIME_LENGTH = len("2026-01-27T12:00:00.000Z")
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
    whole = lines[:-1]
    if lines[-1].strip():
        with contextlib.suppress(ValueError):
            events.append(_event(lines[-1]))
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
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - one kind of refusal
    missing = [name for name in ("id", "time", "actor", "kind") if not isinstance(value.get(name), str)]
    if missing:
        raise ValueError(f"'{missing[0]}' is missing or not text")
    if value["kind"] not in ev.KINDS:
        raise ValueError(f"unknown kind '{value['kind']}'")
    moment = value["time"]
    if len(moment) != _TIME_LENGTH or moment[10] != "T" or moment[-1] != "Z":
        raise ValueError(f"'time' is not of the form 2026-01-27T12:00:00.000Z: '{moment}'")
    data = value.get("data") or {}
    plan = value.get("plan")
    if not isinstance(data, dict) or not (plan is None or isinstance(plan, str)):
        raise ValueError("'data' has to be an object and 'plan' a reference or null")
    return ev.Event(value["id"], moment, value["actor"], value["kind"], plan, data)


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
    try:
        _event(line)
    except ValueError:
        return False
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

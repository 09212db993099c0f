"""Whatever bytes the files hold: an answer, the plan still there, faults that can be printed."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.definitions.conftest import Write
from tests.definitions.malformed import ONE, PROJECT, SOUND, A, B
from tracker.definitions import body, load

_PIECES = st.sampled_from(
    [
        "---\n", "title: ", "checks:\n", "  - id: ", "A-1", "\n", "depends_on: [", "1.01", "]", "{", "}", "\t", '"', "'",
        ": ", "- ", "&a ", "*a", "!!str ", "|\n", ">", "# ", "points: ", ".inf", "null", "\ufeff", "\r\n", "\u2028", "\x00",
        "\x07", "%YAML 1.2\n", "...\n", "? ", "<<: ", "é", "run: ", "commands:\n", "name: ", "score: ", "codebase: ",
        "must_haves:\n", "baseline:\n", "[[[[[[[[[[[[[[[[[[[[", "  ", "\\", "~",
    ]
)  # fmt: skip
_TEXTS = st.lists(_PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode())


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=10_000)
@given(
    path=st.sampled_from([A, B, ONE, PROJECT]),
    content=_TEXTS | _TEXTS.map(lambda text: b"---\n" + text + b"\n---\n") | st.binary(max_size=200),
)
def test_any_content(write: Write, path: str, content: bytes) -> None:
    root = write({**SOUND, path: content})
    loaded = load(root)
    assert [plan.ref for plan in loaded.definitions.plans] == ["1.01", "1.02", "2.01"]
    assert all(plan.title for plan in loaded.definitions.plans)
    for fault in loaded.faults:
        assert str(fault).isprintable()
        assert fault.line >= 1
        assert fault.column >= 1
    assert isinstance(body(root / path), str)

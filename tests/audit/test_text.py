"""Encodings, and symbols that were read in the wrong one."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.audit.text import FORMAT_SYMBOLS, decode, repair

DOCUMENT = """\
# STATE

## 📊 Overall Progress

| Phase | Status | Impact |
|---|---|---|
| 1 | ✅ COMPLETE | 40→85 |
| 2 | 🚧 IN PROGRESS | — |

## 🚀 Now
### Pending ⏳
## 📁 Recent Activity
- **Log:** ⏸️ Deferred
## 🎯 Goals
## 🔍 Next Steps
"""


@pytest.mark.parametrize("codec", ["cp1254", "cp1252", "latin-1"])
def test_a_document_read_in_the_wrong_encoding_is_put_back(codec: str) -> None:
    damaged = DOCUMENT.encode().decode(codec, errors="ignore")
    assert damaged != DOCUMENT
    text, repairs = repair(damaged)
    assert text == DOCUMENT
    assert "".join(r.symbol for r in repairs) == "".join(char for char in DOCUMENT if ord(char) > 127)


@pytest.mark.parametrize("symbol", FORMAT_SYMBOLS.split())
def test_every_symbol_of_the_format_survives_the_loss_of_undefined_bytes(symbol: str) -> None:
    damaged = symbol.encode().decode("cp1254", errors="ignore")
    assert len(damaged) > 1
    repaired, repairs = repair(damaged)
    # Symbols that lose the same byte become the same text: the first of the format is meant.
    first = next(s for s in FORMAT_SYMBOLS.split() if s.encode().decode("cp1254", errors="ignore") == damaged)
    assert repaired == first
    assert (repairs[0].line, repairs[0].column) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Fundação: não iniciada, CORAÇÃO",
        "à « part »",
        "Größe über Maß",
        "Ğüneş ışığı",
        "naïve café",
        "Завершено ✅",
        "§ 3 × 4 ± 1",
    ],
)
def test_honest_text_is_left_alone(text: str) -> None:
    assert repair(text) == (text, [])


def test_repairs_name_their_place() -> None:
    _, repairs = repair("plain\nx â€” y âœ…\n")
    assert [(r.line, r.column, r.symbol) for r in repairs] == [(2, 3, "—"), (2, 7, "✅")]


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (codecs.BOM_UTF8 + "ä\r\nb".encode(), "ä\nb", "utf-8"),
        ("# État\n".encode("utf-16"), "# État\n", "utf-16"),
        ("# State\n".encode("utf-16-le"), "# State\n", "utf-16-le"),
        ("# State\n".encode("utf-16-be"), "# State\n", "utf-16-be"),
        ("gr\xfc\xdfe – x".encode("cp1252"), "grüße – x", "cp1252"),
        (b"a\rb\r\nc\n", "a\nb\nc\n", "utf-8"),
        ("ok ✅ ".encode() + b"\x96 x", "ok ✅ – x", "cp1252"),
    ],
)
def test_any_encoding_is_read(raw: bytes, text: str, encoding: str) -> None:
    decoded = decode(raw)
    assert (decoded.text, decoded.encoding) == (text, encoding)


@given(st.binary(max_size=300))
def test_decoding_never_fails(raw: bytes) -> None:
    assert "\r" not in decode(raw).text


@given(st.text(max_size=200))
def test_repair_settles(text: str) -> None:
    once, _ = repair(text)
    assert len(once) <= len(text)


def test_the_damaged_seed_is_restored_byte_for_byte() -> None:
    """Runs where the document as it was found lies beside the checkout."""
    seed = Path(__file__).parents[3] / "shared" / "seed"
    if seed.is_dir():
        assert (
            decode((seed / "STATE.md").read_bytes()).text.encode()
            == (seed / "STATE.repaired.md").read_bytes()
        )
    assert decode(DOCUMENT.encode().decode("cp1254", errors="ignore").encode()).text == DOCUMENT

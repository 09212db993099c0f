"""Bytes of a planning document to text, whatever its encoding, with damaged symbols repaired."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

# The symbols of the state format come first, in the order of the document: where two symbols lose the
# same undefined byte and become the same text, the one the format itself uses is meant.
FORMAT_SYMBOLS = "📊 ✅ 🚧 🚀 ⏳ 📁 ⏸️ 🎯 🔍 → — – ⚠️ ❌ ✓ ✗ █ ░ ▓ ▒ 📋 🔒 📝 🔴 🟡 🟢 ⬜ 🔄 📅 📈 🏁"
_MORE_SYMBOLS = (
    "☑ ☐ ✔ ✘ • … “ ” ‘ ’ ≥ ≤ × ± ° · « » © ® ™ € § ─ │ ├ └ ■ □ ● ○ ◉ ★ ☆ ▶ ◀ ▲ ▼ ← ↑ ↓ ↔ ⇒ "
    "🛠️ 🛡️ 🔧 🔨 🔐 🔑 🔗 🔥 🎉 💡 ⭐ ✨ 📌 📍 📎 📦 📄 📚 🗂️ 🧪 🐛 🤖 ⏭️ ⏩ ⏱️ ⏰ ⏹️ ⏯️ ℹ️ ❓ ❗ 🚨 🏗️ 🗓️ 🔵 🟠 ⚪ ⚫ 💾 📉 👉 🧠 ⚡ 🌐"
)
_CODECS = ("cp1254", "cp1252", "latin-1")
_LEADS = "ÂÃâãäåæçèéêëìíïðğÄÅÐÑĞÎÏ"
_SUSPECT = re.compile(f"[{_LEADS}]")
# Two bytes, three bytes or four bytes of UTF-8 seen as one character each; E0 and E1 are left out
# because "à" and "á" before a no-break space or a quotation mark are ordinary French.
_RUN = re.compile(
    "[ÂÃÄÅÎÏÐÑĞ][^\x00-\x7f]|[âãäåæçèéêëìíï][^\x00-\x7f]{2}|[ðğ][^\x00-\x7f]{3}",
)
_SURROGATE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Repair:
    """One damaged symbol that was put back: place (1-based, in the repaired text), old and new form."""

    line: int
    column: int
    damaged: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document's text with ``\\n`` line ends, and what had to be done to read it."""

    text: str
    encoding: str
    repairs: tuple[Repair, ...] = ()


def _as_codec(byte: int, codec: str) -> str:
    try:
        return bytes((byte,)).decode(codec)
    except UnicodeDecodeError:
        return ""


def _byte_table(codec: str) -> dict[str, int]:
    table = {_as_codec(byte, codec) or chr(byte): byte for byte in range(0x80, 0x100)}
    # Readers that follow the web's tables keep an undefined byte as a control character.
    for byte in range(0x80, 0xA0):
        table.setdefault(chr(byte), byte)
    return table


_BYTES = tuple(_byte_table(codec) for codec in _CODECS)


def _damaged_forms() -> dict[str, str]:
    forms: dict[str, str] = {}
    # The variation selector behind an emoji loses its last byte on its own.
    for symbol in (FORMAT_SYMBOLS + " " + _MORE_SYMBOLS + " \N{VARIATION SELECTOR-16}").split():
        raw = symbol.encode()
        for codec in _CODECS:
            lost = "".join(_as_codec(byte, codec) for byte in raw)
            # Only forms that lost a byte need a table; complete ones are decoded. One character alone
            # could be honest text.
            if len(lost) > 1 and len(lost) < len(raw):
                forms.setdefault(lost, symbol)
    return forms


_FORMS = _damaged_forms()
_LOST = re.compile("|".join(re.escape(form) for form in sorted(_FORMS, key=lambda form: (-len(form), form))))


def _decode_run(run: str) -> str | None:
    for table in _BYTES:
        try:
            return bytes(table[char] for char in run).decode()
        except (KeyError, UnicodeDecodeError):
            continue
    return None


def repair(text: str) -> tuple[str, list[Repair]]:
    """Put back symbols of UTF-8 text that was once read as Windows-1254, Windows-1252 or Latin-1.

    Complete sequences are decoded again; sequences that lost undefined bytes are looked up among the
    damaged forms of the symbols that state documents use, which are computed and not listed.
    """
    if text.isascii() or not _SUSPECT.search(text):
        return text, []
    repairs: list[Repair] = []
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if line.isascii() or not _SUSPECT.search(line):
            continue
        lines[index] = _repair_line(line, index + 1, repairs)
    return "\n".join(lines), repairs


def _repair_line(line: str, number: int, repairs: list[Repair]) -> str:
    out: list[str] = []
    at = length = 0
    while at < len(line):
        char = line[at]
        found = symbol = None
        if char in _LEADS:
            run = _RUN.match(line, at)
            if run is not None and (decoded := _decode_run(run[0])) is not None:
                found, symbol = run[0], decoded
            elif (lost := _LOST.match(line, at)) is not None:
                found, symbol = lost[0], _FORMS[lost[0]]
        if found is None or symbol is None:
            out.append(char)
            at += 1
            length += 1
            continue
        repairs.append(Repair(number, length + 1, found, symbol))
        out.append(symbol)
        at += len(found)
        length += len(symbol)
    repaired = "".join(out)
    if repaired != line and _SUSPECT.search(repaired):
        again: list[Repair] = []
        twice = _repair_line(repaired, number, again)
        if len(twice) < len(repaired):
            repairs.extend(again)
            return twice
    return repaired


def decode(raw: bytes) -> Decoded:
    """Return the text of a document: UTF-8 with or without BOM, UTF-16, or single Windows-1252 bytes.

    Never raises; line ends become ``\\n``. Bytes that are no UTF-8 are taken one by one as Windows-1252,
    because such files are UTF-8 with a few lines pasted from elsewhere.
    """
    text, encoding = _to_text(raw)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text, repairs = repair(text)
    return Decoded(text, encoding, tuple(repairs))


def _to_text(raw: bytes) -> tuple[str, str]:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace"), "utf-16"
    if b"\x00" in raw[:64]:
        for codec, zeros in (("utf-16-le", raw[1:64:2]), ("utf-16-be", raw[0:64:2])):
            if zeros.count(0) * 2 > len(zeros):
                return raw.decode(codec, errors="replace"), codec
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        text = raw.decode("utf-8", errors="surrogateescape")
        return _SURROGATE.sub(lambda hit: _single_byte(ord(hit[0]) - 0xDC00), text), "cp1252"


def _single_byte(byte: int) -> str:
    return _as_codec(byte, "cp1252") or chr(byte)

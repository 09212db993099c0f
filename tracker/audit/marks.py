"""Words and symbols that say how far something is, in the languages of public projects."""

from __future__ import annotations

import re

from tracker.audit.model import Mark

DONE_SYMBOLS = "✅✓✔☑🟢🏁🎉"
ACTIVE_SYMBOLS = "🚧🔄🔨◉◐◑◒◓◔◕▶🟡🏃⚙🔵"
OPEN_SYMBOLS = "⬜☐○◯📋⏳🔴⚪🔲⏱🕐📅❌✗✘❓"
DEFERRED_SYMBOLS = "⏸⏭🗓🚫"
SYMBOLS = DONE_SYMBOLS + ACTIVE_SYMBOLS + OPEN_SYMBOLS + DEFERRED_SYMBOLS
_BULLETS = "■-⯿\U0001f300-\U0001faff\ufe0f"
"""A range of shapes and pictures. Before a status word any of them is a bullet (● stands before "Complete" and before
"In Progress" alike) and the word decides; alone, only those above mean something."""

_NOT_DONE = re.compile(
    r"(?:not|in-?complete|partial(?:ly)?|almost|nearly|to be|ready to|ready for|until|before|when|after)\b"
    r"|(?:partiel(?:lement)?|parcial(?:mente)?|parzial(?:mente|e)?|teilweise|частично|delvis|częściowo|kısmen)\b"
    r"|(?:не|nicht|nao|não|no|ikke|inte|niet)\s+\S|未完成|미완료|部分|一部|일부",
)
_DONE = re.compile(
    r"(?:complete[ds]?|done|finished|shipped|released|delivered|archived|closed|verified|passed|merged|implemented|"
    r"conclu[ií]d[ao]s?|conclu[ií]do|complet[ao]s?|completad[ao]s?|terminad[ao]s?|hech[ao]|finalizad[ao]s?|entregue|"
    r"fertig|abgeschlossen|erledigt|vollständig|ferdig|fullført|fullfort|avsluttet|klar|färdig|voltooid|terminée?|"
    r"achevée?|completat[oa]|completo|fatto|zakończon[aey]|gotowe|ukończon[aey]|"
    r"tamamlandı|tamam|bitti|hoàn thành|заверш[её]н[аоы]?|готов[аоы]?|выполнен[аоы]?|сделан[аоы]?)\b"
    r"|已?完成|已发布|已交付|已归档|完了|완료|milestone[ _](?:complete|shipped)|phase[ _]complete|100\s*%",
)
_ACTIVE = re.compile(
    r"(?:in[ _-]?progress|executing|execution|active|started|ongoing|under ?way|working|current|wip|verifying|"
    r"in arbeit|läuft|em andamento|em execução|en (?:curso|progreso|cours)|in corso|devam ediyor|sürüyor|đang thực hiện|pågår|under arbeid|"
    r"в (?:работе|процессе|разработке)|выполняется)\b|进行中|執行中|执行中|進行中|진행\s?중|作業中",
)
_DEFERRED = re.compile(
    r"(?:deferred|postponed|paused|on hold|skipped|cancell?ed|dropped|superseded|halted|stopped|"
    r"adiad[ao]|pausad[ao]|verschoben|zurückgestellt|отложен[аоы]?|приостановлен[аоы]?|utsatt)\b|已?推迟|暂停|보류",
)
_OPEN = re.compile(
    r"(?:not[ _]started|not[ _]planned|planned|pending|todo|to[ -]do|open|blocked|backlog|tbd|upcoming|future|queued|"
    r"waiting|ready|planning|discussing|draft|next|proposed|needs?\b|partial|in-?complete|not\b|"
    r"pendente|planejad[ao]|não iniciad[ao]|a fazer|pendiente|planificad[ao]|por hacer|sin empezar|"
    r"offen|geplant|ausstehend|nicht begonnen|planlagt|ikke (?:startet|påbegynt|begynt)|venter|"
    r"не начат[аоы]?|ожида(?:ет|ние)|заплан\w+|план(?:ируется)?|в очереди|planlandı|bekliyor|başlamadı|chưa bắt đầu|in attesa|da fare|prévu|à faire)"
    r"|未开始|未開始|待开始|计划中|待定|待办|대기|예정|미착수|未着手|予定",
)
_UNDECIDED = re.compile(
    r"\W*(?:TB[ADC]|to be (?:announced|defined|decided|determined|planned))"
    r"(?:\W*|\s+(?:during|in|at|after|before|by|when|once|until|upon|with)\s.{1,60}|\s*[(\[][^()\[\]]{1,60}[)\]]\W*)\Z",
    re.IGNORECASE,
)
_BOX_ACTIVE = "~/→➔➜➡"
_CLEAN = re.compile(r"[*_`~\[\]]+|<[^>]{0,40}>|\uFE0F")
_TAIL = re.compile(
    rf"(?P<symbol>[{SYMBOLS}])\uFE0F?(?:\s*\([^()]{{0,80}}\))?\s*\Z"
    r"|[(（【\[]\s*(?P<inner>[^()（）【】\[\]]{2,40})[)）】\]]\s*\Z"
    r"|\s[-–—:|(]\s*(?P<share>\d{1,3})\s*%\)?\s*\Z"
    r"|\s[-–—:|]\s*(?P<word>[^\W\d_][^-–—:|]{1,30})\Z"
)
_LEADING = re.compile(rf"[\s:.\-–—|({_BULLETS}{SYMBOLS}]*")


def plain(text: str) -> str:
    """Return text without emphasis, code ticks and tags, blanks trimmed."""
    return _CLEAN.sub("" if "_" not in text else " ", text).replace("_", " ").strip()


def symbol(text: str) -> Mark | None:
    """Return what the first status symbol in the text means, None when there is none."""
    for char in text:
        if char in DONE_SYMBOLS:
            return "done"
        if char in ACTIVE_SYMBOLS:
            return "active"
        if char in DEFERRED_SYMBOLS:
            return "deferred"
        if char in OPEN_SYMBOLS:
            return "open"
    return None


def box(inner: str) -> Mark:
    """Return what stands between the brackets of a box: ``[x]``, ``[ ]``, ``[~]``, ``[➔]``."""
    if inner in "xX✓✔✅☑":
        return "done"
    return "active" if inner in _BOX_ACTIVE or inner in ACTIVE_SYMBOLS else "open"


def share(percent: float) -> Mark:
    """Return what a percentage says of the thing that it is about."""
    return "done" if percent >= 100 else "active" if percent > 0 else "open"


def tail(text: str) -> Mark | None:
    """Return what the end of a line says of how far its subject is: ``X ✅ (2 March)``, ``X — Done``, ``X - 90%``.

    Words there may be a remark: only those for done and active count.
    """
    match = _TAIL.search(plain(text))
    if match is None:
        return None
    if match["share"]:
        return share(float(match["share"]))
    if match["symbol"]:
        return symbol(match["symbol"])
    said = word(match["inner"] or match["word"])
    return said if said in ("done", "active") else None


def is_status(text: str) -> bool:
    """Whether the text is a word for done or for active and nothing else: ``complete``, ``已完成``."""
    bare = text.casefold().strip()
    return _DONE.fullmatch(bare) is not None or _ACTIVE.fullmatch(bare) is not None


def word(text: str) -> Mark | None:
    """Return what the text's first words mean as a status, None when they are no status words."""
    bare = _LEADING.sub("", plain(text), count=1).casefold().strip()
    if not bare:
        return None
    if _DEFERRED.match(bare):
        return "deferred"
    if _ACTIVE.match(bare):
        return "active"
    if _NOT_DONE.match(bare):
        return "open"
    if _DONE.match(bare):
        return "done"
    if _OPEN.match(bare):
        return "open"
    return None


def status(text: str) -> Mark | None:
    """Return the meaning of a status cell or field: its words, else its symbol."""
    found = word(text)
    return found if found is not None else symbol(text)


def undecided(text: str) -> bool:
    """Whether a title only promises that there will be one: ``TBD``, ``TBD during planning``."""
    return _UNDECIDED.match(text) is not None


def only_awaits(text: str) -> bool:
    """Whether a status means ready for the next step, or up to something: that is said of what is finished as well."""
    low = text.casefold()
    return (
        low.startswith(("ready", "next", "needs", "planning", "discuss", "await", "waiting"))
        or "verif" in low
        or "uat" in low
    )

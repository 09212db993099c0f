"""The words by which documents of many languages name phases, plans, statuses and progress; all in small letters."""

from __future__ import annotations

PHASE = (
    "phase", "fase", "faz", "faza", "fáze", "etapa", "étape", "giai đoạn",
    "фаза", "этап", "阶段", "階段", "페이즈", "단계", "フェーズ",
)  # fmt: skip
STAGE = (
    "step", "stage", "sprint", "stufe", "schritt", "paso", "passo", "aşama", "krok", "шаг", "спринт", "ステップ", "스텝", "步骤",
)  # fmt: skip
"""Words for a part of the work that are a phase only in a document that speaks of no phases."""
PHASES = (
    "phases", "phasen", "fases", "fasi", "fasen", "faser", "fazy", "fazlar", "etapas", "étapes", "etapy", "фазы", "этапы",
)  # fmt: skip
NUMBER = ("#", "no", "no.", "nr", "nr.", "№", "n°", "nº", "id", "番号", "序号", "编号", "編號", "번호")
NAME = (
    "name", "title", "nome", "nombre", "nom", "titre", "título", "titel", "bezeichnung", "naam", "navn", "namn", "nazwa",
    "название", "имя", "名称", "名稱", "名前", "内容", "이름", "제목", "내용",
)  # fmt: skip
STATUS = (
    "status", "state", "estado", "stato", "stan", "statut", "zustand", "stav", "état", "situa", "durum", "trạng thái",
    "статус", "状态", "狀態", "状態", "상태", "ステータス", "状況",
)  # fmt: skip
PROGRESS = (
    "progress", "progresso", "progreso", "avance", "avancement", "fortschritt", "fremdrift", "framsteg",
    "voortgang", "postęp", "i̇lerleme", "ilerleme", "tiến độ", "прогресс", "进度", "进展", "進度", "진행", "進捗",
)  # fmt: skip
PLANS = (
    "plans", "planos", "planes", "pläne", "planer", "piani", "plannen", "planlar", "планов", "планы", "计划", "計劃", "계획",
)  # fmt: skip
DATE = (
    "date", "due", "deadline", "when", "target", "eta", "timeline", "datum", "frist", "termin", "fecha", "data", "prazo", "plazo",
    "дата", "срок", "日期", "日付", "期限", "截止", "时间", "기한", "기간", "날짜", "일정",
)  # fmt: skip
DEPENDS = (
    "depends", "dependenc", "depend on", "dependên", "depende", "dipende", "dépend", "abhängig", "hängt ab", "avhengig",
    "afhankelijk", "beror på", "zależy", "зависит", "зависимост", "依赖", "依賴", "依存", "의존",
)  # fmt: skip
CURRENT = (
    "current", "active", "aktuelle", "aktuell", "atual", "actual", "nåværende", "huidige", "şu anki", "mevcut",
    "текущая", "текущий", "当前", "當前", "현재",
)  # fmt: skip
ANY_PHASE = f"(?:{'|'.join((*PHASE, 'phasen'))})"
"""A pattern for one of the words for a phase."""
ANY_PART = f"(?:{'|'.join((*PHASE, *STAGE))})"
"""A pattern for one of the words for a phase or for what may stand for one."""


def of_now(words: tuple[str, ...]) -> frozenset[str]:
    """The words, alone and with "current" before or behind them, as names of fields."""
    return frozenset(
        name
        for word in words
        for now in CURRENT
        for name in (word, f"{now} {word}", f"{word} {now}", f"{now}{word}")
    )


def heads(title: str, words: tuple[str, ...]) -> bool:
    """Whether a column's title, in small letters, begins with one of the words; a short Latin one only as a whole."""
    return any(
        title.startswith(word)
        and (len(word) > 4 or word[0] > "\u02ff" or not title[len(word) : len(word) + 1].isalpha())
        for word in words
    )

"""The words by which documents of many languages name phases, plans, statuses and progress; all in small letters."""

from __future__ import annotations

PHASE = (
    "phase", "fase", "faz", "faza", "fáze", "etapa", "étape", "giai đoạn",
    "фаза", "этап", "阶段", "階段", "페이즈", "단계", "フェーズ",
)  # fmt: skip
STATUS = (
    "status", "state", "statut", "zustand", "stav", "estado", "stato", "état", "situa", "durum", "trạng thái",
    "статус", "状态", "狀態", "상태", "ステータス", "状況", "状態",
)  # fmt: skip
PROGRESS = (
    "progress", "progresso", "progreso", "avance", "avancement", "fortschritt", "fremdrift", "framsteg",
    "voortgang", "postęp", "i̇lerleme", "ilerleme", "tiến độ", "прогресс", "进度", "进展", "進度", "진행", "進捗",
)  # fmt: skip
PLANS = (
    "plans", "planos", "planes", "pläne", "planer", "piani", "plannen", "planlar", "планов", "планы", "计划", "計劃", "계획",
)  # fmt: skip
CURRENT = (
    "current", "active", "aktuelle", "aktuell", "atual", "actual", "nåværende", "huidige", "şu anki", "mevcut",
    "текущая", "текущий", "当前", "當前", "현재",
)  # fmt: skip
ANY_PHASE = f"(?:{'|'.join((*PHASE, 'phasen'))})"
"""A pattern for one of the words for a phase."""


def of_now(words: tuple[str, ...]) -> frozenset[str]:
    """The words, alone and with "current" before or behind them, as names of fields."""
    return frozenset(
        name
        for word in words
        for now in CURRENT
        for name in (word, f"{now} {word}", f"{word} {now}", f"{now}{word}")
    )

"""The day on which a document says that it was written."""

from __future__ import annotations

import pytest

from tracker.audit import dates


@pytest.mark.parametrize(
    "text",
    [
        "**Last Updated:** 2026-04-16",
        "last_updated: '2026-04-16T10:00:00Z'",
        "> 最后更新: 2026-04-16",
        "最終更新：2026年4月16日",
        "**Version:** 0.7 | **Zuletzt aktualisiert:** 16.04.2026",
        "Dernière mise à jour : 16/04/2026",
        "Последнее обновление: 16.04.2026",
        "Last updated: 16 April 2026 (Phase 08)",
        "Last updated: April 16, 2026",
        "**Last activity**: 2026-04-16 — Lamp burns",
    ],
)
def test_days_as_people_write_them(text: str) -> None:
    assert dates.spoken(f"# State\n\n{text}\n") == {"2026-04-16"}


@pytest.mark.parametrize(
    "text", ["Last updated: 3/4/2026", "Last updated: 2026-13-40", "Due: 2026-04-16", "Last updated: soon"]
)
def test_what_is_no_such_day(text: str) -> None:
    assert dates.spoken(text) == set()

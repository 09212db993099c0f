"""The days on which a document says that it was written, in the forms that people write them."""

from __future__ import annotations

import datetime as dt
import re

_SAYS = (
    r"last[ _](?:activity|updated?|session)|updated(?:[ _](?:on|at))?|date",
    r"zuletzt aktualisiert(?: am)?|letzte aktualisierung|aktualisiert am|stand",
    r"[uú]ltima (?:atualização|actualización)|atualizado(?: em)?|actualizado(?: el)?|ultimo aggiornamento|aggiornato(?: il)?",
    r"dernière mise à jour|mis(?:e)? à jour(?: le)?|ostatnia aktualizacja|son güncelleme|sist oppdatert|senast uppdaterad",
    r"последнее обновление|обновлено|дата",
    r"最后更新|最後更新|最近更新|上次更新|更新时间|更新日期?|最終更新日?|마지막 업데이트|최종 (?:수정|업데이트)일?|업데이트",
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = (
    r"(?P<y>\d{4})[-./年] ?(?P<m>\d{1,2})[-./月] ?(?P<d>\d{1,2})(?!\d)"
    r"|(?P<d2>\d{1,2})\. ?(?P<m2>\d{1,2})\. ?(?P<y2>\d{4})"
    r"|(?P<d3>\d{1,2})/(?P<m3>\d{1,2})/(?P<y3>\d{4})"
    r"|(?P<d4>\d{1,2})\.? (?P<m4>[A-Za-z]{3,9})\.? (?P<y4>\d{4})"
    r"|(?P<m5>[A-Za-z]{3,9})\.? (?P<d5>\d{1,2}), (?P<y5>\d{4})"
)
_SPOKEN = re.compile(rf"(?<!\w)(?:{'|'.join(_SAYS)})\W{{0,8}}(?:{_DAY})", re.IGNORECASE)


def spoken(text: str) -> set[str]:
    """The days, in ISO form, that stand behind words for "last updated".

    ``3/4/2026`` is left out: nobody knows whether it is in March or in April.
    """
    return {day for match in _SPOKEN.finditer(text) if (day := _iso(match)) is not None}


def _iso(match: re.Match[str]) -> str | None:
    form = next(form for form in ("", "2", "3", "4", "5") if match[f"y{form}"])
    year, month, day = (match[f"{part}{form}"] for part in "ymd")
    if not month.isdigit():
        month = str(_MONTHS.index(month[:3].lower()) + 1) if month[:3].lower() in _MONTHS else "0"
    if form == "3" and int(day) <= 12 and day != month:
        return None
    try:
        return dt.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None

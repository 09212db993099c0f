"""File and directory names of planning directories: which file is a plan, a summary, a report."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tracker.audit.ids import from_directory, normalise

_PHASE = r"(?:[A-Za-z]{1,6}-(?=\d))?(?P<phase>\d{1,4}(?:[A-Za-z](?![A-Za-z]))?(?:\.\d{1,3})*)"
_PLAN = r"(?P<plan>\d{1,3}[A-Za-z]?|[A-Za-z])"
_SLUG = r"(?P<slug>[^/]*?)"
# One pattern for plans and summaries, the word put in: a summary is named after its plan.
_FORMS = (
    rf"{_PHASE}-{_PLAN}-WORD",
    rf"{_PHASE}-(?P<plan>\d{{1,3}}[A-Za-z]?)-{_SLUG}-WORD",
    rf"{_PHASE}-(?P<slug>[a-z][^/]*?)-(?P<plan>\d{{2,3}}[A-Za-z]?)-WORD",
    rf"{_PHASE}-WORD-{_PLAN}(?:-{_SLUG})?",
    r"(?P<plan>\d{1,3}[A-Za-z]?)-WORD",
    r"(?P<phase>\d{1,3}(?:\.\d{1,3})+)-WORD",
    rf"(?P<plan>\d{{1,3}}[A-Za-z]?)-{_SLUG}-WORD",
    rf"WORD-{_PHASE}-(?P<plan>\d{{1,3}}[A-Za-z]?)(?:-{_SLUG})?",
    rf"WORD[-_ ]?(?P<plan>\d{{1,3}}[A-Za-z]?|[A-Z])(?:-{_SLUG})?",
    r"WORD",
)


def _compile(word: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(form.replace("WORD", word) + r"\Z", re.IGNORECASE) for form in _FORMS)


_PLANS = _compile("(?:PLAN|FIX)")
_SUMMARIES = _compile("SUMMARY")
_BARE = re.compile(rf"{_PHASE}-(?P<plan>\d{{1,3}}[A-Za-z]?)(?:-{_SLUG})?\Z")
_REPORT_SLUG = re.compile(r"(?:\A|-)[A-Z][A-Z_]{2,}(?:-|\Z)")
_VERSION = re.compile(r"v?\d{1,3}(?:\.\d{1,3}){0,3}\Z", re.IGNORECASE)
_WORD = re.compile(r"(?i)PLAN|FIX|SUMMARY")


@dataclass(frozen=True, slots=True)
class Name:
    """A file name taken apart: ``role`` plan or summary, numbers normalised and maybe empty.

    ``certain`` is false for names that only their content can confirm as a plan's.
    """

    role: str
    phase: str
    plan: str
    stem: str
    certain: bool = True


def parse(file: str) -> Name | None:
    """Take a Markdown file's name apart; None when it names neither a plan nor a summary."""
    stem = file[:-3] if file[-3:].lower() == ".md" else file
    upper = stem.upper()
    if upper.endswith(("-OUTLINE", ".PRE-BOUNCE")):
        return None
    if "SUMMARY" in upper:
        return _match(stem, _SUMMARIES, "summary")
    if "PLAN" in upper or "FIX" in upper:
        return _match(stem, _PLANS, "plan")
    bare = _BARE.match(stem)
    if bare is not None and not _REPORT_SLUG.search(bare["slug"] or ""):
        return Name("plan", normalise(bare["phase"]), normalise(bare["plan"]), stem.casefold(), certain=False)
    return None


def _match(stem: str, forms: tuple[re.Pattern[str], ...], role: str) -> Name | None:
    for form in forms:
        match = form.match(stem)
        if match is None:
            continue
        groups = match.groupdict()
        slug = groups.get("slug") or ""
        plan = groups.get("plan") or ""
        # 03-VALIDATION-PLAN is a report about a phase; 03-auth-PLAN is a plan. A FIX needs both numbers,
        # 03-REVIEW-FIX is a report too.
        if _REPORT_SLUG.search(slug):
            return None
        if re.search(r"(?i)(?:\A|-)FIX\b", stem) and "PLAN" not in stem.upper() and not groups.get("phase"):
            return None
        return Name(
            role,
            normalise(groups.get("phase") or "") if groups.get("phase") else "",
            _plan(plan),
            _bare(stem),
        )
    return None


def _plan(text: str) -> str:
    return normalise(text) if text else ""


def _bare(stem: str) -> str:
    return _WORD.sub("", stem, count=1).strip("-_ .").casefold()


def title_of(directory: str) -> str:
    """The title that a phase's directory gives it: ``phases/03-dm-policy`` → ``Dm policy``."""
    text = directory.rsplit("/", 1)[-1].partition("-")[2].replace("-", " ")
    return text[:1].upper() + text[1:] if text.islower() else text


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies: its zone, its phase directory (empty: in none) and that directory's number."""

    zone: str
    directory: str
    phase: str
    inner: str = ""


def place(parts: tuple[str, ...]) -> Place | None:
    """Say in which zone a file lies, given its path's parts below ``.planning``; None outside of phases.

    Zones are ``phases``, ``milestones/<version>``, ``archive`` and ``workstreams/<name>``; quick tasks,
    research and reports are in none.
    """
    folders = parts[:-1]
    if not folders:
        return None
    head = folders[0].casefold()
    if head == "phases":
        return _phase("phases", folders, 1)
    if head == "workstreams" and len(folders) > 2:
        inner = place(parts[2:])
        if inner is None:
            return None
        zone = f"workstreams/{folders[1]}" + ("" if inner.zone == "phases" else f"/{inner.zone}")
        return Place(zone, "/".join((*folders[:2], inner.directory)), inner.phase, inner.inner)
    if head == "milestones" and len(folders) > 1:
        if folders[1].casefold().endswith("phases"):
            return _phase(f"milestones/{folders[1][: -len('phases')].rstrip('-_')}", folders, 2)
        if len(folders) > 2 and folders[2].casefold() == "phases":
            return _phase(f"milestones/{folders[1]}", folders, 3)
        if len(folders) > 2 and _VERSION.match(folders[1]) and from_directory(folders[2]) is not None:
            return _phase(f"milestones/{folders[1]}", folders, 2)
    if head in ("archive", "archives", "archived", "_archive"):
        for index in range(1, len(folders)):
            if folders[index].casefold() in ("quick", "todos", "research", "debug"):
                return None
            if from_directory(folders[index]) is not None and folders[index][0] not in "vV":
                return _phase(
                    "/".join(("archive", *folders[1:index])).removesuffix("/phases"), folders, index
                )
    return None


def _phase(zone: str, folders: tuple[str, ...], at: int) -> Place:
    if len(folders) <= at:
        return Place(zone, "", "")
    # phases/archive/01-x and phases/v1.0/01-x: the first folder that carries a phase number is the phase's.
    for index in range(at, min(at + 3, len(folders))):
        number = None if folders[index][0] in "vV" else from_directory(folders[index])
        if number is not None:
            return Place(zone, "/".join(folders[: index + 1]), number, "/".join(folders[index + 1 :]))
    return Place(zone, "/".join(folders[: at + 1]), "", "/".join(folders[at + 1 :]))

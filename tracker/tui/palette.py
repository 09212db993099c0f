"""Colours and signs. Each status has a sign of its own, so nothing is told by colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual.theme import Theme

from tracker.model import snapshot as sn

DARK = Theme(
    name="tracker-dark",
    primary="#7ea6f0",
    secondary="#8f9bb3",
    accent="#57c7d4",
    success="#8cc570",
    warning="#e3b04b",
    error="#ef7482",
    foreground="#d6dce6",
    background="#12161d",
    surface="#171c25",
    panel="#202735",
    dark=True,
    variables={"muted": "#8792a6", "faint": "#4a5567", "cursor": "#2b3a57", "cursor-blur": "#222a38"},
)
LIGHT = Theme(
    name="tracker-light",
    primary="#2457a8",
    secondary="#5b6472",
    accent="#0b7285",
    success="#2f7a32",
    warning="#8f5b00",
    error="#b3261e",
    foreground="#1f252e",
    background="#fbfbf9",
    surface="#f3f3ef",
    panel="#e6e7e3",
    dark=False,
    variables={"muted": "#626b78", "faint": "#b4bac2", "cursor": "#cfdff7", "cursor-blur": "#e3e8ee"},
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}


@dataclass(frozen=True, slots=True)
class Palette:
    """The styles of a theme, for what is drawn line by line."""

    text: Style
    strong: Style
    muted: Style
    faint: Style
    accent: Style
    primary: Style
    good: Style
    warn: Style
    bad: Style
    cursor: Style
    cursor_blur: Style
    dark: bool


def palette(name: str, *, monochrome: bool = False) -> Palette:
    """The styles of the theme; an unknown name is the dark one.

    ``monochrome``: the cursor is shown reversed where colours will be taken away.
    """
    theme = THEMES.get(name, DARK)
    extra = theme.variables
    text = theme.foreground or ""
    return Palette(
        text=Style(color=text),
        strong=Style(color=text, bold=True),
        muted=Style(color=extra["muted"]),
        faint=Style(color=extra["faint"]),
        accent=Style(color=theme.accent),
        primary=Style(color=theme.primary),
        good=Style(color=theme.success),
        warn=Style(color=theme.warning),
        bad=Style(color=theme.error),
        cursor=Style(reverse=True, bold=True) if monochrome else Style(bgcolor=extra["cursor"], bold=True),
        cursor_blur=Style(underline=True) if monochrome else Style(bgcolor=extra["cursor-blur"]),
        dark=theme.dark,
    )


BROKEN = "broken"
RUNNING = "running"
BLOCKED = "blocked"

SIGNS = {
    sn.PENDING: "○",
    BLOCKED: "·",
    sn.ACTIVE: "▸",
    sn.DONE: "✔",
    sn.STALE: "≈",
    sn.UNPROVEN: "?",
    sn.FAILED: "✘",
    sn.DEFERRED: "»",
    RUNNING: "◐",
    BROKEN: "✘",
}
WORDS = {
    sn.PENDING: "pending",
    BLOCKED: "waits for another plan",
    sn.ACTIVE: "active",
    sn.DONE: "done, verified",
    sn.STALE: "done, stale: verify again",
    sn.UNPROVEN: "done, unproven",
    sn.FAILED: "failed",
    sn.DEFERRED: "deferred",
    RUNNING: "running",
    BROKEN: "broken definition",
}
OUTCOME_SIGNS = {
    sn.PASSED: "✔",
    sn.RED: "✘",
    sn.ERROR: "!",
    sn.NOT_RUN: "–",
    sn.OPEN: "◇",
    sn.DEFERRED: "»",
    "": "○",
}
OUTCOME_WORDS = {
    sn.PASSED: "passed",
    sn.RED: "failed",
    sn.ERROR: "error",
    sn.NOT_RUN: "did not run",
    sn.OPEN: "open, as expected",
    sn.DEFERRED: "deferred",
    "": "never run",
}
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def look(plan: sn.PlanState) -> str:
    """The key of the plan's sign: its status, told apart by proof and by what blocks it."""
    if plan.status == sn.DONE:
        return sn.DONE if plan.proof == sn.VERIFIED else plan.proof or sn.UNPROVEN
    if plan.status == sn.PENDING and plan.blocked_by:
        return BLOCKED
    return plan.status


def shade(colours: Palette, key: str) -> Style:
    """The style of a status or an outcome."""
    if key in (sn.FAILED, sn.ERROR, BROKEN):
        return colours.bad
    if key in (sn.DONE, sn.PASSED):
        return colours.good
    if key in (sn.STALE, sn.UNPROVEN, sn.NOT_RUN):
        return colours.warn
    if key in (sn.ACTIVE, RUNNING):
        return colours.accent
    if key in (sn.DEFERRED, BLOCKED, sn.OPEN):
        return colours.muted
    return colours.text

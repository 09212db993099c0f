"""One table: bindings, handlers, palette, help, key page and command line agree with it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from tests.tui import fake
from tracker.cli.main import cli
from tracker.service import Service
from tracker.tui import actions, keys, listing
from tracker.tui.app import TrackerApp
from tracker.tui.flows import Flows

STATE = fake.normal()


def context(key: str, **more: object) -> actions.Context:
    """The context with this row selected."""
    row = next(row for row in listing.rows(STATE) if row.key == key)
    return actions.Context(STATE, row, **more)  # type: ignore[arg-type]


def test_keys_and_ids_are_unique() -> None:
    assert len({action.key for action in actions.ACTIONS}) == len(actions.ACTIONS)
    assert len({action.id for action in actions.ACTIONS}) == len(actions.ACTIONS)


@pytest.mark.parametrize("action", actions.ACTIONS, ids=lambda action: action.id)
def test_every_action_has_a_handler_a_binding_and_words(action: actions.Action) -> None:
    assert callable(getattr(Flows, f"do_{action.id.replace('-', '_')}"))
    bound = {binding.id: binding for binding in TrackerApp.BINDINGS if not isinstance(binding, tuple)}
    assert bound[action.id].key == action.key
    assert bound[action.id].tooltip == action.help
    assert action.help.endswith(".")
    assert action.title


def test_every_action_but_those_of_the_screen_itself_has_its_command() -> None:
    of_the_screen = {
        "cancel", "filter", "sort", "tab-before", "tab-after", "copy", "copy-command", "theme", "quit",
    }  # fmt: skip
    assert {action.id for action in actions.ACTIONS if not action.command} == of_the_screen


def test_no_module_of_the_screens_is_long() -> None:
    found = {
        path.name: len(path.read_text().splitlines()) for path in Path(listing.__file__).parent.rglob("*.py")
    }
    assert len(found) > 30
    assert {name: lines for name, lines in found.items() if lines > 500} == {}


SAME = [
    action
    for action in actions.ACTIONS
    if action.command.startswith("tracker ") and (action.id != "audit" or hasattr(Service, "audit"))
]
"""The screen hides the audit where the service has none, and so has the command line then."""


@pytest.mark.parametrize("key", ["1.03", "phase:2", "project"])
@pytest.mark.parametrize("action", SAME, ids=lambda action: action.id)
def test_the_command_line_knows_every_command_that_is_shown(action: actions.Action, key: str) -> None:
    chosen = STATE.plan("1.03").checks[0] if key == "1.03" else None
    words = shlex.split(action.same_as(context(key, check=chosen)))
    assert "{" not in " ".join(words)
    if "--help" in words:
        return
    with click.Context(cli, info_name="tracker") as parent:
        command = cli.get_command(parent, words[1])
        assert command is not None, words
        known = {
            name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)
        }
        assert {word for word in words[2:] if word.startswith("-")} <= known
        command.make_context(words[1], words[2:], parent=parent).close()


def test_the_exact_command_for_each_kind_of_selection() -> None:
    same = {name: actions.BY_ID[name].same_as for name in ("run", "verify", "defer", "edit", "note")}
    assert same["run"](context("1.03")) == "tracker run 1.03"
    assert same["run"](context("phase:2")) == "tracker run --phase 2"
    assert same["run"](context("project")) == "tracker run --all"
    assert same["verify"](context("project")) == "tracker verify"
    check = STATE.plan("1.03").checks[1]
    assert (
        same["defer"](context("1.03", check=check)) == f"tracker defer 1.03 --check {check.id} --reason TEXT"
    )
    assert same["defer"](context("1.03")) == "tracker defer 1.03 --reason TEXT"
    assert same["note"](context("1.03")) == "tracker note TEXT --plan 1.03"
    assert same["note"](context("project")) == "tracker note TEXT"
    assert same["edit"](context("1.03")) == "$EDITOR plans/01-phase/03-file-permissions/PLAN.md"
    assert same["edit"](context("phase:1")) == "$EDITOR plans/01-phase/PHASE.md"
    assert actions.BY_ID["tab-log"].same_as(context("1.03")) == "tracker log 1.03"
    assert actions.BY_ID["tab-log"].same_as(context("project")) == "tracker log"
    assert actions.BY_ID["tab-plan"].same_as(context("phase:2")) == "tracker status"


def test_the_key_page_names_every_action_and_is_fresh() -> None:
    text = keys.page()
    for action in actions.ACTIONS:
        assert f"| `{action.key_name}` | {action.title} |" in text
    page = Path(__file__).parents[2] / keys.PLACE
    assert page.read_text(encoding="utf-8") == text


def test_a_stale_key_page_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert keys.main(["--check"]) == 1
    assert "is stale" in capsys.readouterr().err
    assert keys.main([]) == 0
    assert keys.main(["--check"]) == 0


def test_a_broken_plan_is_said_to_be_broken() -> None:
    plan = STATE.plan("2.01")
    fault = f"{plan.file}:4:1: unknown key 'depend_on'"
    broken = STATE._replace(faults=(fault,))
    row = next(row for row in listing.rows(broken) if row.key == "2.01")
    where = actions.Context(broken, row)
    assert actions.BY_ID["run"].refuse(where) == fault
    assert actions.BY_ID["done"].refuse(where) == fault
    assert actions.BY_ID["note"].refuse(where) == ""

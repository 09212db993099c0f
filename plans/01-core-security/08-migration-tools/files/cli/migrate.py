"""`security migrate`: bring an installation of an earlier version up to date, or take that back."""

import argparse
import sys
from dataclasses import asdict
from typing import Any

from gateway.agent.auth_profiles import AuthProfiles
from gateway.cli.options import common
from gateway.cli.output import show, show_json
from gateway.config.config import Config
from gateway.errors import StateError
from gateway.migration import plan as planning
from gateway.migration import recovery
from gateway.migration.journal import Journal
from gateway.migration.plan import Plan
from gateway.migration.rules import RULES
from gateway.paths import Paths
from gateway.security.audit import audit
from gateway.security.subject import INFO, Finding, examine
from gateway.server.startup import lock_state


def configure(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the actions of `security`."""
    command = actions.add_parser(
        "migrate",
        help="bring an installation of an earlier version up to date",
        description="Bring an installation of an earlier version up to date. The gateway must not run. "
        "What was there is kept, sealed, until --forget.",
        parents=[common()],
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    way = command.add_mutually_exclusive_group()
    way.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    way.add_argument("--rollback", action="store_true", help="put everything back as it was")
    way.add_argument("--forget", action="store_true", help="remove what --rollback needs")
    way.add_argument("--rules", action="store_true", help="list what no longer is as it was")
    command.add_argument("--force", action="store_true", help="with --rollback: drop what changed since")


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    journal = Journal(paths)
    if arguments.rules:
        _rules(as_json=arguments.json)
    elif arguments.dry_run:
        _dry_run(paths, as_json=arguments.json)
    elif not paths.state.is_dir():
        show(f"nothing to migrate: there is no {paths.state}")
    else:
        with journal.locked():
            lock_state(paths)
            if journal.recover():
                sys.stderr.write("gateway: a migration was broken off before; it was taken back\n")
            if arguments.rollback:
                _roll_back(journal, force=arguments.force)
            elif arguments.forget:
                found = journal.forget()
                show("what was before is forgotten" if found else "there is no migration to forget")
            else:
                _migrate(paths, journal, as_json=arguments.json)
    return 0


def _rules(*, as_json: bool) -> None:
    if as_json:
        show_json(RULES)
        return
    for name, rule in RULES.items():
        show(f"{name:16} {rule}")


def _dry_run(paths: Paths, *, as_json: bool) -> None:
    if recovery.is_due(paths):
        raise StateError(
            f"{paths.state}: a migration was broken off",
            hint="`security migrate` takes it back and starts anew; any other command takes it back",
        )
    plan = planning.make(paths)
    if as_json:
        show_json({"dryRun": True, "changes": [asdict(change) for change in plan.changes]})
        return
    for change in plan.changes:
        show(f"would change  {change}")
    show("nothing was changed" if plan.changes else "nothing to migrate")


def _roll_back(journal: Journal, *, force: bool) -> None:
    for path in journal.roll_back(force=force):
        show(f"{path}: what changed since is gone")
    show("everything is as it was before the migration")


def _migrate(paths: Paths, journal: Journal, *, as_json: bool) -> None:
    plan = planning.make(paths)
    if not plan.changes:
        _tell(plan, [], as_json=as_json)
        return
    journal.begin(plan)
    try:
        journal.apply(plan)
        Config.load(paths.config)
        AuthProfiles(paths).load()
        left = [found for found in audit(examine(paths)) if found.severity != INFO]
        # New secrets are told before they are in force: told too early they are no harm, too late they are lost.
        _tell(plan, left, as_json=as_json)
        sys.stdout.flush()
    except BaseException:
        journal.undo()
        raise
    journal.commit()


def _tell(plan: Plan, left: list[Finding], *, as_json: bool) -> None:
    if as_json:
        report: dict[str, Any] = {
            "dryRun": False,
            "changes": [asdict(change) for change in plan.changes],
            "newSecrets": plan.made,
            "left": [asdict(found) for found in left],
        }
        show_json(report)
        return
    for change in plan.changes:
        show(f"changed   {change}")
    for key, secret in plan.made.items():
        show(f"{key} is now {secret} (shown once; the gateway keeps a verifier of it)")
    for found in left:
        show(f"by hand   {found.checkId}: {found.detail}; {found.remediation}")
    if plan.changes:
        show("`security migrate --rollback` takes it back, `--forget` removes what that needs")
    else:
        show("nothing to migrate")

"""What the keys mean once they are read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.definitions.conftest import Write
from tests.definitions.malformed import SOUND, A, B, Files
from tracker.definitions import body, load
from tracker.model.definitions import BASELINE, Check, Implementation, Plan, Verification

ALPHA = "plans/01-one/01-alpha"


def _alpha(root: Path) -> Plan:
    loaded = load(root)
    assert [str(fault) for fault in loaded.faults] == []
    return loaded.definitions.plans[0]


def test_a_plan_in_full(write: Write) -> None:
    text = """---
title: "Alpha: the first"
summary: in a few words
depends_on: [1.2, 02-01]
implementation: carry.py
verification: prove.py
paths: [docs/, "*.md"]
timeout: 90
highlights: [Faster, Smaller]
checks:
  - id: A-1
    title: It works
    domain: Speed
    points: 1.5
    kind: stretch
    critical: true
    exclusive: yes
    mode: static
    probe: >
      Look at it
      closely.
    maps_to: "X 1"
    closes: nothing
---
# Alpha
"""
    root = write(
        {
            **SOUND,
            A: text,
            B: "---\ntitle: Beta\n---\n",
            "plans/02-two/01-gamma/PLAN.md": "---\ntitle: Gamma\n---\n",
            f"{ALPHA}/carry.py": "",
            f"{ALPHA}/prove.py": "",
        }
    )
    plan = _alpha(root)
    assert plan == Plan(
        ref="1.01",
        phase="1",
        number=1,
        slug="alpha",
        title="Alpha: the first",
        path=ALPHA,
        summary="in a few words",
        depends_on=("1.02", "2.01"),
        implementation=Implementation("module", "carry.py"),
        verification=Verification("prove.py"),
        paths=("docs", "*.md"),
        timeout=90,
        highlights=("Faster", "Smaller"),
        checks=(
            Check(
                id="A-1",
                title="It works",
                plan="1.01",
                domain="Speed",
                points=1.5,
                kind="stretch",
                critical=True,
                exclusive=True,
                mode="static",
                probe="Look at it closely.",
                maps_to="X 1",
                closes="nothing",
            ),
        ),
        digest=plan.digest,
        proof=plan.digest,
    )


def test_modules_beside_the_plan_are_found_by_their_names(write: Write) -> None:
    root = write({**SOUND, f"{ALPHA}/implementation.py": "", f"{ALPHA}/verification.py": ""})
    plan = _alpha(root)
    assert plan.implementation == Implementation("module", "implementation.py")
    assert plan.verification == Verification("verification.py")


@pytest.mark.parametrize(
    ("keys", "implementation"),
    [
        ("run: make all", Implementation("command", "make all")),
        ("manual: true", Implementation("manual", "")),
        ("manual: false", Implementation("module", "implementation.py")),
    ],
)
def test_what_is_said_goes_before_what_is_found(
    write: Write, keys: str, implementation: Implementation
) -> None:
    text = f"---\ntitle: Alpha\n{keys}\nchecks: [{{id: A-1, title: T}}]\n---\n"
    root = write({**SOUND, A: text, f"{ALPHA}/implementation.py": ""})
    assert _alpha(root).implementation == implementation


def test_commands_take_the_place_of_the_verification_only(write: Write) -> None:
    text = "---\ntitle: Alpha\nchecks: [{id: A-1, title: T}]\ncommands: [{check: A-1, run: make}]\n---\n"
    root = write({**SOUND, A: text, f"{ALPHA}/implementation.py": "", f"{ALPHA}/verification.py": ""})
    plan = _alpha(root)
    assert plan.implementation == Implementation("module", "implementation.py")
    assert plan.verification == Verification("", (("A-1", "make"),))


def test_commands_prove_checks_and_may_define_them(write: Write) -> None:
    text = """---
title: Alpha
checks:
  - {id: A-1, title: One}
commands:
  - check: A-1
    run: make one
  - check: A-2
    title: Two
    points: 3
    run: make two
---
"""
    plan = _alpha(write({**SOUND, A: text, f"{ALPHA}/verification.py": ""}))
    assert plan.verification == Verification("", (("A-1", "make one"), ("A-2", "make two")))
    assert [(check.id, check.title, check.points) for check in plan.checks] == [
        ("A-1", "One", 0),
        ("A-2", "Two", 3),
    ]


def test_the_project_and_its_baseline(write: Write) -> None:
    project = """name: Sample
goal: works
codebase: ./src/
score: {target: 9, of: 10}
python: .venv/bin/python
setup: make venv
timeouts: {implementation: 5, verification: 7.5}
baseline:
  checks: [{id: BASE-1, title: Boots, points: 4}]
"""
    root = write({**SOUND, "plans/project.yaml": project, "plans/baseline.py": ""})
    found = load(root)
    assert found.faults == ()
    sample = found.definitions.project
    assert (sample.name, sample.goal, sample.codebase) == ("Sample", "works", "src")
    assert (sample.target, sample.of, sample.python, sample.setup) == (9, 10, ".venv/bin/python", "make venv")
    assert (sample.implementation_timeout, sample.verification_timeout) == (5, 7.5)
    assert sample.baseline == Verification("baseline.py")
    assert [(check.id, check.plan) for check in sample.checks] == [("BASE-1", "baseline")]


def test_numbers_of_plans_are_texts_in_yaml(write: Write) -> None:
    files = {f"plans/01-one/{n:02d}-p{n}/PLAN.md": f"---\ntitle: P{n}\n---\n" for n in range(3, 11)}
    last = "---\ntitle: Last\ndepends_on: [1.10, 1.1]\n---\n"
    loaded = load(
        write(
            {
                **SOUND,
                **files,
                "plans/03-three/PHASE.md": "---\ntitle: T\n---\n",
                "plans/03-three/01-last/PLAN.md": last,
            }
        )
    )
    assert loaded.faults == ()
    assert loaded.definitions.plans[-1].depends_on == ("1.10", "1.01")


def test_lines_may_end_as_on_windows_and_begin_with_a_mark(write: Write) -> None:
    text = "\ufeff" + str(SOUND[A]).replace("\n", "\r\n")
    assert _alpha(write({**SOUND, A: text})).title == "Alpha"


def test_the_body_is_what_stands_below_the_front_matter(write: Write) -> None:
    root = write({**SOUND, B: "# Beta\n\nNo front.\n"})
    assert body(root / A) == "# Alpha\n\nText.\n"
    assert body(root / B) == "# Beta\n\nNo front.\n"
    assert body(root / "nowhere.md") == ""


def _digest(root: Path) -> str:
    return load(root).definitions.plans[0].digest


def test_the_digest_covers_what_defines_the_plan(write: Write) -> None:
    root = write(SOUND)
    steps: tuple[Files, ...] = (
        {},
        {A: str(SOUND[A]) + "More.\n"},
        {f"{ALPHA}/implementation.py": "x = 1\n"},
        {f"{ALPHA}/files/a.py": "x = 1\n"},
        {f"{ALPHA}/files/a.py": "x = 2\n"},
        {f"{ALPHA}/files/a.py": None, f"{ALPHA}/files/b.py": "x = 2\n"},
    )
    seen = [_digest(write(files)) for files in steps]
    (root / ALPHA / "files" / "b.py").chmod(0o755)
    seen.append(_digest(root))
    assert len(set(seen)) == len(seen)
    assert all(len(digest) == 16 for digest in seen)


def test_the_digest_leaves_out_what_tracker_and_python_write(write: Write) -> None:
    root = write(SOUND)
    before = _digest(root)
    write({f"{ALPHA}/SUMMARY.md": "x", f"{ALPHA}/__pycache__/a.pyc": "x", B: "---\ntitle: Other\n---\n"})
    assert _digest(root) == before


def test_a_fingerprint_needs_neither_yaml_nor_the_model() -> None:
    code = (
        "import sys; from pathlib import Path; from tracker.definitions import fingerprint;"
        "fingerprint(Path.cwd()); print([m for m in ('yaml', 'tracker.model.definitions', 'json') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_phases_that_were_put_in_later_stand_in_their_places(write: Write) -> None:
    names = ["03-last", "02.10-tenth", "02.2-second", "02-two", "02.2.1-deep"]
    root = write({f"plans/{name}/01-plan/PLAN.md": "---\ntitle: T\nmanual: true\n---\n" for name in names})
    known = load(root).definitions
    assert [phase.number for phase in known.phases] == ["2", "2.2", "2.2.1", "2.10", "3"]
    assert [plan.ref for plan in known.plans] == ["2.01", "2.2.01", "2.2.1.01", "2.10.01", "3.01"]


SHARED = "plans/_probes/__init__.py"


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        (SHARED, "plans and project"),
        ("plans/conftest.py", "plans and project"),
        ("plans/01-one/conftest.py", "plans and project"),
        ("plans/baseline.py", "project"),
        (f"{ALPHA}/prove.py", "the plan"),
        ("plans/_probes/__pycache__/x.pyc", "nothing"),
        ("plans/.hidden", "nothing"),
        ("plans/journal.jsonl", "nothing"),
    ],
)
def test_the_proof_covers_what_verifications_share(write: Write, file: str, changes: str) -> None:
    root = write({**SOUND, SHARED: "", "plans/baseline.py": ""})
    before = load(root).definitions.proofs
    (root / file).parent.mkdir(exist_ok=True)
    (root / file).write_text("changed = True")
    after = load(root).definitions.proofs
    changed = {name for name, proof in before.items() if after[name] != proof}
    expected = {
        "nothing": set(),
        "the plan": {"1.01"},
        "project": {BASELINE},
        "plans and project": set(before),
    }
    assert changed == expected[changes]

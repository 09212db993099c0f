"""What peers got wrong, one test each."""

from __future__ import annotations

import json
import re

from tests.audit.samples import STATE, plan, summary
from tests.project import SampleProject

LENS = ".planning/phases/02-lens"


def findings(project: SampleProject, kind: str) -> list[dict[str, object]]:
    found = json.loads(project.run("audit", "--json").out)["findings"]
    return [item for item in found if item["kind"] == kind]


def test_two_empty_summary_files_do_not_complete_a_phase(beacon: SampleProject) -> None:
    beacon.write({f"{LENS}/02-01-SUMMARY.md": b"", f"{LENS}/02-02-SUMMARY.md": b"# Summary\n\n"})
    phase = beacon.snapshot.phase("2")
    assert (phase.status, phase.done, phase.total) == ("pending", 0, 2)
    assert len(findings(beacon, "empty-summary")) == 2
    beacon.run("import")
    assert beacon.snapshot.phase("2").done == 0


def test_one_tree_gives_one_percentage_on_every_surface(beacon: SampleProject) -> None:
    def shares() -> set[tuple[int, int]]:
        snapshot = json.loads(beacon.run("status", "--json").out)
        status = re.search(r"(\d+) of (\d+) plans done", beacon.run("status").out)
        text = beacon.run("state", "--print").out
        rows = re.findall(r"\| (\d+)/(\d+) plans \|", text)
        assert status is not None
        return {
            (snapshot["done"], snapshot["total"]),
            (int(status[1]), int(status[2])),
            (sum(int(done) for done, _ in rows), sum(int(total) for _, total in rows)),
            (sum(phase["done"] for phase in snapshot["phases"]), sum(p["total"] for p in snapshot["phases"])),
            (
                sum(item["status"] == "done" for phase in snapshot["phases"] for item in phase["plans"]),
                sum(len(phase["plans"]) for phase in snapshot["phases"]),
            ),
        }

    assert shares() == {(2, 4)}
    beacon.run("import")
    assert shares() == {(2, 4)}
    beacon.run("done", "2.01", "--because", "ground")
    assert shares() == {(3, 4)}


def test_completing_twice_changes_nothing(beacon: SampleProject) -> None:
    beacon.run("import")
    beacon.run("done", "2.01", "--because", "ground")
    before = beacon.read("plans/journal.jsonl"), beacon.read("STATE.md")
    assert beacon.run("done", "2.01", "--because", "ground").code == 0
    assert beacon.run("import").code == 0
    assert (beacon.read("plans/journal.jsonl"), beacon.read("STATE.md")) == before


def test_bad_front_matter_is_an_error_with_line_and_column(sample: SampleProject) -> None:
    front = {
        "unclosed bracket": "title: T\ndepends_on: [1.01\nsummary: s\n",
        "tab indent": "title: T\nhighlights:\n\t- one\n",
        "wave: two": "title: T\nwave: two\n",
        "unknown dependency": "title: T\ndepends_on: [9.09]\n",
    }
    for name, text in front.items():
        sample.write({"plans/01-first/04-odd/PLAN.md": f"---\n{text}---\n".encode()})
        outcome = sample.run("status")
        assert outcome.code == 2, name
        assert re.search(r"plans/01-first/04-odd/PLAN\.md:[2-5]:\d+: \w", outcome.out), (name, outcome.out)
        assert sample.run("run", "1.04").code == 2


def test_the_same_in_a_planning_directory_is_found_with_its_place(beacon: SampleProject) -> None:
    beacon.write(
        {
            f"{LENS}/02-01-PLAN.md": b"---\nphase: 2\nplan: 01\ndepends_on: [1\nwave: 1\n---\nbody\n",
            f"{LENS}/02-02-PLAN.md": b"---\nphase: 2\nplan: 02\nmust_haves:\n\ttruths: []\n---\nbody\n",
            f"{LENS}/02-03-PLAN.md": b"---\nphase: 2\nplan: 03\nwave: two\n---\nbody\n",
            f"{LENS}/02-04-PLAN.md": b'---\nphase: 2\nplan: 04\ndepends_on: ["08-01"]\n---\nbody\n',
        }
    )
    yaml = {str(item["file"]).rsplit("/", 1)[-1]: item for item in findings(beacon, "yaml")}
    assert set(yaml) == {"02-01-PLAN.md", "02-02-PLAN.md"}
    assert yaml["02-02-PLAN.md"]["line"] == 5
    wave = findings(beacon, "wave")[0]
    assert (wave["line"], wave["column"]) == (4, 7)
    unknown = findings(beacon, "unknown-dependency")[0]
    assert (unknown["line"], "08-01" in str(unknown["message"])) == (4, True)


def test_a_cited_commit_that_does_not_exist_is_flagged(beacon: SampleProject) -> None:
    beacon.write({".planning/phases/01-lamp/01-01-SUMMARY.md": summary("01", "deadbee").encode()})
    missing = [item for item in findings(beacon, "commit-missing") if "deadbee" in str(item["message"])]
    assert len(missing) == 1
    assert missing[0]["file"] == ".planning/phases/01-lamp/01-01-SUMMARY.md"
    assert missing[0]["line"]


def test_a_hand_written_passed_is_a_claim_and_not_proof(beacon: SampleProject) -> None:
    beacon.write(
        {f"{LENS}/02-VERIFICATION.md": b"---\nphase: 2\nstatus: passed\nscore: 9/9\n---\nAll good.\n"}
    )
    assert beacon.snapshot.phase("2").done == 0
    claims = json.loads(beacon.run("audit", "--json").out)["claims"]
    passed = next(claim for claim in claims if claim["kind"] == "verification status")
    assert passed["verdict"] == "contradicted"
    assert passed["evidence"] == "0 of 2 plans have a SUMMARY"
    beacon.run("import")
    assert all(item.proof != "verified" for item in beacon.snapshot.plans)


def test_a_deleted_state_is_rebuilt(beacon: SampleProject) -> None:
    beacon.run("import")
    before = beacon.read("STATE.md")
    (beacon.root / "STATE.md").unlink()
    assert beacon.run("state", "--check").code == 1
    assert beacon.run("state").code == 0
    assert beacon.read("STATE.md") == before


def test_overlapping_files_in_one_wave_are_flagged(beacon: SampleProject) -> None:
    for number in ("01", "02"):
        text = plan(number, files="src/lens.py, docs/a.md" if number == "01" else "src/lens.py")
        beacon.write({f"{LENS}/02-{number}-PLAN.md": text.encode()})
    overlaps = findings(beacon, "overlap")
    assert len(overlaps) == 1
    assert "src/lens.py" in str(overlaps[0]["message"])
    assert overlaps[0]["file"] == f"{LENS}/02-02-PLAN.md"


BROKEN = b"---\nphase: [\n  : :\n\t}{\nplan: 01\n---\nGrind.\n"


def test_broken_yaml_never_makes_a_plan_vanish(beacon: SampleProject) -> None:
    beacon.write({f"{LENS}/02-01-PLAN.md": BROKEN})
    assert "2.01" in {item.ref for item in beacon.snapshot.plans}
    assert findings(beacon, "yaml")
    beacon.run("import")
    assert "Grind." in beacon.service.body("2.01")


def test_broken_yaml_of_a_native_plan_neither(sample: SampleProject) -> None:
    sample.write({"plans/01-first/02-beta/PLAN.md": BROKEN})
    assert {item.ref for item in sample.snapshot.plans} == {"1.01", "1.02", "1.03"}


def test_hand_written_prose_survives_regeneration(beacon: SampleProject) -> None:
    beacon.run("import")
    block = "<!-- notes -->\nAsk Grace before touching the lens.\n\n- and *mind* the oil\n<!-- /notes -->\n"
    text = beacon.read("STATE.md")
    beacon.write({"STATE.md": text.replace("*State updated", f"{block}\n*State updated").encode()})
    beacon.run("done", "2.01", "--because", "ground")
    after = beacon.read("STATE.md")
    assert block in after
    assert "Plan 01:** grind" in after
    assert beacon.run("state", "--check").code == 0


def test_an_old_state_document_does_not_change_what_the_files_say(beacon: SampleProject) -> None:
    before = beacon.snapshot
    beacon.write({".planning/STATE.md": STATE.replace("completed_plans: 2", "completed_plans: 4").encode()})
    assert (beacon.snapshot.done, beacon.snapshot.total) == (before.done, before.total)

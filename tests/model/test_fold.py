"""Where state comes from."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.build import check, event, plan, project
from tracker.model import events as ev
from tracker.model import snapshot as sn
from tracker.model.definitions import Definitions, MustHave
from tracker.model.fold import fold


def landed(ref: str, tree: str, **checks: str) -> ev.Event:
    return event(
        ev.LANDED,
        ref,
        run="r1",
        digest=f"d{ref}",
        tree=tree,
        checks={k.replace("_", "-"): v for k, v in checks.items()},
    )


def verified(tree: str, **checks: str) -> ev.Event:
    return event(ev.VERIFIED, None, tree=tree, checks={k.replace("_", "-"): v for k, v in checks.items()})


ONE = project(plan("1.01", check("A-1"), check("A-2", kind="stretch")))


def test_nothing_recorded_is_pending_and_unmeasured() -> None:
    snapshot = fold(ONE, [], tree="t")
    assert snapshot.plan("1.01").status == sn.PENDING
    assert snapshot.score is not None
    assert not snapshot.score.measured
    assert snapshot.updated == ""


def test_landed_is_verified_at_its_tree_and_stale_at_another() -> None:
    events = [landed("1.01", "t1", A_1="passed", A_2="passed")]
    here = fold(ONE, events, tree="t1")
    there = fold(ONE, events, tree="t2")
    assert here.plan("1.01").proof == sn.VERIFIED
    assert there.plan("1.01").proof == sn.STALE
    assert here.score is not None and there.score is not None
    assert not here.score.stale
    assert there.score.stale
    assert here.score.points == there.score.points == 2


def test_a_need_that_did_not_run_is_never_verified() -> None:
    snapshot = fold(ONE, [landed("1.01", "t", A_1="not-run", A_2="passed")], tree="t")
    assert snapshot.plan("1.01").proof == sn.UNPROVEN
    assert snapshot.score is not None
    assert snapshot.score.points == 1


def test_a_stretch_check_may_stay_red() -> None:
    snapshot = fold(ONE, [landed("1.01", "t", A_1="passed", A_2="failed")], tree="t")
    assert snapshot.plan("1.01").status == sn.DONE
    assert snapshot.plan("1.01").proof == sn.VERIFIED


def test_a_plan_without_checks_is_never_verified() -> None:
    snapshot = fold(project(plan("1.01")), [landed("1.01", "t")], tree="t")
    assert snapshot.plan("1.01").proof == sn.UNPROVEN


@pytest.mark.parametrize("outcome", ["failed", "error"])
def test_a_done_plan_whose_need_turns_red_has_failed(outcome: str) -> None:
    events = [landed("1.01", "t", A_1="passed"), verified("t", A_1=outcome)]
    state = fold(ONE, events, tree="t").plan("1.01")
    assert state.status == sn.FAILED
    assert "A-1" in state.reason


def test_a_word_is_unproven_and_earns_nothing() -> None:
    snapshot = fold(ONE, [event(ev.DONE, "1.01", because="I saw it", source="word")], tree="t")
    state = snapshot.plan("1.01")
    assert (state.status, state.proof, state.source, state.reason) == ("done", "unproven", "word", "I saw it")
    assert snapshot.score is not None
    assert snapshot.score.points == 0


def test_evidence_older_than_the_word_does_not_fail_it_but_newer_does() -> None:
    word = event(ev.DONE, "1.01", because="x", source="word", at=5000)
    before = event(ev.VERIFIED, None, at=4000, tree="t", checks={"A-1": "failed"})
    after = event(ev.VERIFIED, None, at=6000, tree="t", checks={"A-1": "failed"})
    assert fold(ONE, [before, word], tree="t").plan("1.01").status == sn.DONE
    assert fold(ONE, [word, after], tree="t").plan("1.01").status == sn.FAILED


def test_a_word_becomes_proof_when_the_checks_pass() -> None:
    events = [event(ev.DONE, "1.01", because="x", source="word"), verified("t", A_1="passed")]
    assert fold(ONE, events, tree="t").plan("1.01").proof == sn.VERIFIED


def test_deferring_a_check_takes_it_out_of_what_the_plan_needs() -> None:
    events = [
        event(ev.DEFERRED, "1.01", check="A-1", reason="later"),
        landed("1.01", "t", A_2="passed"),
        verified("t", A_1="failed", A_2="passed"),
    ]
    snapshot = fold(ONE, events, tree="t")
    state = snapshot.plan("1.01")
    assert state.status == sn.DONE
    assert state.checks[0].deferred == "later"
    assert state.checks[0].earned == 0
    back = fold(ONE, [*events, event(ev.REOPENED, "1.01", check="A-1")], tree="t")
    assert back.plan("1.01").checks[0].deferred == ""
    assert back.plan("1.01").status == sn.FAILED


def test_a_need_that_is_red_is_not_put_off_once_the_plan_has_landed() -> None:
    events = [
        landed("1.01", "t", A_1="passed", A_2="passed"),
        verified("t", A_1="failed", A_2="failed"),
        event(ev.DEFERRED, "1.01", check="A-1", reason="later"),
    ]
    state = fold(ONE, events, tree="t").plan("1.01")
    assert (state.status, state.reason) == (sn.FAILED, "red since it was done: A-1")
    word = event(ev.DONE, "1.01", because="I say so", source="word")
    said = fold(ONE, [*events[:2], word], tree="t").plan("1.01")
    assert (said.status, said.proof, said.reason) == (sn.DONE, sn.UNPROVEN, "I say so; red: A-1, A-2")


def test_what_proves_a_check_is_part_of_its_evidence() -> None:
    seen = verified("t", A_1="passed")
    seen.data["proofs"] = {"1.01": "as it was"}
    events = [event(ev.DONE, "1.01", source="verification"), seen]
    same = project(plan("1.01", check("A-1"), proof="as it was"))
    other = project(plan("1.01", check("A-1", points=95), proof="edited"))
    moved = project(plan("1.02", check("A-1"), proof="as it was"))
    assert fold(same, events, tree="t").plan("1.01").proof == sn.VERIFIED
    changed = fold(other, events, tree="t")
    assert changed.plan("1.01").proof == sn.STALE
    assert changed.plan("1.01").reason == "its checks have changed since it was verified: verify again"
    assert changed.score is not None and changed.score.stale
    assert not fold(moved, events, tree="t").plan("1.02").checks[0].current


def test_without_a_tree_nothing_is_current() -> None:
    snapshot = fold(ONE, [landed("1.01", "", A_1="passed")], tree="")
    assert snapshot.plan("1.01").proof == sn.STALE
    assert snapshot.score is not None and snapshot.score.stale


def test_what_a_plan_has_done_goes_with_it_when_it_gets_another_number() -> None:
    done = event(ev.DONE, "1.01", because="x", source="word", slug="first")
    here = project(plan("1.01", slug="other"), plan("1.02", slug="first"))
    moved = fold(here, [done], tree="t")
    assert [item.status for item in moved.plans] == [sn.PENDING, sn.DONE]
    renamed = fold(project(plan("1.01", slug="new-name")), [done], tree="t")
    assert renamed.plan("1.01").status == sn.DONE


def test_a_must_have_met_before_a_change_says_so() -> None:
    known = project(plan("1.01", check("A-1")))
    goals = (MustHave("one exists", ("A-1",)),)
    known = known._replace(phases=(known.phases[0]._replace(must_haves=goals),))
    events = [landed("1.01", "t1", A_1="passed")]
    now, later = (fold(known, events, tree=tree).phase("1").must_haves[0] for tree in ("t1", "t2"))
    assert (now.met, now.stale) == (True, False)
    assert (later.met, later.stale) == (True, True)


def test_reverting_makes_a_plan_pending() -> None:
    events = [landed("1.01", "t", A_1="passed"), event(ev.REVERTED, "1.01")]
    state = fold(ONE, events, tree="t").plan("1.01")
    assert (state.status, state.run) == (sn.PENDING, "")


def test_a_red_critical_check_caps_the_rating_not_the_number() -> None:
    known = project(plan("1.01", check("A-1", points=80.0), check("A-2", points=5.0, critical=True)), of=100)
    score = fold(known, [verified("t", A_1="passed", A_2="failed")], tree="t").score
    assert score is not None
    assert (score.points, score.rating, score.capped_by) == (80, 69, ("A-2",))


def test_residual_and_not_run_earn_nothing() -> None:
    known = project(plan("1.01", check("A-1")), checks=(check("R-1", plan="baseline", kind="residual"),))
    score = fold(known, [verified("t", A_1="not-run", R_1="open")], tree="t").score
    assert score is not None
    assert score.points == 0
    assert score.of == 2


def test_progress_is_done_plans_by_plans() -> None:
    known = project(plan("1.01"), plan("1.02"), plan("2.01", depends_on=("1.02",)))
    snapshot = fold(known, [event(ev.DONE, "1.01", because="x")], tree="t")
    assert (snapshot.done, snapshot.total) == (1, 3)
    assert [phase.status for phase in snapshot.phases] == ["active", "pending"]
    assert snapshot.plan("2.01").blocked_by == ("1.02",)
    assert snapshot.current_phase == "1"


def test_impacts_are_planned_until_measured() -> None:
    base = (check("B-1", plan="baseline", points=40.0),)
    known = project(
        plan("1.01", check("A-1", points=45.0)),
        plan("2.01", check("C-1", "2.01", points=5.0), check("C-2", "2.01", points=5.0, kind="stretch")),
        checks=base,
        of=100,
    )
    assert [phase.impact for phase in fold(known, []).phases] == [
        "+45 points (40→85)",
        "+5-10 points (85→90+)",
    ]
    events = [
        landed("1.01", "t", A_1="passed"),
        landed("2.01", "t", C_1="passed", C_2="passed"),
        verified("t", B_1="passed", A_1="passed", C_1="passed", C_2="passed"),
    ]
    assert [phase.impact for phase in fold(known, events, tree="t").phases] == [
        "+45 points (40→85)",
        "+10 points (85→95)",
    ]


# What holds for any history

_refs = st.sampled_from(["1.01", "1.02"])
_drafts = st.one_of(
    st.tuples(st.just(ev.DONE), _refs, st.just({"because": "x"})),
    st.tuples(st.just(ev.STARTED), _refs, st.just({})),
    st.tuples(st.just(ev.DEFERRED), _refs, st.just({"reason": "r"})),
    st.tuples(st.just(ev.REOPENED), _refs, st.just({})),
    st.tuples(st.just(ev.NOTE), _refs, st.just({"text": "n"})),
    st.tuples(st.just(ev.LANDED), _refs, st.just({"tree": "t", "run": "r", "checks": {"A-1": "passed"}})),
    st.tuples(st.just(ev.VERIFIED), st.none(), st.just({"tree": "t", "checks": {"A-1": "failed"}})),
)
TWO: Definitions = project(plan("1.01", check("A-1")), plan("1.02"))


def _events(drafts: list[tuple[str, str | None, dict[str, object]]]) -> list[ev.Event]:
    return [event(kind, ref, at=number, **data) for number, (kind, ref, data) in enumerate(drafts)]


@given(st.lists(_drafts, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(
    drafts: list[tuple[str, str | None, dict[str, object]]], shuffler: random.Random
) -> None:
    events = _events(drafts)
    mixed = list(events)
    shuffler.shuffle(mixed)
    assert fold(TWO, mixed, tree="t") == fold(TWO, events, tree="t")


@given(st.lists(_drafts, max_size=12))
def test_undo_of_what_was_said_last_gives_the_state_before(
    drafts: list[tuple[str, str | None, dict[str, object]]],
) -> None:
    events = _events(drafts)
    said = event(ev.NOTE, "1.01", at=900, text="said")
    undo = event(ev.UNDO, "1.01", at=901, event=said.id)
    assert fold(TWO, [*events, said, undo], tree="t") == fold(TWO, events, tree="t")


@given(st.lists(_drafts, max_size=12))
def test_a_snapshot_survives_its_cache_row(drafts: list[tuple[str, str | None, dict[str, object]]]) -> None:
    snapshot = fold(TWO, _events(drafts), tree="t", faults=["plans/x:1:1: wrong"])
    assert sn.from_row(sn.to_row(snapshot)) == snapshot


def test_an_undo_of_an_undo_restores() -> None:
    done = event(ev.DONE, "1.01", at=1, because="x")
    first = event(ev.UNDO, "1.01", at=2, event=done.id)
    second = event(ev.UNDO, "1.01", at=3, event=first.id)
    assert fold(TWO, [done, first], tree="t").plan("1.01").status == sn.PENDING
    assert fold(TWO, [done, first, second], tree="t").plan("1.01").status == sn.DONE

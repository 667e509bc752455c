"""The table at the end says what was found."""

from __future__ import annotations

from collections import Counter

from hub.demo import check as checks
from hub.demo.check import Difference
from tests.chaos import plan, report
from tests.chaos.checker import Verdict
from tests.chaos.faults import Done
from tests.chaos.plan import Cast, Fault
from tests.chaos.repeats import Repeat
from tests.chaos.stalls import Stall

FAULTS = plan.plan(1, 6, 10.0, Cast({"courier": 1}, ["school"]))
DONE = [Done(fault, 100.0 + fault.at, 101.0 + fault.at, "as meant", True) for fault in FAULTS]
WELL = Verdict(
    accepted=10,
    promised=20,
    delivered=19,
    withdrawn=1,
    differences=Counter(),
    repeats=[Repeat("inbox-school", "d-1", (1, 1), 105.0, "kill courier")],
    resaid=0,
    stall=Stall(2.5, 103.0, "inbox-school", ("kill courier",)),
)


def told(verdict: Verdict, done: list[Done] = DONE) -> str:
    return "\n".join(report.table(1, FAULTS, done, verdict, 100.0))


def test_a_good_run_says_so_with_its_figures() -> None:
    said = told(WELL)
    assert "faults         6 of 6, 0 without effect" in said
    assert "delivered      19 of 20 deliveries that the policy names, 1 taken back before" in said
    assert "     1  kill courier" in said
    assert "longest stall  2.5 s at 3.0 s, inbox-school: kill courier" in said
    assert said.endswith("everything is as the policy says")


def test_what_went_wrong_is_counted_and_named() -> None:
    wrong = Counter(
        {Difference(checks.MISSING, "t", "school"): 3, Difference(checks.DISORDERED, "t", "school"): 2}
    )
    unexplained = Repeat("inbox-school", "d-2", (7, 7), 109.0, "")
    said = told(WELL._replace(differences=wrong, repeats=[*WELL.repeats, unexplained]))
    assert "lost           3" in said
    assert "out of order   2" in said
    assert "unexplained    1" in said
    assert "9.0 s  inbox-school number 7, then 7" in said
    assert "3 x not delivered: t · school" in said
    assert said.endswith("FAILED")


def test_a_fault_without_effect_is_not_counted_as_done() -> None:
    idle = [DONE[0]._replace(real=False), *DONE[1:]]
    assert "faults         6 of 6, 1 without effect" in told(WELL, idle)
    assert "NO EFFECT" in report.progress(idle[0], 100.0)
    assert "NO EFFECT" not in report.progress(DONE[1], 100.0)


def test_a_fault_of_one_partner_is_counted_for_all_partners_together() -> None:
    names = {Fault(1, 0.0, kind, target, 1.0, 0.5).name for kind, target in (("hang", "a"), ("hang", "b"))}
    assert names == {"hang partner"}
    assert Fault(1, 0.0, "kill", "courier/2", 0.0, 0.5).name == "kill courier"
    assert Fault(1, 0.0, "cut", plan.DOOR, 0.0, 0.5).name == "cut door"

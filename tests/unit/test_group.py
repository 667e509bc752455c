"""Arrival groups, offers, and newcomers against places."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from hub.core import batch
from hub.core.admission import Admitted
from hub.core.cells import Band
from hub.core.contributions import CITY as PLACES
from hub.core.views import Group, Places
from tests import strategies as some
from tests.pure import PureHub, outcomes, told
from tests.said import A, B, offer
from tests.said import group as says

KEY = f"group/{A}".encode()
CITY = PLACES.encode()
CHILDREN: list[Band] = [{"ageBand": "6-11", "count": 31}]


def hub_of(*events: Admitted) -> PureHub:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    return hub


def group_of(*events: Admitted) -> Group:
    view = hub_of(*events).views()[KEY]
    assert isinstance(view, Group)
    return view


def places_of(*events: Admitted) -> Places:
    """What the city knows; nothing when nobody told it anything."""
    view = hub_of(*events).views().get(CITY, Places("almere"))
    assert isinstance(view, Places)
    return view


@given(st.lists(some.admitted(some.GROUPS), min_size=1, max_size=8).map(some.distinct))
def test_a_group_is_what_a_plain_model_of_the_newest_full_state_says(events: list[Admitted]) -> None:
    mine = [e for e in events if e.key == f"group/{some.IDS[0]}".encode()]
    views = hub_of(*mine).views()
    view = views.get(f"group/{some.IDS[0]}".encode())
    cancelled = {e.event.type.endswith("cancelled.v1") for e in mine}
    if isinstance(view, Group) and True not in cancelled:
        full = sorted((e for e in mine if "certainty" in e.event.data), key=_logged)
        assert view.total == (full[-1].event.data["totalMinors"] if full else 0)
        assert (view.status == "arrived") == any("arrivedOn" in e.event.data for e in mine)
    elif isinstance(view, Group):
        assert view.status == "cancelled"


def _logged(one: Admitted) -> tuple[int, float, str, str]:
    from datetime import datetime

    given = one.event.attributes
    time = datetime.fromisoformat(str(given["time"])).timestamp() if "time" in given else 0.0
    return (int(given.get("sequence", 0)), time, one.event.source, one.event.id)


SCHOOL_AGE = ("4-5", "6-11", "12-15", "16-17")


@given(st.lists(some.admitted((*some.GROUPS, "E5")), min_size=1, max_size=8).map(some.distinct))
def test_demand_is_that_of_the_groups_that_are_sure_or_here(events: list[Admitted]) -> None:
    hub = hub_of(*events)
    groups = [v for v in hub.views().values() if isinstance(v, Group) and v.status != "cancelled"]
    need = 0
    for one, age in product(groups, SCHOOL_AGE):
        here = sum(b.count for wave in one.arrivals for b in wave.bands if b.age_band == age)
        sure = one.certainty in ("requested", "decided", "confirmed")
        coming = sum(b.count for b in one.bands if b.age_band == age) if sure else 0
        need += max(here, coming)
    view = hub.views().get(CITY, Places("almere"))
    assert isinstance(view, Places)
    assert view.demand == need


def test_the_school_clock_warns_after_thirty_days_and_breaches_after_three_months() -> None:
    view = group_of(says(), says("E4", "2"))
    assert (view.status, view.arrived_on) == ("arrived", "2026-12-03")
    assert (view.clock_start, view.warn_on, view.breach_on) == ("2026-12-03", "2027-01-02", "2027-03-03")


def test_a_full_state_that_is_newer_than_the_arrival_tells_how_many_are_still_there() -> None:
    (wave,) = group_of(says(), says("E4", "2"), says("E2", "3", bands=CHILDREN)).arrivals
    assert {b.age_band: b.count for b in wave.bands if b.count} == {"6-11": 31}


def test_a_wave_counts_as_it_came_while_no_newer_full_state_is_known() -> None:
    (wave,) = group_of(says(), says("E4", "3"), says("E2", "2", bands=CHILDREN)).arrivals
    assert sum(b.count for b in wave.bands) == 74


def test_the_clock_starts_with_the_first_wave() -> None:
    second = says("E4", "3", wave=2, arrivedOn="2027-01-10", schoolClockStart="2027-01-10")
    assert group_of(says(), second, says("E4", "2")).clock_start == "2026-12-03"


def test_an_update_after_the_arrival_keeps_the_group_arrived() -> None:
    view = group_of(says(), says("E4", "2"), says("E2", "3", bands=CHILDREN))
    assert (view.status, view.total, view.announced_total) == ("arrived", 31, 74)


def test_a_cancelled_group_has_no_clock_and_asks_for_no_places() -> None:
    events = [says(), says("E3", "2")]
    view = group_of(*events)
    assert (view.status, view.cancel_reason, view.breach_on) == ("cancelled", "relocated", "")
    assert places_of(*events).demand == 0


def test_an_update_that_is_older_than_the_cancellation_is_stale_and_told_to_nobody() -> None:
    hub = hub_of(says(), says("E3", "3"))
    out = hub.publish([says("E2", "2", bands=CHILDREN)])
    assert outcomes(out) == ["stale"]
    assert told(out) == []


def test_what_claims_to_come_after_a_cancellation_is_not_believed() -> None:
    hub = hub_of(says(), says("E3", "2"))
    for stray in (says("E2", "3", bands=CHILDREN), says("E4", "4")):
        out = hub.publish([stray])
        assert set(outcomes(out)) == {"quarantined", "quarantined:after-cancellation"}
        assert told(out) == []
    view = hub.views()[KEY]
    assert isinstance(view, Group)
    assert (view.status, view.ignored) == ("cancelled", 2)


def test_an_older_update_after_a_newer_one_is_stale() -> None:
    hub = hub_of(says(), says("E2", "3", bands=CHILDREN))
    out = hub.publish([says("E2", "2", bands=[{"ageBand": "6-11", "count": 50}])])
    assert (outcomes(out), told(out)) == (["stale"], [])
    assert group_of(says(), says("E2", "3", bands=CHILDREN)).total == 31


def test_forty_places_are_too_few_for_fifty_two_children() -> None:
    first = offer(stage="po", capacity=40, occupied=0, nextStart=["2027-01-11"])
    second = offer(id=B, stage="po", capacity=25, occupied=0, nextStart=["2027-03-01"])
    (short,) = places_of(first, second, says()).shortfalls
    assert (short.ages, short.date, short.demand, short.free) == ("po", "2027-01-11", 52, 40)


def test_places_of_a_later_start_count_for_a_group_that_comes_later() -> None:
    first = offer(stage="po", capacity=40, occupied=0, nextStart=["2027-01-11"])
    second = offer(id=B, stage="po", capacity=25, occupied=0, nextStart=["2027-03-01"])
    later = says(expectedFrom="2027-02-01")
    assert places_of(first, second, later).shortfalls == []


def test_as_many_places_as_children_is_enough() -> None:
    just_enough = offer(stage="po", capacity=52, occupied=0, nextStart=["2027-01-11"])
    assert places_of(just_enough, says()).shortfalls == []


def test_a_sector_for_which_nobody_published_places_is_unknown_and_not_full() -> None:
    assert places_of(says()).shortfalls == []


def test_a_rumour_asks_for_no_places() -> None:
    assert places_of(says(certainty="rumour")).demand == 0


def test_an_offer_that_is_full_has_no_free_places_and_never_fewer() -> None:
    view = hub_of(offer(capacity=3, occupied=5, nextStart=["2027-01-11"])).views()[f"offer/{A}".encode()]
    assert view is not None
    assert (view.free, places_of(offer(capacity=3, occupied=5)).free) == (0, 0)  # type: ignore[union-attr]


def test_a_key_of_nothing_known_shows_nothing() -> None:
    assert batch.view(b"other/x", b'{"key":"other/x"}') is None


def test_an_update_that_is_not_believed_leaves_the_cancelled_group_as_it_was() -> None:
    smaller = says("E2", "2", bands=[{"ageBand": "6-11", "count": 31}])
    hub = PureHub(some.PLAIN)
    hub.publish([says(), smaller, says("E3", "3"), says("E2", "4", bands=[{"ageBand": "6-11", "count": 99}])])
    view = hub.views()[smaller.key]
    assert isinstance(view, Group)
    assert view.total == 31

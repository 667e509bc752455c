"""What is told, when, and how often: the decisions of the alarm."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from hub.core.alerts import (
    DAY_MS,
    HOUR_MS,
    MANNERS,
    MINUTE_MS,
    TOLD_BY_DATABASE,
    Alert,
    Kind,
    Phase,
    Sayings,
    Sight,
    Standings,
    Trouble,
    follow,
    sight,
    tell,
)

PATIENCE = MINUTE_MS
DOWN = Trouble(Kind.DOWN, "gateway")


class Told(NamedTuple):
    at: int
    alert: Alert


class Alarm:
    """The pure core with a memory, and all it ever said."""

    def __init__(self) -> None:
        self.standing: Standings = {}
        self.said: Sayings = {}
        self.told: list[Told] = []

    def look(
        self, at: int, *troubles: Trouble, blind: Sequence[Kind] = (), heard: bool = True
    ) -> list[Phase]:
        self.standing = follow(self.standing, sight(troubles, blind), at, PATIENCE)
        alerts, said = tell(self.standing, self.said, at, PATIENCE)
        if heard:
            self.said = said
            self.told += (Told(at, one) for one in alerts)
        return [one.phase for one in alerts]


def letters(latest: int, what: str = "") -> Trouble:
    return Trouble(Kind.FINAL, "s1", "taalcentrum", what, "5-9", 0, latest)


def test_what_is_gone_before_patience_ends_is_never_told() -> None:
    alarm = Alarm()
    assert alarm.look(0, DOWN) == alarm.look(30_000, DOWN) == alarm.look(59_000) == alarm.look(10**7) == []


def test_what_stays_is_told_once_and_then_that_it_is_over() -> None:
    alarm = Alarm()
    assert alarm.look(0, DOWN) == []
    assert alarm.look(60_000, DOWN) == [Phase.RAISED]
    assert alarm.look(75_000, DOWN) == alarm.look(90_000) == alarm.look(130_000) == []
    assert alarm.look(150_000) == [Phase.OVER]
    assert alarm.look(10**7) == []


def test_what_stands_is_told_again_after_a_day() -> None:
    alarm = Alarm()
    said = [alarm.look(at, DOWN) for at in range(0, DAY_MS + 2 * MINUTE_MS, MINUTE_MS)]
    assert list(itertools.chain(*said)) == [Phase.RAISED, Phase.AGAIN]
    assert [one.alert.times for one in alarm.told] == [1, 2] and alarm.told[1].alert.since == 0


def test_what_comes_back_within_the_hour_waits_until_the_hour_is_over() -> None:
    alarm = Alarm()
    for at in (0, PATIENCE):
        alarm.look(at, DOWN)
    assert alarm.look(2 * PATIENCE) == [Phase.OVER]
    back = [at for at in range(3 * PATIENCE, 2 * HOUR_MS, PATIENCE) if alarm.look(at, DOWN)]
    assert back == [PATIENCE + HOUR_MS]


def test_a_final_failure_is_told_again_only_the_next_day_and_only_when_there_was_another() -> None:
    alarm = Alarm()
    days = (0, PATIENCE, HOUR_MS, DAY_MS + HOUR_MS, DAY_MS + 2 * HOUR_MS, 3 * DAY_MS)
    latest = (0, 0, HOUR_MS - 1, HOUR_MS - 1, DAY_MS, DAY_MS)
    said = [alarm.look(at, letters(news)) for at, news in zip(days, latest, strict=True)]
    assert said == [[], [Phase.RAISED], [], [Phase.AGAIN], [], []]


def test_a_subscription_that_ends_is_news() -> None:
    alarm = Alarm()
    for at in (0, PATIENCE):
        alarm.look(at, letters(0))
    assert alarm.look(2 * DAY_MS, letters(0)) == []
    assert alarm.look(2 * DAY_MS + PATIENCE, letters(0, "stopped")) == [Phase.AGAIN]


def test_while_the_database_is_dead_nothing_in_it_is_called_over() -> None:
    alarm, dead = Alarm(), Trouble(Kind.DATABASE)
    for at in (0, PATIENCE):
        alarm.look(at, letters(0))
    blind = tuple(TOLD_BY_DATABASE)
    said = [alarm.look(at, dead, blind=blind) for at in (2 * PATIENCE, 4 * PATIENCE, 9 * PATIENCE)]
    assert said == [[], [Phase.RAISED], []] and alarm.told[-1].alert.trouble == dead
    assert alarm.look(10 * PATIENCE, letters(0)) == [Phase.OVER]
    assert alarm.told[-1].alert.trouble == dead


def test_without_kafka_no_part_is_called_unready_and_none_is_called_well() -> None:
    alarm, unready, kafka = Alarm(), Trouble(Kind.UNREADY, "courier"), Trouble(Kind.KAFKA)
    for at in (0, PATIENCE):
        alarm.look(at, unready)
    other = Trouble(Kind.UNREADY, "gateway")
    said = [alarm.look(at * PATIENCE, unready, other, kafka) for at in (2, 3, 9)]
    assert said == [[], [Phase.RAISED], []]
    assert [one.alert.trouble for one in alarm.told] == [unready, kafka]


def test_what_was_not_heard_is_told_at_the_next_look() -> None:
    alarm = Alarm()
    alarm.look(0, DOWN)
    assert alarm.look(PATIENCE, DOWN, heard=False) == [Phase.RAISED]
    assert alarm.look(2 * PATIENCE, DOWN) == [Phase.RAISED]
    assert alarm.look(3 * PATIENCE, DOWN) == []


kinds = st.sampled_from(Kind)
troubles = st.builds(
    Trouble, kinds, st.sampled_from(["a", "b"]), what=st.sampled_from(["", "stopped"]), latest=st.just(0)
)
looks = st.lists(
    st.tuples(
        st.integers(1, 30 * HOUR_MS),
        st.lists(troubles, max_size=4),
        st.sets(kinds, max_size=3),
        st.booleans(),
    ),
    max_size=30,
)


def live(given: Sequence[tuple[int, list[Trouble], set[Kind], bool]]) -> Alarm:
    alarm, at = Alarm(), 0
    for pause, seen, blind, heard in given:
        at += pause
        shown = [
            Trouble(one.kind, one.about, what=one.what, latest=at) for one in seen if one.kind not in blind
        ]
        alarm.look(at, *shown, blind=tuple(blind), heard=heard)
    return alarm


def by_key(alarm: Alarm) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for one in alarm.told:
        found.setdefault(one.alert.trouble.key, []).append(one)
    return found


@given(looks)
def test_nothing_is_told_more_often_than_its_manner_allows(
    given: list[tuple[int, list[Trouble], set[Kind], bool]],
) -> None:
    for told in by_key(live(given)).values():
        spoken = [one for one in told if one.alert.phase is not Phase.OVER]
        manner = MANNERS[spoken[0].alert.trouble.kind]
        for before, after in itertools.pairwise(spoken):
            least = manner.rest if after.alert.phase is Phase.RAISED else manner.again
            assert after.at - before.at >= least


@given(looks)
def test_of_one_subscription_at_most_one_final_failure_a_day_is_told(
    given: list[tuple[int, list[Trouble], set[Kind], bool]],
) -> None:
    for told in by_key(live(given)).values():
        if told[0].alert.trouble.kind is Kind.FINAL:
            at = [one.at for one in told if one.alert.phase is not Phase.OVER]
            assert all(after - before >= DAY_MS for before, after in itertools.pairwise(at))


@given(looks)
def test_over_is_told_only_of_what_was_told_and_only_once(
    given: list[tuple[int, list[Trouble], set[Kind], bool]],
) -> None:
    for told in by_key(live(given)).values():
        phases = [one.alert.phase for one in told]
        assert phases[0] is Phase.RAISED
        for before, after in itertools.pairwise(phases):
            assert (after is Phase.RAISED) == (before is Phase.OVER)


@given(looks)
def test_who_is_told_all_is_told_in_the_end_how_everything_stands(
    given: list[tuple[int, list[Trouble], set[Kind], bool]],
) -> None:
    alarm = live(given)
    for _ in range(3):
        alarm.look(10**12)
    assert all(told[-1].alert.phase is Phase.OVER for told in by_key(alarm).values())
    assert not alarm.standing and sight(()) == Sight()

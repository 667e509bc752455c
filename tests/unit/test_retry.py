from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.retry import HOUR, JITTER, SCHEDULE, Answer, Delivered, Retry, Stop, delay, judge
from hub.settings import SettingsError, read

NOW = 1_795_000_000.0
FRIDAY = "Fri, 20 Nov 2026 09:20:00 GMT"
FRIDAY_SECONDS = 1_795_166_400.0

answers = st.builds(
    Answer,
    st.sampled_from([0, 100, 200, 201, 202, 204, 299, 301, 302, 307, 400, 404, 410, 415, 429, 500, 502, 503]),
    st.sampled_from(["", "dns", "connect", "tls", "timeout", "closed"]),
    st.sampled_from(
        ["", "0", "30", "99999999999", "-5", "soon", "1.5", "٣", FRIDAY, "Fri, 20 Nov 0000 99:20:00"]
    ),
)
jitters = st.floats(0, 1, exclude_max=True)


def after(verdict: object) -> float:
    assert isinstance(verdict, Retry)
    return verdict.after


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_delivery(status: int) -> None:
    assert judge(Answer(status), 1, SCHEDULE, NOW, 0.5) == Delivered()


@pytest.mark.parametrize("status", [100, 301, 302, 307, 308, 400, 401, 404, 409, 415, 500, 502, 504])
def test_everything_else_is_tried_again_redirects_included(status: int) -> None:
    assert judge(Answer(status), 1, SCHEDULE, NOW, 0.0) == Retry(5.0)


def test_gone_stops_the_subscription() -> None:
    assert isinstance(judge(Answer(410), 1, SCHEDULE, NOW, 0.0), Stop)


@pytest.mark.parametrize("failure", ["dns", "connect", "tls"])
def test_nobody_there_is_told_apart_from_somebody_who_fails(failure: str) -> None:
    assert judge(Answer(0, failure), 1, SCHEDULE, NOW, 0.0) == Retry(5.0, unreached=True)
    assert judge(Answer(0, "timeout"), 1, SCHEDULE, NOW, 0.0) == Retry(5.0, unreached=False)


def test_the_default_schedule_is_the_one_of_standard_webhooks_and_its_end_repeats() -> None:
    waits = [delay(attempt, SCHEDULE, 0.0) for attempt in range(1, 13)]
    assert SCHEDULE[0] == 0
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, 86400, 86400, 86400]


def test_all_tries_but_the_repeating_last_span_more_than_three_days() -> None:
    assert sum(SCHEDULE) / 3600 == pytest.approx(75.6, abs=0.1)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_honoured_and_holds_the_whole_subscription(status: int) -> None:
    assert judge(Answer(status, "", "120"), 7, SCHEDULE, NOW, 0.0) == Retry(120.0, hold=True)


def test_retry_after_may_be_a_date() -> None:
    verdict = judge(Answer(503, "", FRIDAY), 1, SCHEDULE, FRIDAY_SECONDS - 90, 0.0)
    assert verdict == Retry(90.0, hold=True)


@pytest.mark.parametrize(("asked", "waited"), [("0", 1.0), ("999999", HOUR), (FRIDAY, 1.0)])
def test_retry_after_is_kept_within_bounds(asked: str, waited: float) -> None:
    assert after(judge(Answer(429, "", asked), 1, SCHEDULE, FRIDAY_SECONDS + 10, 0.0)) == waited


@pytest.mark.parametrize("asked", ["", "soon", "-5", "1.5", "٣", "Fri, 20 Nov 2026 99:99:99 GMT"])
def test_a_retry_after_that_cannot_be_read_is_as_good_as_none(asked: str) -> None:
    assert judge(Answer(429, "", asked), 1, SCHEDULE, NOW, 0.0) == Retry(5.0)


def test_retry_after_means_nothing_on_other_statuses() -> None:
    assert judge(Answer(500, "", "120"), 1, SCHEDULE, NOW, 0.0) == Retry(5.0)


@given(answers, st.integers(1, 10_000), jitters)
def test_a_verdict_is_always_given_and_never_hammers(answer: Answer, attempt: int, jitter: float) -> None:
    verdict = judge(answer, attempt, SCHEDULE, NOW, jitter)
    if isinstance(verdict, Retry):
        assert 1.0 <= verdict.after <= SCHEDULE[-1] * (1 + JITTER)


@given(answers, st.integers(1, 20), jitters)
def test_jitter_is_only_added(answer: Answer, attempt: int, jitter: float) -> None:
    with_jitter, without = (judge(answer, attempt, SCHEDULE, NOW, j) for j in (jitter, 0.0))
    if isinstance(without, Retry):
        assert without.after <= after(with_jitter) <= without.after * (1 + JITTER)


def test_waits_never_get_shorter() -> None:
    waits = [delay(attempt, SCHEDULE, 0.0) for attempt in range(1, 20)]
    assert all(a <= b for a, b in itertools.pairwise(waits))


def test_the_schedule_is_a_setting() -> None:
    assert read({"HUB_RETRY_SCHEDULE": "0,0.5,2"}).retry_schedule == (0.0, 0.5, 2.0)
    assert read({}).retry_schedule == SCHEDULE


@pytest.mark.parametrize("given", ["", "soon", "0", "-1,5", "1,nan", "5,1e99"])
def test_a_schedule_that_would_hammer_or_never_come_is_refused_at_the_door(given: str) -> None:
    with pytest.raises(SettingsError, match="HUB_RETRY_SCHEDULE"):
        read({"HUB_RETRY_SCHEDULE": given})

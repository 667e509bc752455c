"""How long Kafka keeps what is about learners: a promise that its settings must keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import topics
from hub.core.topics import RETENTION_MS
from hub.settings import SettingsError, read

WINDOWS = st.integers(1_000, RETENTION_MS)


@given(WINDOWS)
def test_a_record_that_passes_is_gone_when_the_window_is_over_whenever_its_segment_began(window: int) -> None:
    given = topics.passing(window)
    assert int(given["segment.ms"]) + int(given["retention.ms"]) <= window
    assert int(given["retention.ms"]) >= window * 0.9


@given(WINDOWS)
def test_what_was_replaced_or_erased_is_gone_when_the_window_is_over(window: int) -> None:
    given = topics.standing(window)
    compacted = int(given["max.compaction.lag.ms"])
    assert compacted + int(given["delete.retention.ms"]) + compacted <= window


def test_every_topic_that_is_about_learners_has_a_window() -> None:
    window = 1000
    about_none = {topics.PARTNERS, topics.SUBSCRIPTIONS}
    for topic in (
        *topics.manifest(4, window),
        topics.outbox_topic("x", window),
        topics.ingress_topic("y", window),
    ):
        wanted = topics.settings_of(topic.name, window)
        assert bool(wanted) != (topic.name in about_none)
        assert wanted.items() <= topic.config.items()


def test_the_window_is_28_days_unless_it_is_set_shorter() -> None:
    assert read({}).window_ms == RETENTION_MS
    assert read({"HUB_RETENTION_DAYS": "0.5"}).window_ms == 12 * 3600 * 1000


@pytest.mark.parametrize("wrong", ["0", "-1", "29", "nan", "x"])
def test_a_longer_window_or_none_is_no_window(wrong: str) -> None:
    with pytest.raises(SettingsError, match="HUB_RETENTION_DAYS"):
        read({"HUB_RETENTION_DAYS": wrong})

"""What the core does not do yet and should: each turns red when it is done, and then belongs elsewhere."""

from __future__ import annotations

import pytest

from hub.core.admission import Rejected, admit
from hub.core.event import Event
from hub.core.views import Group
from tests import city
from tests import strategies as some
from tests.pure import PureHub, outcomes
from tests.said import group


@pytest.mark.xfail(
    strict=True, reason="extension attributes are not limited, and reach every receiver unreduced"
)
@pytest.mark.parametrize("name", ["naam", "sitelabel", "opmerking"])
def test_an_attribute_that_the_hub_does_not_know_is_refused(name: str) -> None:
    event = Event({**group().event.attributes, name: "Jan Jansen"}, group().event.data)
    assert isinstance(admit(event, city.BY_ID["gemeente"]), Rejected)


@pytest.mark.xfail(
    strict=True, reason="`seen` is kept per aggregate, so an id used again elsewhere is not known"
)
def test_the_same_id_for_another_group_is_a_conflict() -> None:
    hub, first = PureHub(some.PLAIN), group()
    other = some.let_in(Event(first.event.attributes, {**first.event.data, "groupId": some.IDS[5]}))
    hub.publish([first])
    assert "conflict" in outcomes(hub.publish([other]))


@pytest.mark.xfail(
    strict=True, reason="what is not believed still takes the slot of what was believed before"
)
def test_an_update_that_is_not_believed_leaves_the_cancelled_group_as_it_was() -> None:
    smaller = group("E2", "2", bands=[{"ageBand": "6-11", "count": 31}])
    hub = PureHub(some.PLAIN)
    hub.publish(
        [group(), smaller, group("E3", "3"), group("E2", "4", bands=[{"ageBand": "6-11", "count": 99}])]
    )
    view = hub.views()[smaller.key]
    assert isinstance(view, Group)
    assert view.total == 31

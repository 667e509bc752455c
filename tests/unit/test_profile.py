"""The NL GOV profile, rule by rule of standards.md §1.1 and §1.2."""

from __future__ import annotations

import pytest

from hub.core.event import Attribute, Event
from hub.core.profile import check

GOOD: dict[str, Attribute] = {
    "specversion": "1.0",
    "id": "1",
    "source": "urn:nld:oin:00000099000000000001:systeem:opvangregister",
    "type": "nl.onderwijsloopbanen.arrival-group.announced.v1",
    "time": "2026-11-21T09:12:44Z",
}


def faults(**changes: Attribute | None) -> list[tuple[str, str]]:
    attributes = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    return [(fault.pointer, fault.code) for fault in check(Event(attributes))]


def test_an_event_of_the_profile_has_no_faults() -> None:
    assert faults() == []
    assert faults(sequence="7", sequencetype="Integer", schoolyear="2026-2027") == []


@pytest.mark.parametrize(
    "source",
    [
        "urn:nld:oin:00000001823288444000:systeem:BRP-component",
        "urn:nld:oin:0000000700025BE00000:systeem:las",
        "urn:nld:kvknr:09220932.burgerzakensysteem",
        "urn:nld:gemeente-nijmegen.burgerzakensysteem",
        "urn:nld:hr:kvknummer:09220932:las",
        "urn:nld:rsin:123456782:systeem:x",
    ],
)
def test_sources_of_today_and_of_the_coming_rule_are_fine(source: str) -> None:
    assert faults(source=source) == []


@pytest.mark.parametrize(
    "source",
    [
        "/las",
        "https://las.example.nl/api",
        "urn:isbn:1",
        "urn:nld:",
        "urn:nld:oin:1:systeem:x",
        "urn:nld:oin:00000001823288444000",
    ],
)
def test_a_source_that_is_no_nld_urn_with_organisation_and_system_is_told(source: str) -> None:
    assert faults(source=source) == [("/source", "profile-source")]


@pytest.mark.parametrize(
    "type", ["arrived", "Nl.Example.Arrived", "nl.example", "nl..example.x", "nl.example.x_y"]
)
def test_a_type_must_be_a_reverse_domain_name(type: str) -> None:
    assert faults(type=type) == [("/type", "profile-type")]


@pytest.mark.parametrize("type", ["nl.example.v1.arrived.v2", "nl.example.arrived.1"])
def test_a_type_holds_one_version_that_begins_with_v(type: str) -> None:
    assert faults(type=type) == [("/type", "profile-type-version")]


def test_a_type_may_have_no_version() -> None:
    assert faults(type="nl.example.arrived") == []


def test_time_is_expected() -> None:
    assert faults(time=None) == [("/time", "profile-time")]


def test_sequence_and_its_type_go_together() -> None:
    assert faults(sequence="1") == [("/sequencetype", "profile-sequence")]
    assert faults(sequencetype="Integer") == [("/sequence", "profile-sequence")]


def test_the_sequence_type_is_read_in_any_case() -> None:
    assert faults(sequence="1", sequencetype="integer") == []
    assert faults(sequence="1", sequencetype="Letters") == [("/sequencetype", "profile-sequence")]


@pytest.mark.parametrize("sequence", ["0", "-1", "1.5", "x", "2147483648", "", "\u0661"])
def test_a_sequence_is_a_whole_number_of_32_bits_from_1(sequence: str) -> None:
    assert faults(sequence=sequence, sequencetype="Integer") == [("/sequence", "profile-sequence")]


def test_extension_names_have_at_most_20_characters() -> None:
    assert faults(**{"a" * 20: "x"}) == []
    assert faults(**{"a" * 21: "x"}) == [(f"/{'a' * 21}", "profile-name-length")]

"""What a token leaves of the rights of its partner: never more than the directory gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import rights
from hub.core.admission import Admitted, admit
from hub.core.catalogue import KINDS
from hub.core.directory import Directory
from hub.core.event import Event
from hub.core.partners import Bound, Client, Org, Partner, Role, Token, covers, hash_token
from hub.core.rights import Access, Refusal, Rights, Scope

KINDS_OF_PARTNERS = [kind for kind in KINDS.values() if kind.code.startswith("E")]
TYPES = [kind.type for kind in KINDS_OF_PARTNERS]
SOURCES = ("urn:nld:kvknr:00000001:systeem:een", "urn:nld:kvknr:00000001:systeem:twee")
REFS = sorted({kind.example[name] for kind in KINDS_OF_PARTNERS for name in kind.orgs})
NOW = 1_795_000_000_000
ISSUER = "https://inlog.example.nl"

patterns = st.one_of(
    st.sampled_from(TYPES),
    st.sampled_from(TYPES).flatmap(
        lambda type: st.integers(0, len(type)).map(lambda length: f"{type[:length]}*")
    ),
)
prefixes = st.sampled_from(TYPES).map(lambda type: type.rsplit(".", 2)[0])
scopes = st.one_of(
    st.sampled_from([str(scope) for scope in Scope]),
    prefixes.map(lambda prefix: f"events.publish:{prefix}"),
    st.sampled_from(["openid", "events.publish:", "events.publish:*", "EVENTS.READ", "events"]),
)


def some(values: Any, most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=most, unique=True).map(tuple)


bound = {
    "scopes": some(scopes),
    "sources": some(st.sampled_from([*SOURCES, "urn:nld:kvknr:00000009:systeem:vreemd"])),
    "types": some(patterns),
    "orgs": some(st.sampled_from([*REFS, "brin:99XX99"])),
}
partners = st.builds(
    Partner,
    id=st.just("p"),
    name=st.just("P"),
    roles=some(st.sampled_from(list(Role)), 4),
    orgs=some(st.sampled_from(REFS).map(lambda ref: Org(ref, "")), 6),
    sources=some(st.sampled_from(SOURCES)),
    types=some(patterns),
)


def events(source: str) -> list[Event]:
    return [
        Event(
            {
                "specversion": "1.0",
                "type": kind.type,
                "source": source,
                "id": "e-1",
                "time": "2027-01-01T00:00:00Z",
            },
            kind.example,
        )
        for kind in KINDS_OF_PARTNERS
    ]


@given(partner=partners, token=st.builds(Bound, **bound))
def test_a_token_never_lets_in_what_its_partner_may_not_say(partner: Partner, token: Bound) -> None:
    given = rights.bounds(token)
    narrow = rights.narrowed(partner, given)
    assert set(narrow.sources) <= set(partner.sources) and set(narrow.orgs) <= set(partner.orgs)
    assert (narrow.id, narrow.roles, narrow.profile) == (partner.id, partner.roles, partner.profile)
    for source in SOURCES:
        for event in events(source):
            if isinstance(admit(event, narrow), Admitted):
                assert isinstance(admit(event, partner), Admitted)
                assert not token.sources or source in token.sources
                assert not token.types or any(covers(type, event.type) for type in token.types)
                named = [event.data[name] for name in KINDS[event.type].orgs if name in event.data]
                assert not token.orgs or set(named) <= set(token.orgs)


@given(partner=partners, token=st.builds(Bound, **bound), type=st.sampled_from(TYPES))
def test_a_type_remains_when_partner_and_token_both_allow_it_and_only_then(
    partner: Partner, token: Bound, type: str
) -> None:
    given = rights.bounds(token)
    narrow = rights.narrowed(partner, given)

    def may(types: tuple[str, ...] | None) -> bool:
        return not types or any(covers(one, type) for one in types)

    published = [scope.partition(":")[2] for scope in token.scopes if scope.startswith("events.publish:")]
    by_scope = (
        not token.scopes
        or "events.publish" in token.scopes
        or any(type.startswith(f"{prefix}.") for prefix in published if prefix)
    )
    expected = may(partner.types) and may(token.types) and by_scope
    assert (given.permits(Scope.PUBLISH) and may(narrow.types)) == expected


def all_rights() -> st.SearchStrategy[Rights]:
    return st.builds(Bound, **bound).map(rights.bounds)


@given(one=all_rights(), other=all_rights(), scope=st.sampled_from(list(Scope)))
def test_what_two_leave_together_each_leaves_alone(one: Rights, other: Rights, scope: Scope) -> None:
    both = rights.meet(one, other)
    if both.permits(scope):
        assert one.permits(scope) and other.permits(scope)
    assert rights.meet(one, one).scopes == one.scopes
    for name in ("sources", "orgs"):
        for alone in (getattr(one, name), getattr(other, name)):
            assert alone is None or set(getattr(both, name)) <= set(alone)


def test_no_scope_is_no_right_and_words_of_others_mean_nothing() -> None:
    for said in ([], ["openid"], ["events.publish:"], ["events.publish:*"], ["events"], ["EVENTS.READ"]):
        assert not any(rights.granted(said).permits(scope) for scope in Scope)


def test_a_prefix_stands_for_whole_words_of_a_type() -> None:
    given = rights.granted(["events.publish:nl.onderwijsloopbanen.offer"])
    partner = rights.narrowed(Partner("p", "P", (Role.PO,)), given)

    def may(type: str) -> bool:
        return any(covers(one, type) for one in partner.types)

    assert may("nl.onderwijsloopbanen.offer.published.v1") and may("nl.onderwijsloopbanen.offer")
    assert not may("nl.onderwijsloopbanen.offering.published.v1")


def test_a_token_for_types_that_its_partner_may_not_publish_publishes_nothing() -> None:
    partner = Partner("p", "P", (Role.PO,), types=(TYPES[0],))
    narrow = rights.narrowed(partner, rights.bounds(Bound(types=(TYPES[1],))))
    assert narrow.types and not any(covers(one, type) for one in narrow.types for type in TYPES)


def test_a_token_that_is_bound_to_organisations_opens_no_log_of_the_whole_partner() -> None:
    given = rights.bounds(Bound(orgs=("brin:00YY01",)))
    closed = {scope for scope in Scope if not given.permits(scope)}
    assert closed == {Scope.READ, Scope.MANAGE, Scope.REPLAY, Scope.JOURNEYS, Scope.LEARNERS}


def test_a_token_holds_until_its_moment_and_no_longer() -> None:
    token = Token("t", hash_token("secret"), NOW)
    known = Directory([Partner("p", "P", (Role.PO,), tokens=(token,))])
    assert isinstance(rights.by_token(known, "secret", NOW - 1), Access)
    assert rights.by_token(known, "secret", NOW) is Refusal.EXPIRED_TOKEN
    assert rights.by_token(known, "other", NOW) is Refusal.UNKNOWN_TOKEN


def test_a_token_without_bounds_leaves_its_partner_as_it_is() -> None:
    partner = Partner("p", "P", (Role.PO,), tokens=(Token("t", hash_token("secret")),))
    found = rights.by_token(Directory([partner]), "secret", NOW)
    assert isinstance(found, Access) and found.narrowed() is partner
    assert all(found.rights.permits(scope) for scope in Scope)


def test_a_client_is_known_by_its_issuer_too_and_gets_what_both_give() -> None:
    client = Client(ISSUER, "las-1", scopes=("events.publish", "events.read"), sources=SOURCES[:1])
    known = Directory([Partner("p", "P", (Role.PO,), sources=SOURCES, clients=(client,))])
    found = rights.by_client(known, ISSUER, "las-1", ["events.publish", "lines.read"])
    assert isinstance(found, Access)
    assert found.rights.scopes == {Scope.PUBLISH} and found.narrowed().sources == SOURCES[:1]
    for issuer, id in (("https://ander.example.nl", "las-1"), (ISSUER, "las-2"), (ISSUER, "p")):
        assert rights.by_client(known, issuer, id, ["events.publish"]) is Refusal.UNKNOWN_CLIENT


@pytest.mark.parametrize(
    ("oin", "oins", "org", "comes_in"),
    [
        ("", (), "", True),
        ("", ("00000099000000001000",), "", False),
        ("00000099000000001000", ("00000099000000001000",), "", True),
        ("00000099000000001000", (), "oin:00000099000000001000", True),
        ("00000099000000001000", (), "", False),
        ("00000099000000001000", ("00000099000000002000",), "", False),
        ("", (), "oin:00000099000000001000", True),
    ],
)
def test_a_certificate_must_be_one_of_the_partner(
    oin: str, oins: tuple[str, ...], org: str, comes_in: bool
) -> None:
    partner = Partner("p", "P", (Role.GEMEENTE,), orgs=(Org(org, ""),) if org else (), oins=oins)
    assert rights.certified(partner, oin) is comes_in


def test_bounds_with_which_nothing_opens_are_told() -> None:
    partner = Partner("p", "P", (Role.PO,), orgs=(Org("brin:00YY01", ""),), sources=SOURCES[:1])
    sound = Bound(scopes=("events.read", "events.publish:nl.x"), sources=SOURCES[:1], orgs=("brin:00YY01",))
    assert list(rights.unsound(sound, partner)) == []
    wrong = Bound(scopes=("events.reed", "events.publish:*"), sources=SOURCES[1:], orgs=("brin:00YY02",))
    assert len(list(rights.unsound(wrong, partner))) == 4


def test_every_scope_has_words() -> None:
    assert set(rights.WORDS) == set(Scope) and all(nl and en for nl, en in rights.WORDS.values())

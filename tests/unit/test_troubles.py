"""Troubles by cause: each has words and a step, the worst stands first, and nobody sees more than is theirs."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core import journal
from hub.core.contact import Contact
from hub.core.letters import Group
from hub.core.people import Person, PersonRole
from hub.monitor import replays, troubles_page
from hub.monitor.figures import LATE_MS, STUCK_MS, Naming
from hub.monitor.frame import Frame
from hub.monitor.shown import banded
from hub.monitor.troubles import (
    CAUSES,
    LIGHTS,
    UNREAD_MS,
    Board,
    Lane,
    Reading,
    Row,
    Scope,
    blocked,
    board,
    partners,
    scope,
    standing,
)
from hub.monitor.troubles_words import ACTS, TROUBLES, Words
from hub.monitor.viewer import NOBODY, Viewer
from hub.readmodel.acting import act
from tests.journals import NOW

NAMING = Naming({}, lambda id: {"vo": "Het Baken", "po": "De Boot"}.get(id, id), str)
WATCHER, PARTNER, OPERATOR = Scope(), Scope("vo", rough=False), Scope(rough=False)


def lane(state: str = "delivering", partner: str = "vo", **more: object) -> Lane:
    return Lane(f"sub-{partner}", partner, state, **more)  # type: ignore[arg-type]


def down(partner: str = "vo", answer: str = "connect", minutes: int = 20) -> Lane:
    return lane(
        "breaker-open",
        partner,
        open=7,
        oldest=NOW - minutes * 60_000,
        attempts=4,
        answer=answer,
        next_at=NOW + 60_000,
    )


def letters(cause: str = "server", count: int = 3, partner: str = "vo") -> Group:
    return Group(partner, f"sub-{partner}", cause, count, NOW, NOW)


def shown(reading: Reading, given: Scope) -> Board:
    return board(reading, NAMING.partner, given)


def rows(found: Board) -> list[Row]:
    return [row for trouble in found.troubles for row in trouble.rows]


def drawn(reading: Reading, role: PersonRole, partner: str = "", lang: str = "nl") -> str:
    viewer = Viewer(Person(role, partner))
    found = board(reading, NAMING.partner, scope(viewer))
    given = {"f": found, "live": "/x", "names": NAMING}
    return unescape(troubles_page._draw("troubles", Frame("/troubles", lang, viewer), given))


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("own", [True, False])
def test_every_cause_has_a_name_and_a_step_in_both_languages(cause: str, lang: str, own: bool) -> None:
    words = Words(lang)
    step = words.step(cause, own)
    assert words(f"cause_{cause}") and step.endswith((".", "?", ")."))
    assert step != Words({"nl": "en", "en": "nl"}[lang]).step(cause, own)
    assert step != words.step(cause, not own)


@pytest.mark.parametrize("words", [TROUBLES, ACTS])
def test_every_word_is_there_in_two_languages(words: dict[str, tuple[str, str]]) -> None:
    assert all(len(pair) == 2 and all(pair) for pair in words.values())


@pytest.mark.parametrize(
    ("given", "cause", "light"),
    [
        (lane("stopped"), "stopped", "stuck"),
        (lane("expired"), "expired", "stuck"),
        (lane("refused"), "handshake", "stuck"),
        (lane("pending"), "pending", "late"),
        (lane("paused", oldest=NOW - STUCK_MS), "paused", "quiet"),
        (down(), "connect", "stuck"),
        (down(answer="dns"), "dns", "stuck"),
        (down(answer="401"), "auth", "stuck"),
        (down(answer="503"), "server", "stuck"),
        (down(answer=""), "unreachable", "stuck"),
        (lane("backing-off", answer="429", open=1, oldest=NOW - 5000), "busy", "late"),
        (lane("backing-off", answer="tls", open=1, oldest=NOW - STUCK_MS), "tls", "stuck"),
        (lane(open=1, oldest=NOW - LATE_MS), "backlog", "late"),
        (lane(open=1, oldest=NOW - STUCK_MS), "backlog", "stuck"),
        (lane("pull", open=1, oldest=NOW - UNREAD_MS, fetched=True), "unread", "late"),
    ],
)
def test_the_state_and_the_last_answer_say_what_is_wrong(given: Lane, cause: str, light: str) -> None:
    assert blocked(given, NOW) == (cause, light)
    assert cause in CAUSES and light in LIGHTS


@pytest.mark.parametrize(
    "given",
    [
        lane("validated"),
        lane(open=1, oldest=NOW - LATE_MS + 1),
        lane("pull", open=1, oldest=NOW - UNREAD_MS + 1, fetched=True),
        lane("pull", open=9, oldest=NOW - 9 * UNREAD_MS, fetched=True, contact=Contact(pulled=NOW - 1000)),
        lane("pull", open=9, oldest=NOW - 9 * UNREAD_MS),
    ],
)
def test_what_flows_or_need_not_be_fetched_is_no_trouble(given: Lane) -> None:
    assert blocked(given, NOW) is None
    assert not shown(Reading(NOW, [given]), OPERATOR).troubles


def test_of_a_feed_that_was_read_before_it_is_told_how_long_ago() -> None:
    read = Contact(pulled=NOW - 2 * UNREAD_MS)
    (row,) = rows(shown(Reading(NOW, [lane("pull", open=1, oldest=1, fetched=True, contact=read)]), OPERATOR))
    assert (row.cause, row.age) == ("unread", 2 * UNREAD_MS)


def test_the_worst_stands_first_and_alike_things_stand_together() -> None:
    calm = lane("paused", "gem")
    dead = Reading(
        NOW,
        [lane("validated", "po"), calm, down(minutes=20), down("mbo", minutes=50)],
        [letters(partner="po")],
    )
    found = shown(dead, OPERATOR)
    assert [(one.cause, one.light) for one in found.troubles] == [
        ("connect", "stuck"),
        ("server", "ended"),
        ("paused", "quiet"),
    ]
    assert [row.subscription for row in found.troubles[0].rows] == ["sub-mbo", "sub-vo"]


def test_what_is_down_and_was_refused_by_the_same_cause_is_one_row() -> None:
    found = rows(shown(Reading(NOW, [down(answer="500")], [letters(count=12), letters("schema")]), OPERATOR))
    assert [(row.cause, row.waiting.low, row.letters.low) for row in found] == [
        ("server", 7, 12),
        ("schema", 0, 3),
    ]


def test_who_watches_sees_ranges_and_the_partner_itself_and_the_operator_see_numbers() -> None:
    reading = Reading(NOW, [down()], [letters()])
    for one, wanted in ((WATCHER, banded(7)), (PARTNER, (7, 7)), (OPERATOR, (7, 7))):
        assert rows(shown(reading, one))[0].waiting == wanted


def test_a_partner_sees_only_its_own() -> None:
    reading = Reading(NOW, [down(), down("po")], [letters(partner="po")], {"po": NOW, "vo": NOW})
    assert {row.subscription for row in rows(shown(reading, PARTNER))} == {"sub-vo"}
    assert standing(reading, str, PARTNER, "sub-po") is None and standing(reading, str, OPERATOR, "sub-po")
    assert [row.id for row in partners(reading, str, PARTNER)] == ["vo"]
    assert [row.id for row in partners(reading, str, WATCHER)] == ["po", "vo"]


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        (PersonRole.PROCESREGISSEUR, Scope()),
        (PersonRole.FG, Scope()),
        (PersonRole.OPERATOR, Scope(rough=False)),
        (PersonRole.PARTNER_ADMINISTRATOR, Scope("vo", rough=False)),
    ],
)
def test_what_somebody_may_know_follows_from_the_role(role: PersonRole, wanted: Scope) -> None:
    own = "vo" if role is PersonRole.PARTNER_ADMINISTRATOR else ""
    assert scope(Viewer(Person(role, own))) == wanted


def test_nobody_knows_of_no_troubles() -> None:
    with pytest.raises(ValueError):
        scope(NOBODY)


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_no_order_and_no_number_tells_who_watches_more_than_the_range(counts: list[int]) -> None:
    """Two readings that look the same as ranges are drawn the same."""
    names = [f"p{place}" for place in range(len(counts))]
    exactly = Reading(
        NOW,
        [lane("validated", one) for one in names],
        [letters(count=n, partner=one) for one, n in zip(names, counts, strict=True) if n],
    )
    roughly = exactly._replace(
        letters=[
            Group(one.partner, one.subscription, one.cause, banded(one.count).low, NOW, NOW)
            for one in exactly.letters
        ]
    )
    assert drawn(exactly, PersonRole.PROCESREGISSEUR) == drawn(roughly, PersonRole.PROCESREGISSEUR)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_page_says_who_what_and_the_step(lang: str) -> None:
    html = drawn(Reading(NOW, [down()], [letters(count=3)]), PersonRole.PROCESREGISSEUR, lang=lang)
    words = Words(lang)
    assert "Het Baken" in html and 'href="/troubles/sub-vo"' in html
    assert words("cause_connect") in html and words.step("connect", False) in html
    assert ">1-4<" in html and ">5-9<" in html and not re.search(r"<td class=\"n\">[1-9]</td>", html)


def test_the_partner_itself_is_addressed() -> None:
    reading = Reading(NOW, [down()])
    html = drawn(reading, PersonRole.PARTNER_ADMINISTRATOR, "vo")
    assert Words("nl").step("connect", True) in html and ">7<" in html


def test_without_troubles_it_says_so() -> None:
    assert TROUBLES["nothing_wrong"][0] in drawn(Reading(NOW), PersonRole.OPERATOR)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (
            {"cause": "any", "pace": "600", "why": "rehearsal"},
            {"cause": "any", "pace": 600, "why": "rehearsal"},
        ),
        ({"cause": "range", "from": " 3 ", "to": "9"}, {"from": 3, "to": 9}),
        ({"cause": "range", "from": "x", "pace": "-1"}, {"from": "x", "pace": "-1"}),
        (
            {"cause": "dns", "since": "2026-11-22T10:00"},
            {"cause": "dns", "since": "2026-11-22T10:00:00+01:00"},
        ),
        (
            {"cause": "dns", "until": "2026-07-01T10:00"},
            {"cause": "dns", "until": "2026-07-01T10:00:00+02:00"},
        ),
        ({"cause": "dns", "until": "soon"}, {"cause": "dns", "until": "soon"}),
        ({"subject": "learner/x", "csrf": "y", "cause": "dns"}, {"cause": "dns"}),
    ],
)
def test_a_form_becomes_an_order_and_what_is_wrong_is_left_for_the_api_to_name(
    fields: dict[str, str], body: dict[str, object]
) -> None:
    assert replays.order(fields) == body


RIGHTS = ("access", "erasure", "restricted", "lifted")
CHANGES = ("created", "replaced", "deleted", "paused", "resumed", "tested")


def replayed(change: str) -> journal.Replayed:
    return journal.Replayed(at=1, subscription="s", by="a", change=change, why="rehearsal", count=1)


@pytest.mark.parametrize(
    "entry",
    [
        *map(replayed, ("ordered", "stopped")),
        journal.Rekeyed(at=1, subscription="s", by="a", signature="hmac", until=2),
        *(journal.Arranged(at=1, subscription="s", by="a", change=change) for change in CHANGES),
        *(journal.Handled(at=1, partner="a", act=right, line="hash", person="mark") for right in RIGHTS),
    ],
)
def test_every_choice_in_the_journal_is_an_act_with_words_and_without_a_learner(entry: journal.Entry) -> None:
    row = act(entry)
    assert row is not None and f"what_{row['what']}" in ACTS and row["who"] == "a"
    assert not {"hash", "mark"} & set(row.values())


def test_that_a_replay_came_to_its_end_is_nobodys_choice() -> None:
    assert act(replayed("finished")) is None

"""The pages of subscriptions: all words in two languages, every state in words, and the form as the API wants it."""

from __future__ import annotations

import re
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.catalogue import KINDS
from hub.core.numbers import STATES as BECOME
from hub.core.people import Person, PersonRole
from hub.core.preview import FILTERED
from hub.core.purposes import FLOWS, GROUNDS, flow_of
from hub.core.subscription import Status
from hub.gateway import options
from hub.monitor import subscription_draft as drafts
from hub.monitor.frame import Frame
from hub.monitor.subscription_draft import KIND, PURPOSE, Option
from hub.monitor.subscription_told import ANSWERS, FAULTS, REASONS, SINKS, STATES, outcome, stand
from hub.monitor.subscriptions import BECAME, Form, Look, render
from hub.monitor.subscriptions_words import WORDS, Words
from hub.monitor.viewer import Viewer

SCHOOL = Viewer(Person(PersonRole.PARTNER_ADMINISTRATOR, "school"), "token", "who", True)
OFFERED = [Option(kind.code, kind.type, (kind.nl, kind.en)) for kind in KINDS.values()]
GROUPS = drafts.groups(
    {"code": k.code, "type": k.type, "nl": k.nl, "en": k.en, "flow": flow_of(k.type)} for k in KINDS.values()
)
E13, E14 = (next(one for one in OFFERED if one.code == code) for code in ("E13", "E14"))


def subscription(state: str, reason: str = "", **more: Any) -> dict[str, Any]:
    given = {
        "id": "sub-0123456789ab",
        "sink": "https://las.example.nl/hub",
        "events": "https://hub.example.nl/v1/subscriptions/sub-0123456789ab/events",
        "types": [E13.type],
        "filters": [],
        "config": {},
        "paused": state == "paused",
        "status": {"state": state, "reason": reason},
    }
    return given | more


def shown(given: dict[str, Any], lang: str = "nl", **more: Any) -> str:
    context = {"books": None, "tested": None, "stand": stand(given), "became": BECAME} | more
    around = Frame(f"/subscriptions/{given['id']}", lang, SCHOOL)
    return render("subscription", around, given=given, **context)


def test_every_word_is_there_in_two_languages() -> None:
    told = [pair for state in STATES.values() for pair in state[2:]]
    for pair in (
        *WORDS.values(),
        *told,
        *REASONS.values(),
        *ANSWERS.values(),
        *FAULTS.values(),
        *SINKS.values(),
    ):
        assert len(pair) == 2 and all(pair), pair


def test_every_flow_basis_and_fate_of_a_message_has_words() -> None:
    names = {*(f"flow_{flow}_why" for flow in FLOWS), *(f"basis_{basis}" for basis in GROUNDS)}
    assert names | {f"became_{state}" for state in BECOME} <= WORDS.keys() and set(BECAME) == set(BECOME)


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("state", ["pull", "paused", *get_args(get_type_hints(Status)["state"])])
def test_every_state_is_told_in_words_and_by_a_sign(state: str, lang: str) -> None:
    page = shown(subscription(state), lang)
    words = Words(lang)
    assert words.of(STATES[state][2]) in page and words.of(STATES[state][3]) in page
    assert f'<span aria-hidden="true">{STATES[state][1]}</span>' in page


def test_a_sink_that_nobody_answers_at_is_not_called_unasked() -> None:
    told = stand(subscription("pending", "the sink could not be asked for its consent: tls"))
    assert told.name == "unreachable"
    assert Words("nl").reason(told.reason) == (
        "Op dit adres kwam geen goed antwoord:", "de beveiligde verbinding (TLS) klopt niet",
    )  # fmt: skip


def test_what_the_courier_says_that_has_no_words_here_is_shown_as_it_said_it() -> None:
    assert Words("nl").reason("something new") == ("", "something new")
    assert '<span lang="en">something new</span>' in shown(subscription("refused", "something new"))


@pytest.mark.parametrize(
    ("journey", "pull", "told"),
    [
        ({}, False, ("under-way", "")),
        ({}, True, ("ready", "")),
        ({"deliveries": [{"subscription": "other", "outcome": "dead", "status": "400"}]}, False, ("under-way", "")),
        ({"deliveries": [{"subscription": "s", "outcome": "delivered", "status": "204"}]}, False, ("delivered", "204")),
        ({"deliveries": [{"subscription": "s", "outcome": "retry", "status": "dns"}]}, False, ("retry", "dns")),
        ({"deliveries": [{"subscription": "s", "outcome": "dead", "status": "400"}]}, False, ("ended", "400")),
    ],
)  # fmt: skip
def test_what_became_of_a_test_message(journey: dict[str, Any], pull: bool, told: tuple[str, str]) -> None:
    assert outcome(journey, "s", pull) == told


def test_a_test_message_that_met_nobody_says_so() -> None:
    page = shown(subscription("backing-off"), tested=("retry", "connect"))
    assert "Nog niet gelukt" in page and "er wordt niet opgenomen" in page


def test_what_can_be_done_fits_how_it_stands() -> None:
    acts = lambda page: set(re.findall(r'action="/subscriptions/sub-0123456789ab/(\w+)"', page))  # noqa: E731
    assert acts(shown(subscription("validated"))) == {"pause", "test", "rotate"}
    assert acts(shown(subscription("paused"))) == {"resume", "test", "rotate"}
    assert acts(shown(subscription("refused"))) == {"resume", "pause", "test", "rotate"}
    assert acts(shown(subscription("pull", sink=None))) == {"test"}


def test_the_inbox_cannot_be_deleted() -> None:
    assert "/delete" in shown(subscription("validated"))
    assert "/delete" not in shown(subscription("validated", id="inbox-school"))


def test_every_form_carries_the_token_of_the_session() -> None:
    form = render(
        "subscription_form", Frame("/subscriptions/new", "nl", SCHOOL), form=Form({}, GROUPS, []), before=None
    )
    for page in (form, shown(subscription("refused"))):
        posts = re.findall(r'<form method="post".*?</form>', page, re.S)
        assert posts and all('name="csrf" value="token"' in one for one in posts)


def test_what_is_filled_in_is_text_and_never_markup() -> None:
    fields = {"how": "webhook", "sink": '"><script>x</script>'}
    page = render("subscription_form", Frame("/x", "nl", SCHOOL), form=Form(fields, GROUPS, []), before=None)
    assert "<script>" not in page


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_an_example_shows_its_fields_in_words_and_why_another_does_not_come(lang: str) -> None:
    event = {"type": E13.type, "data": {"learnerId": "x", "toOrg": "brin:99XX02"}}
    kinds = [
        {"nl": "A", "en": "B", "samples": [
            {"column": "TO", "level": "R", "event": event, "removed": ["/tlvRef"]},
            {"column": "FROM", "level": "F", "why": "basis-not-covered"},
            {"column": "OPV", "level": "F", "why": FILTERED},
        ]},
    ]  # fmt: skip
    trial = {"events": 0, "passes": 0, "types": [], "complete": True}
    form = Form(drafts.blank(), GROUPS, ["LPW"], {}, Look(kinds, trial))
    page = render("subscription_form", Frame("/x", lang, SCHOOL), form=form, before=None)
    words = Words(lang)
    for name in ("field_toOrg", "field_tlvRef", "why_basis-not-covered", "as_TO", "dry_none"):
        assert words(name) in page
    assert words("as_OPV") not in page


fields = st.fixed_dictionaries(
    {"how": st.sampled_from(["webhook", "pull"])},
    optional={
        **{KIND + one.code: st.just("on") for one in OFFERED},
        **{PURPOSE + flow: st.just("on") for flow in FLOWS},
        "all": st.just("on"),
        "sink": st.text(max_size=30),
        "basis": st.sampled_from(["", "LPW", "CONSENT", "NONE"]),
        "signature": st.sampled_from(["hmac", "ed25519"]),
        "batch": st.just("on"),
        "size": st.text(max_size=5),
        "seconds": st.text(max_size=5),
    },
)


@settings(deadline=None)
@given(fields)
def test_the_form_asks_for_just_the_kinds_that_were_chosen(given: dict[str, str]) -> None:
    asked = drafts.body(given, OFFERED)
    wanted = {one.type for one in OFFERED if KIND + one.code in given}
    assert set(asked["types"]) == (set() if "all" in given else wanted)
    assert ("sink" in asked) is (given["how"] == "webhook")
    assert set(asked["config"]) <= {"purpose", "basis", "signature", "batch"}


def _sound(given: dict[str, str]) -> bool:
    """As the API takes it: nothing else is ever shown."""
    numbers = [given.get(name, "") for name in ("size", "seconds")]
    reached = given["how"] == "pull" or bool(given.get("sink", "").strip())
    return reached and ("batch" not in given or all(number.isdecimal() for number in numbers))


@given(fields.filter(_sound))
def test_a_subscription_that_is_shown_in_the_form_and_saved_unchanged_stays_as_it_is(
    given: dict[str, str],
) -> None:
    before = drafts.body(given, OFFERED) | {"filters": [{"exact": {"x": "y"}}]}
    before["config"] |= {"retry": [0, 1]}
    before["types"] = [*before["types"], "nl.other.thing.v1"] if before["types"] else []
    after = drafts.body(drafts.filled(before, OFFERED), OFFERED, before)
    assert (after["types"], after["filters"]) == (before["types"], before["filters"])
    if "basis" in before["config"] and before["config"]["basis"]:
        assert after["config"] == before["config"]


POINTERS = (
    *("", "/sink", "/types/0", "/config/purpose/1", "/config/basis", "/config/batch", "/config/batch/size"),
    *("/config/signature", "/config/mode", "/config/rate", "/protocolsettings/headers", "/x/y"),
)
CODES = ("purpose", "basis", "config", "sink", "personal-data")
faults = st.tuples(st.sampled_from(POINTERS), st.sampled_from(CODES), st.text(max_size=20))


@settings(deadline=None, max_examples=30)
@given(st.lists(faults, min_size=1, max_size=5))
def test_every_fault_of_the_api_finds_a_place_and_words(given: list[tuple[str, str, str]]) -> None:
    errors = [dict(zip(("pointer", "code", "detail"), one, strict=True)) for one in given]
    found = drafts.wrongs(errors, {"types": [E13.type]}, OFFERED)
    assert found and all(one.text[0] and one.text[1] for all_ in found.values() for one in all_)
    form = Form(drafts.blank(), GROUPS, ["LPW"], found)
    page = render("subscription_form", Frame("/x", "nl", SCHOOL), form=form, before=None)
    for field in found:
        assert field in ("form", "headers") or f'id="wrong-{field}"' in page


def test_what_the_form_asks_about_signatures_is_what_the_api_knows() -> None:
    assert {f"signature_{one}" for one in options.SIGNATURES} <= WORDS.keys()

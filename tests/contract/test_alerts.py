"""Letters of the alarm, through a real mail server and a real HTTP receiver."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Checker

from hub.alerts import memory
from hub.alerts.channels import Channel, Mail, Post, Unsent, Webhook
from hub.alerts.letter import SUBJECT, SUBJECT_LENGTH, Letter, Names, compose
from hub.alerts.looking import Looker, World
from hub.alerts.watcher import Watcher
from hub.alerts.words import WORDS
from hub.core.alerts import Alert, Kind, Phase, Sight, Trouble, sight
from hub.core.watch import Answer, Books
from hub.courier.signing import signatures
from hub.settings import SettingsError, read
from hub.telemetry import metrics
from hub.wiring import alarm
from tests.certificates import Authority
from tests.mailbox import PASSWORD, USER, hook, mailbox, tls_of

AT = 1_793_491_200_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAMES = Names(
    {"tc": "Taalcentrum Almere"}.get, {"brin:1": "De Ontdekking"}.get, lambda flow: ("Verzuim", "Absence")
)  # type: ignore[arg-type]
URL = "https://hub.example"
TROUBLES = {
    Kind.DOWN: Trouble(Kind.DOWN, "gateway"),
    Kind.UNREADY: Trouble(Kind.UNREADY, "courier-2"),
    Kind.FINAL: Trouble(Kind.FINAL, "s1", "tc", "stopped", "5-9", AT, AT),
    Kind.BACKLOG: Trouble(Kind.BACKLOG, "s1", "tc", "", "20-49", AT),
    Kind.SILENCE: Trouble(Kind.SILENCE, "tc/absence", "tc", "absence", "3", AT),
    Kind.SIGNALS: Trouble(Kind.SIGNALS, "brin:1", "brin:1", "T05 T11", "1-4", AT),
    Kind.REFUSALS: Trouble(Kind.REFUSALS, "tc", "tc", "", "100-109"),
}


def letter(*kinds: Kind, phase: Phase = Phase.RAISED) -> Letter:
    alerts = [Alert(phase, TROUBLES.get(kind, Trouble(kind)), AT, 1) for kind in kinds or (Kind.FINAL,)]
    return compose(alerts, NAMES, URL, AT)


def mail(
    port: int, trust: ssl.SSLContext | None = None, user: str = "", password: str = "", tls: bool = False
) -> Mail:
    post = Post("127.0.0.1", port, tls, trust is not None, user, password)
    receivers = ["regie@example.nl", "beheer@example.nl"]
    return Mail(post, "hub@example.nl", receivers, trust or ssl.create_default_context())


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("phase", Phase)
def test_every_letter_says_in_dutch_and_english_what_since_when_and_where_to_look(
    kind: Kind, phase: Phase
) -> None:
    told = letter(kind, phase=phase)
    dutch, _, english = told.text.partition("\n---\n")
    for text, since, do in (
        (dutch, "Sinds: zo 1 nov 2026 01:00", "Wat te doen"),
        (english, "Since: Sun 1 Nov 2026 01:00", "What to do"),
    ):
        assert since in text and URL + WORDS[kind].page in text
        assert (do in text) == (phase is not Phase.OVER)
        assert "{" not in text
    assert told.subject.startswith(SUBJECT) and len(told.subject) <= SUBJECT_LENGTH
    who = TROUBLES.get(kind, Trouble(kind)).who
    assert not who or f"({who})" in dutch


def test_several_alerts_make_one_letter_in_which_the_machine_comes_first() -> None:
    told = letter(Kind.SILENCE, Kind.FINAL, Kind.KAFKA)
    assert told.subject == "[onderwijshub] 3 meldingen: Kafka antwoordt niet"
    assert told.text.index("Kafka") < told.text.index("geweigerd") < told.text.index("stil")


def test_the_same_alerts_in_any_order_have_the_same_id() -> None:
    assert letter(Kind.KAFKA, Kind.DISK).id == letter(Kind.DISK, Kind.KAFKA).id != letter(Kind.KAFKA).id


def test_a_name_cannot_add_a_header_to_a_mail() -> None:
    names = NAMES._replace(partner=lambda _: "x\r\nBcc: all@example.nl\r\n")
    assert "\n" not in compose([Alert(Phase.RAISED, TROUBLES[Kind.FINAL], AT, 1)], names, URL, AT).subject


async def test_a_mail_comes_to_everybody_who_is_to_know() -> None:
    told = letter()
    with mailbox() as box:
        await mail(box.port).send(told)
        assert [one.rcpt_tos for one in box.envelopes] == [["regie@example.nl", "beheer@example.nl"]]
        message = box.messages[0]
    assert box.subjects == [told.subject] and message["From"] == "hub@example.nl"
    assert message["Message-ID"] == f"<{told.id}@example.nl>" and message["Auto-Submitted"]
    assert message.get_content().replace("\r\n", "\n") == told.text


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("smtps", [False, True])
async def test_a_mail_server_beyond_this_machine_is_trusted_by_its_certificate_and_gets_the_password(
    tmp_path: Path, smtps: bool
) -> None:
    authority = Authority()
    trust = ssl.create_default_context(cadata=authority.certificate)
    with mailbox(tls_of(authority, tmp_path), smtps) as box:
        await mail(box.port, trust, USER, PASSWORD, smtps).send(letter())
        with pytest.raises(Unsent, match="535"):
            await mail(box.port, trust, USER, "wrong", smtps).send(letter())
        with pytest.raises(Unsent, match="SSLCertVerificationError"):
            await mail(box.port, ssl.create_default_context(), USER, PASSWORD, smtps).send(letter())
        assert len(box.envelopes) == 1


async def test_no_password_goes_to_a_server_that_knows_no_tls() -> None:
    with mailbox() as box:
        with pytest.raises(Unsent, match="SMTPNotSupportedError"):
            await mail(box.port, ssl.create_default_context(), USER, PASSWORD).send(letter())
        assert not box.envelopes


async def test_a_webhook_is_signed_as_standard_webhooks_says() -> None:
    told = letter(Kind.FINAL, Kind.KAFKA)
    with hook() as receiver:
        way = Webhook(receiver.url, partial(signatures, [SECRET]), ssl.create_default_context())
        await way.send(told)
        headers, body = receiver.requests[0]
        receiver.status = 500
        with pytest.raises(Unsent, match="500"):
            await way.send(told)
    given = Checker(SECRET).verify(body.decode(), headers)
    assert headers["webhook-id"] == told.id and given["type"] == "hub.alerts"
    assert [one["kind"] for one in given["data"]["alerts"]] == ["kafka", "final"]
    final = given["data"]["alerts"][1]
    assert final["who"] == "Taalcentrum Almere" and final["look"] == f"{URL}/troubles"
    assert final["since"] == "2026-11-01T00:00:00.000Z" and final["amount"] == "5-9"


class Scene:
    """A watcher that sees what the test says, and a clock that the test moves."""

    def __init__(self, state: Path, *channels: Channel) -> None:
        self.now = AT
        self.troubles: list[Trouble] = []
        self.watcher = Watcher(self.look, channels, self.compose, state, 60.0, lambda: self.now)

    async def look(self) -> Sight:
        return sight(self.troubles)

    def compose(self, alerts: Sequence[Alert], now: int) -> Letter:
        return compose(alerts, NAMES, URL, now)

    async def after(self, seconds: int, *troubles: Trouble) -> None:
        self.now += seconds * 1000
        self.troubles = list(troubles)
        await self.watcher.once()


def counted(channel: str, outcome: str) -> float:
    return (
        metrics.REGISTRY.get_sample_value("hub_alerts_total", {"channel": channel, "outcome": outcome}) or 0.0
    )


async def test_a_letter_that_could_not_be_sent_is_tried_again_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.alerts.watcher.PAUSES", (0.0,))
    failed, sent = counted("mail", "failed"), counted("mail", "sent")
    with mailbox() as box, hook() as receiver:
        way = Webhook(receiver.url, partial(signatures, [SECRET]), ssl.create_default_context())
        scene = Scene(tmp_path / "alerts.json", mail(box.port), way)
        box.refuse = "451 later"
        await scene.after(0, Trouble(Kind.KAFKA))
        await scene.after(60, Trouble(Kind.KAFKA))
        await scene.after(15, Trouble(Kind.KAFKA))
        assert scene.watcher.ready() == (False, "cannot send by mail")
        assert not box.envelopes and len(receiver.requests) == 1
        box.refuse = ""
        await scene.after(15, Trouble(Kind.KAFKA))
        await scene.after(15, Trouble(Kind.KAFKA))
        assert box.subjects == ["[onderwijshub] Kafka antwoordt niet"] and len(receiver.requests) == 1
        assert scene.watcher.ready() == (True, "ok")
    assert (counted("mail", "failed") - failed, counted("mail", "sent") - sent) == (2, 1)


async def test_a_restart_does_not_repeat_what_was_said(tmp_path: Path) -> None:
    state = tmp_path / "alerts.json"
    with mailbox() as box:
        first = Scene(state, mail(box.port))
        for seconds in (0, 60):
            await first.after(seconds, TROUBLES[Kind.FINAL])
        again = Scene(state, mail(box.port))
        again.now = first.now
        for seconds in (15, 60, 60):
            await again.after(seconds, TROUBLES[Kind.FINAL])
        assert len(box.subjects) == 1
        await again.after(61)
        assert box.subjects[1].startswith("[onderwijshub] Voorbij: ")
    assert state.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{", '{"said": 3}', "\x00"])
def test_a_memory_that_cannot_be_read_is_an_empty_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "alerts.json"
    path.write_text(text)
    assert memory.load(path) == memory.Memory()


def world(**changes: object) -> World:
    async def parts() -> dict[str, Answer]:
        return {"gateway": Answer(True, True)}

    async def kafka() -> bool:
        return True

    whole = World(parts, kafka, lambda: (50, 100), lambda now: Books(), lambda books, now: [])
    return whole._replace(**changes)


async def test_a_database_that_hangs_is_dead_and_asked_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.alerts.looking.READ_SECONDS", 0.05)
    asked = []
    free = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hangs(now: int) -> Books:
        asked.append(now)
        asyncio.run_coroutine_threadsafe(free.wait(), loop).result(10)
        return Books()

    look = Looker(world(books=hangs), lambda: AT)
    for _ in range(3):
        assert Trouble(Kind.DATABASE) in (await look()).troubles
    assert len(asked) == 1
    free.set()
    await asyncio.sleep(0.02)
    assert (await look()).troubles == ()


async def test_whatever_the_database_raises_is_said_to_be_the_database() -> None:
    def fails(now: int) -> Books:
        raise ValueError("no such thing")

    seen = await Looker(world(books=fails), lambda: AT)()
    assert seen.troubles == (Trouble(Kind.DATABASE),) and Kind.FINAL in seen.blind


GOOD = {"HUB_ALERT_SMTP": "smtp://127.0.0.1:2525", "HUB_ALERT_TO": "a@example.nl"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"HUB_ALERT_SMTP": "http://mail"}, "HUB_ALERT_SMTP"),
        ({"HUB_ALERT_SMTP": "smtp://me@mail:25"}, "HUB_ALERT_SMTP"),
        ({"HUB_ALERT_TO": "nobody"}, "HUB_ALERT_TO"),
        ({"HUB_ALERT_TO": ""}, "HUB_ALERT_TO"),
        ({"HUB_ALERT_FROM": "a b@c"}, "HUB_ALERT_FROM"),
        ({"HUB_ALERT_USER": "me"}, "HUB_ALERT_PASSWORD_FILE"),
        ({"HUB_ALERT_USER": "me", "HUB_ALERT_PASSWORD_FILE": "/no/such/file"}, "HUB_ALERT_PASSWORD_FILE"),
        ({"HUB_ALERT_WEBHOOK": "http://example.nl/"}, "HUB_ALERT_WEBHOOK"),
        ({"HUB_ALERT_WEBHOOK": "https://example.nl/"}, "HUB_ALERT_SECRET_FILE"),
        ({"HUB_ALERT_AFTER": "0"}, "HUB_ALERT_AFTER"),
    ],
)
def test_an_alarm_that_could_not_speak_is_named_by_its_setting(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=f"^{named}: "):
        alarm.check(read({**GOOD, **given}))


def test_a_key_that_signs_nothing_is_named_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("hush")
    given = {"HUB_ALERT_WEBHOOK": "https://example.nl/", "HUB_ALERT_SECRET_FILE": str(path)}
    with pytest.raises(SettingsError, match=r"^HUB_ALERT_SECRET_FILE: the file has no whsec_") as raised:
        alarm.check(read(given))
    assert "hush" not in str(raised.value)


def test_good_settings_are_taken_and_no_settings_ask_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    both = {**GOOD, "HUB_ALERT_WEBHOOK": "https://example.nl/", "HUB_ALERT_SECRET_FILE": str(path)}
    assert [way.name for way in alarm.channels(read(both))] == ["mail", "webhook"]
    alarm.check(read({}))
    assert json.dumps(read(both).model_dump(mode="json")).count("MfKQ") == 0

"""The alarm of a real hub: parts, Kafka and the alarm itself are killed, and the mail comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from hub.local.children import ALARM
from tests.broker import ROOT
from tests.mailbox import Hook, Mailbox, hook, mailbox
from tests.up import HUB, Up

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PARTNER = "taalcentrum-almere"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with hook() as made:
        yield made


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    partners = str(ROOT / "hub" / "demo" / "directory.yaml")
    hub = Up(tmp_path, HUB, HUB_PARTNERS=partners, HUB_SINK_ALLOW="127.0.0.0/8")
    yield hub
    hub.clean()


class Alarm:
    """`hub alerts` by itself, so that it begins when the hub is up."""

    def __init__(self, up: Up, box: Mailbox, receiver: Hook, folder: Path) -> None:
        (folder / "secret").write_text(SECRET)
        given = {
            "HUB_ALERT_SMTP": f"smtp://127.0.0.1:{box.port}",
            "HUB_ALERT_TO": "regie@example.nl",
            "HUB_ALERT_WEBHOOK": receiver.url,
            "HUB_ALERT_SECRET_FILE": str(folder / "secret"),
            "HUB_ALERT_AFTER": "1.5",
        }
        self._environ = {**os.environ, **up.environ, **given}
        self._log = folder / "alarm.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "hub", "alerts"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self._environ, stderr=log)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def alarm(up: Up, box: Mailbox, receiver: Hook, tmp_path: Path) -> Iterator[Alarm]:
    made = Alarm(up, box, receiver, tmp_path)
    yield made
    made.kill()


def token(up: Up) -> str:
    command = [sys.executable, "-m", "hub", "partners", "token", PARTNER]
    environ = {**os.environ, **up.environ}
    return subprocess.check_output(command, cwd=ROOT, env=environ, text=True).strip()


def test_the_mail_comes_when_what_is_watched_is_dead(
    up: Up, alarm: Alarm, box: Mailbox, receiver: Hook
) -> None:
    def comes(*words: str) -> None:
        up.wait(lambda: any(all(word in text for word in words) for text in box.texts), 60)

    up.start()
    up.wait_up()
    alarm.start()
    up.wait(lambda: up.ready(ALARM))

    # A stopped supervisor starts nothing again.
    up.signal(signal.SIGSTOP)
    os.kill(up.pid("gateway"), signal.SIGKILL)
    comes("gateway antwoordt niet\n")
    os.kill(up.pid("kafka"), signal.SIGKILL)
    comes("Kafka antwoordt niet\n")
    # The alarm itself is killed, and does not say anew what it had said.
    alarm.kill()
    alarm.start()
    up.wait(lambda: up.ready(ALARM))
    up.signal(signal.SIGCONT)
    comes("Voorbij: Kafka antwoordt weer")
    comes("Voorbij: gateway antwoordt weer")
    assert [
        sum(f"\n{what} antwoordt niet\n" in f"\n{text}" for text in box.texts)
        for what in ("gateway", "Kafka")
    ] == [1, 1]

    headers, body = receiver.requests[0]
    assert b'"gateway"' in body and Webhook(SECRET).verify(body.decode(), headers)

    up.wait(lambda: up.ready("gateway"))
    asked = httpx.post(
        f"{up.settings.url}/v1/subscriptions",
        json={"protocol": "HTTP", "sink": f"{receiver.url}/no"},
        headers={"Authorization": f"Bearer {token(up)}"},
    )
    assert asked.status_code == 201, asked.text
    comes("Taalcentrum", "de ontvanger weigert de hub")
    assert up.end() == 0

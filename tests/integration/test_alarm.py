"""The alarm of a real hub: parts, Kafka and the alarm itself are killed, and the mail comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
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
def up(tmp_path: Path, box: Mailbox, receiver: Hook) -> Iterator[Up]:
    secret = tmp_path / "alert.secret"
    secret.write_text(SECRET)
    given = {
        "HUB_PARTNERS": str(ROOT / "hub" / "demo" / "directory.yaml"),
        "HUB_SINK_ALLOW": "127.0.0.0/8",
        "HUB_ALERT_SMTP": f"smtp://127.0.0.1:{box.port}",
        "HUB_ALERT_TO": "regie@example.nl",
        "HUB_ALERT_WEBHOOK": receiver.url,
        "HUB_ALERT_SECRET_FILE": str(secret),
        "HUB_ALERT_AFTER": "1.5",
    }
    hub = Up(tmp_path, HUB, **given)
    yield hub
    hub.clean()


def token(up: Up) -> str:
    command = [sys.executable, "-m", "hub", "partners", "token", PARTNER]
    made = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **up.environ}, capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


def told(box: Mailbox, *words: str) -> Callable[[], bool]:
    return lambda: any(all(word in subject for word in words) for subject in box.subjects)


def test_the_mail_comes_when_what_is_watched_is_dead(up: Up, box: Mailbox, receiver: Hook) -> None:
    up.start()
    up.wait_up()
    up.wait(lambda: up.ready(ALARM))
    assert not box.envelopes

    # Nobody starts again what is killed now.
    up.signal(signal.SIGSTOP)
    os.kill(up.pid("gateway"), signal.SIGKILL)
    up.wait(told(box, "gateway antwoordt niet"), 30)
    os.kill(up.pid("kafka"), signal.SIGKILL)
    up.wait(told(box, "Kafka antwoordt niet"), 40)
    # The alarm forgets nothing when it is killed too.
    so_far = len([subject for subject in box.subjects if "niet" in subject])
    os.kill(up.pid(ALARM), signal.SIGKILL)
    before = up.pid(ALARM)
    up.signal(signal.SIGCONT)
    up.wait(lambda: up.pid(ALARM) != before)
    up.wait(told(box, "Voorbij"), 60)
    up.wait(lambda: any("Kafka antwoordt weer" in str(one.get_content()) for one in box.messages), 60)
    assert len([subject for subject in box.subjects if "Kafka antwoordt niet" in subject]) == 1
    assert so_far >= 2

    headers, body = receiver.requests[0]
    assert b'"gateway"' in body and Webhook(SECRET).verify(body.decode(), headers)

    up.wait(lambda: up.ready("gateway"))
    asked = httpx.post(
        f"{up.settings.url}/v1/subscriptions",
        json={"protocol": "HTTP", "sink": f"{receiver.url}/no"},
        headers={"Authorization": f"Bearer {token(up)}"},
    )
    assert asked.status_code == 201, asked.text
    up.wait(told(box, "Taalcentrum", "geweigerd"), 60)
    assert up.end() == 0

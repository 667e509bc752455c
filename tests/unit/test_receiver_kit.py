"""What partners are given to receive with: what the README prints is what is tested, and the kit hears heartbeats."""

from __future__ import annotations

import ast
import re
import sys

from connectors.webhook.receiver import HEARTBEAT, Accepted, Receiver, Refused
from hub.core import heartbeat
from hub.core.delivery import Delivery
from hub.core.event import Event
from hub.core.numbers import STATES
from hub.core.subscription import Subscription
from hub.courier.request import Request, Stamp, build, together
from tests.broker import ROOT

FOLDER = ROOT / "connectors" / "webhook"
KEEP = (FOLDER / "examples" / "keep.py").read_text()
README = (FOLDER / "README.md").read_text()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_795_000_000
ORIGIN = "hub.example"


def test_the_readme_prints_the_receiver_as_it_is() -> None:
    assert f"```python\n{KEEP}```" in README


def test_it_is_forty_lines_of_the_standard_library_and_one_public_package() -> None:
    docstring = re.compile(r'^\s*"""[^\n]*"""$')
    lines = [line for line in KEEP.splitlines() if line.strip() and not docstring.match(line)]
    assert len(lines) <= 40
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(KEEP))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"standardwebhooks"}


def test_the_readme_explains_every_state_of_a_report() -> None:
    english = README.partition("# Receiving webhooks of the hub")[2]
    assert all(f"| `{state}` | {meaning} |" in english for state, meaning in STATES.items())
    assert all(README.count(f"| `{state}` |") == 2 for state in STATES)


def subscription(**config: object) -> Subscription:
    return Subscription(id="s1", partner="p1", sink="https://x", secret=SECRET, config=config)


def delivery(number: int) -> Delivery:
    body = Event({"specversion": "1.0", "id": f"e{number}", "source": "/s", "type": "t"}, number).structured()
    return Delivery(f"d{number}", "subject", 0, body)


def sent(number: int) -> Request:
    return build(delivery(number), subscription(), number, Stamp(ORIGIN, NOW))


def beat(number: int, **config: object) -> Request:
    made = heartbeat.delivery("/hub", "s1", number, NOW * 1000)
    return build(made, subscription(**config), 0, Stamp(ORIGIN, NOW))


def gap(receiver: Receiver, request: Request) -> int:
    got = receiver.accept(request.headers, request.body)
    assert isinstance(got, Accepted)
    return got.gap


def test_the_kit_learns_from_a_heartbeat_what_never_came() -> None:
    receiver = Receiver(SECRET, clock=lambda: NOW)
    assert heartbeat.TYPE == HEARTBEAT
    assert [gap(receiver, sent(1)), gap(receiver, beat(1)), gap(receiver, beat(4))] == [0, 0, 3]
    assert [gap(receiver, sent(3)), gap(receiver, sent(2)), gap(receiver, sent(4))] == [2, 1, 0]
    assert [gap(receiver, beat(4)), gap(receiver, sent(6))] == [0, 1]


def batch(*numbers: int) -> Request:
    given = [delivery(number) for number in numbers]
    return together(given, subscription(batch={}), numbers, Stamp(ORIGIN, NOW))


def test_the_kit_reads_a_batch_and_knows_its_repeats_however_it_is_cut() -> None:
    receiver = Receiver(SECRET, clock=lambda: NOW)

    def accept(request: Request) -> list[tuple[int, bool, int]]:
        got = receiver.accept_batch(request.headers, request.body)
        assert isinstance(got, list)
        return [(one.event["data"], one.repeat, one.gap) for one in got]

    assert accept(batch(1, 2, 5)) == [(1, False, 0), (2, False, 0), (5, False, 2)]
    assert accept(batch(2, 3)) == [(2, True, 2), (3, False, 1)]
    assert accept(batch(4)) == [(4, False, 0)]
    (heard,) = accept(beat(7, batch={}))
    assert heard[1:] == (False, 2)


def test_the_kit_refuses_a_batch_that_is_not_signed_or_is_none() -> None:
    receiver, made = Receiver(SECRET, clock=lambda: NOW), batch(1, 2)
    changed = receiver.accept_batch(made.headers, made.body + b" ")
    assert isinstance(changed, Refused) and changed.status == 401
    single = sent(1)
    wrong = receiver.accept_batch(single.headers, single.body)
    assert isinstance(wrong, Refused) and wrong.status == 400

"""What people and partners look at: plain shapes derived from a state, the same for any order of arrival."""

from __future__ import annotations

import msgspec


class Enrolment(msgspec.Struct, omit_defaults=True):
    """Legal inschrijving (domain.md D3). Dates are ISO; an empty `end` means it runs."""

    id: str
    org: str = ""
    stage: str = ""
    year: str = ""
    level: str = ""
    start: str = ""
    end: str = ""
    reason: str = ""
    diploma: str = ""
    next_org: str = ""
    primary: bool = False
    privacy: str = "P1"


class Participation(msgspec.Struct, omit_defaults=True):
    """Deelname: where the learner really attends, several at once."""

    id: str
    kind: str = ""
    org: str = ""
    start: str = ""
    planned_end: str = ""
    end: str = ""
    result: str = ""
    enrolment: str = ""
    privacy: str = "P1"


class Transfer(msgspec.Struct, omit_defaults=True):
    """A handover: `state` is region 3 of domain.md §3.2."""

    id: str
    from_org: str = ""
    to_org: str = ""
    transfer: str = ""
    state: str = "none"
    prepared_on: str = ""
    ack_by: str = ""
    planned_start: str = ""
    extra_support: bool = False
    warm_needed: bool = False
    privacy: str = "P1"


class Certificate(msgspec.Struct, omit_defaults=True):
    id: str
    kind: str = ""
    title: str = ""
    level: str = ""
    sector: str = ""
    issued_on: str = ""
    issuer: str = ""
    status: str = "issued"
    recognised_by: list[str] = []


class SignalView(msgspec.Struct, omit_defaults=True):
    """A gap rule that stands: `rule` T01..T17, `due` the date its threshold passed."""

    rule: str
    severity: str
    due: str
    responsible: str
    subject: str


class Line(msgspec.Struct, omit_defaults=True, tag_field="view", tag="line"):
    """The learning line 0-27 of one learner. `status` as in domain.md §3.2; `unusual` names odd transitions, which are
    shown and never refused (D9)."""

    learner_id: str
    status: str = "active"
    birth_month: str = ""
    primary: str = ""
    enrolments: list[Enrolment] = []
    participations: list[Participation] = []
    transfers: list[Transfer] = []
    certificates: list[Certificate] = []
    signals: list[SignalView] = []
    unusual: list[str] = []
    as_of: str = ""
    events: int = 0


class Band(msgspec.Struct, omit_defaults=True):
    age_band: str
    count: int


class Group(msgspec.Struct, omit_defaults=True, tag_field="view", tag="group"):
    """An arrival group. `status`: announced, updated, arrived, cancelled. `warn_on` and `breach_on` are the T01 clock
    (domain.md §3.5): dates by which every minor must have a place. `sequence` is that of the newest fact."""

    group_id: str
    status: str = "announced"
    certainty: str = ""
    site_kind: str = ""
    area: str = ""
    expected_from: str = ""
    bands: list[Band] = []
    total: int = 0
    announced_total: int = 0
    arrived_on: str = ""
    waves: int = 0
    clock_start: str = ""
    warn_on: str = ""
    breach_on: str = ""
    cancel_reason: str = ""
    sequence: int = 0
    ignored: int = 0
    as_of: str = ""


class Offer(msgspec.Struct, omit_defaults=True, tag_field="view", tag="offer"):
    """Places or another offer (E5). `free` is capacity minus occupied, never below 0."""

    offer_id: str
    kind: str = ""
    org: str = ""
    area: str = ""
    stage: str = ""
    age_band: str = ""
    capacity: int = 0
    occupied: int = 0
    waiting: int = 0
    free: int = 0
    next_start: list[str] = []
    valid_to: str = ""
    as_of: str = ""


class Shortfall(msgspec.Struct, omit_defaults=True):
    """More announced children than free places: `demand` against `free` for ages `ages` from `date` on."""

    group_id: str
    ages: str
    date: str
    demand: int
    free: int


class Places(msgspec.Struct, omit_defaults=True, tag_field="view", tag="places"):
    """Newcomers against places (T02) of one city."""

    city: str
    demand: int = 0
    free: int = 0
    shortfalls: list[Shortfall] = []
    signals: list[SignalView] = []


View = Line | Group | Offer | Places

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[View] = msgspec.json.Decoder(View)


def dump(view: View) -> bytes:
    return _encoder.encode(view)


def load(raw: bytes | str) -> View:
    return _decoder.decode(raw)

"""What people and partners look at: plain shapes derived from a state, the same for any order of arrival.

`at` of a row is when its newest fact was logged, as its publisher gave it.
"""

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
    mbo_level: int = 0
    code: str = ""
    came_from: str = ""
    privacy: str = "P1"
    at: str = ""


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
    sector: str = ""
    erk: str = ""
    next_org: str = ""
    privacy: str = "P1"
    at: str = ""


class Placement(msgspec.Struct, omit_defaults=True):
    """A request for a place (E6) and the decision on it (E7). `outcome` is empty while it is open; `asked_by` is the
    organisation that asked, `rank` the preference 1-3 (0 = none)."""

    id: str
    to_org: str = ""
    asked_by: str = ""
    stage: str = ""
    reason: str = ""
    requested_on: str = ""
    rank: int = 0
    support: bool = False
    outcome: str = ""
    decided_on: str = ""
    start: str = ""
    privacy: str = "P1"
    at: str = ""


class Transfer(msgspec.Struct, omit_defaults=True):
    """A handover: `state` is region 3 of domain.md §3.2: none, prepared, incomplete, acknowledged, warm-initial-held,
    warm-followup-held, complete; or wrong-recipient, withdrawn, purged. `acknowledged_on` is the day on which it was
    accepted, `withdrawn_for` the reason of E17, `replaced_by` the handover that came instead."""

    id: str
    from_org: str = ""
    to_org: str = ""
    transfer: str = ""
    state: str = "none"
    prepared_on: str = ""
    acknowledged_on: str = ""
    ack_by: str = ""
    planned_start: str = ""
    extra_support: bool = False
    warm_needed: bool = False
    warm_initial_on: str = ""
    warm_follow_up_on: str = ""
    withdrawn_on: str = ""
    withdrawn_for: str = ""
    replaced_by: str = ""
    privacy: str = "P1"
    at: str = ""


class Return(msgspec.Struct, omit_defaults=True):
    """Terugplaatsing or doorplaatsing (E16) of a participation or enrolment `id`."""

    id: str
    direction: str = ""
    from_org: str = ""
    to_org: str = ""
    on: str = ""
    privacy: str = "P2"
    at: str = ""


class Advice(msgspec.Struct, omit_defaults=True):
    """School advice (E12) of one school year: `moment` provisional or definitive, `advice` a code of CL-ADVICE."""

    year: str
    moment: str
    advice: str = ""
    lwoo: bool = False
    test: str = ""
    adjusted: str = ""
    org: str = ""
    on: str = ""
    at: str = ""


class Tlv(msgspec.Struct, omit_defaults=True):
    """Toelaatbaarheidsverklaring (E18). `action` is the newest decision, valid from `start` to `end`; `org` is the
    samenwerkingsverband that decided, `on` when."""

    ref: str
    kind: str = ""
    category: str = ""
    start: str = ""
    end: str = ""
    action: str = ""
    requested_by: str = ""
    org: str = ""
    on: str = ""
    at: str = ""


class Support(msgspec.Struct, omit_defaults=True):
    """Support or OPP (E19), level 0-4 as its newest word; ended when `direction` is `end`. `org` is where it is given,
    `told_by` the organisation that tells of it."""

    id: str
    org: str = ""
    level: int = 0
    direction: str = ""
    start: str = ""
    until: str = ""
    code: str = ""
    evaluated_on: str = ""
    told_by: str = ""
    at: str = ""


class Review(msgspec.Struct, omit_defaults=True):
    """An ijkpunt that was held (E20) in a school year."""

    moment: str
    year: str = ""
    held_on: str = ""
    outcome: str = ""
    org: str = ""
    at: str = ""


class Absence(msgspec.Struct, omit_defaults=True):
    """A thuiszitter case (E21, E22): `kind` lrv or absolute; open while `closed_on` is empty."""

    id: str
    kind: str = ""
    since: str = ""
    cause: str = ""
    last_org: str = ""
    told_by: str = ""
    closed_on: str = ""
    how: str = ""
    at: str = ""


class Progress(msgspec.Struct, omit_defaults=True):
    """Position or progress (E26) at one moment."""

    moment: str
    on: str = ""
    org: str = ""
    level: str = ""
    versus_advice: str = ""
    erk: str = ""
    reference: str = ""
    at: str = ""


class Certificate(msgspec.Struct, omit_defaults=True):
    """`status`: issued, recognised, revoked (terminal), or unknown while only a recognition or revocation is known.
    `effects` maps each organisation that decided on it to full-exemption, partial or none."""

    id: str
    kind: str = ""
    title: str = ""
    level: str = ""
    sector: str = ""
    issued_on: str = ""
    issuer: str = ""
    status: str = "issued"
    recognised_by: list[str] = []
    effects: dict[str, str] = {}
    revoked_on: str = ""
    at: str = ""


class Onboard(msgspec.Struct, omit_defaults=True):
    """ONboard (E28): vo diploma and mbo modules at once."""

    id: str
    base: str = ""
    vo_school: str = ""
    mbo_org: str = ""
    start: str = ""
    planned_exam: str = ""
    told_by: str = ""
    at: str = ""


class SignalView(msgspec.Struct, omit_defaults=True):
    """A gap rule that stands: `rule` T01..T17, `due` the date its threshold passed."""

    rule: str
    severity: str
    due: str
    responsible: str
    subject: str


class Regions(msgspec.Struct, omit_defaults=True):
    """The five regions of domain.md §3.2, each as its gravest running state; they move apart from one another.

    `enrolment`: none requested waitlisted temporary accepted enrolled ended. `participation`: the kinds that run.
    `transfer`: as `Transfer.state`. `support`: level 0-4 of running support. `tlv`: the newest decision (E18) of any,
    or none; whether it still holds depends on the day. `attendance`: ok, an open case lrv or absolute, closed.
    """

    enrolment: str = "none"
    participation: list[str] = []
    transfer: str = "none"
    support: str = "0"
    tlv: str = "none"
    attendance: str = "ok"


class Line(msgspec.Struct, omit_defaults=True, tag_field="view", tag="line"):
    """The learning line 0-27 of one learner. `status` as in domain.md §3.2: anticipated active in-transition gap
    left-region closed; `unusual` names odd transitions, which are shown and never refused (D9). `linked` are lines
    that were merged with this one (E27); `merged_into` the one that stays, when it is not this one. A line is closed
    when `closed_on` is set; `close_reason` is that of E29, `deceased` also after an E9 that tells of a death.
    `restricted` lines are shown to no partner."""

    learner_id: str
    status: str = "active"
    birth_month: str = ""
    primary: str = ""
    regions: Regions = msgspec.field(default_factory=Regions)
    enrolments: list[Enrolment] = []
    participations: list[Participation] = []
    placements: list[Placement] = []
    transfers: list[Transfer] = []
    returns: list[Return] = []
    advice: list[Advice] = []
    tlvs: list[Tlv] = []
    supports: list[Support] = []
    reviews: list[Review] = []
    absences: list[Absence] = []
    progress: list[Progress] = []
    certificates: list[Certificate] = []
    onboards: list[Onboard] = []
    signals: list[SignalView] = []
    unusual: list[str] = []
    linked: list[str] = []
    merged_into: str = ""
    closed_on: str = ""
    close_reason: str = ""
    as_of: str = ""
    events: int = 0
    restricted: bool = False


class Band(msgspec.Struct, omit_defaults=True):
    age_band: str
    count: int


class Wave(msgspec.Struct, omit_defaults=True):
    """Part of an arrival group that has come (E4), as many of it as are still there. `breach_on` is the day on which
    three months of its school clock have passed."""

    arrived_on: str
    clock_start: str
    breach_on: str
    bands: list[Band] = []


class Group(msgspec.Struct, omit_defaults=True, tag_field="view", tag="group"):
    """An arrival group. `status`: announced, updated, arrived, cancelled. `warn_on` and `breach_on` are the T01 clock
    (domain.md §3.5): dates by which every minor must have a place. `sequence` is that of the newest fact, `arrivals`
    are the waves that came, by their clocks."""

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
    arrivals: list[Wave] = []
    clock_start: str = ""
    warn_on: str = ""
    breach_on: str = ""
    cancel_reason: str = ""
    sequence: int = 0
    ignored: int = 0
    as_of: str = ""


class Offer(msgspec.Struct, omit_defaults=True, tag_field="view", tag="offer"):
    """Places or another offer (E5). `free` is capacity minus occupied, never below 0; `codes` are the kinds of
    support that a school profile (sop) offers."""

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
    codes: list[str] = []
    as_of: str = ""


class Shortfall(msgspec.Struct, omit_defaults=True):
    """T02: more newcomers than free places in `area` for `ages` (po, vo). `date` is the first day on which `demand`
    children are more than the `free` places for them, `until` the first later one on which all have a place, ""
    while none is in sight."""

    area: str
    ages: str
    date: str
    demand: int
    free: int
    until: str = ""


class Need(msgspec.Struct, omit_defaults=True):
    """Newcomers without a place in one area and sector (`ages`) on a day, all who came before among them.

    `short` of the `need` children find no place on that day, until `until` ("" = no end in sight); `waiting` of them
    have arrived. `free` are the places for them, `elsewhere` those that only other areas have. Not `known` when
    nobody published places for the sector: then nothing is short, and nothing is enough.
    """

    area: str
    ages: str
    date: str
    bands: list[Band] = []
    need: int = 0
    free: int = 0
    short: int = 0
    waiting: int = 0
    elsewhere: int = 0
    until: str = ""
    known: bool = True


class Seat(msgspec.Struct, omit_defaults=True):
    """Places that `count` children find from `date` on, at organisation `org`."""

    date: str
    org: str = ""
    count: int = 0


class Asked(msgspec.Struct, omit_defaults=True):
    """Children of groups who come to one area on one day, and need a place in one sector (`ages`). `seats` are those
    they find, first come first served; who has none in them finds none as far as is known. `known` as in Need."""

    area: str
    ages: str
    date: str
    bands: list[Band] = []
    need: int = 0
    seats: list[Seat] = []
    known: bool = True


class Start(msgspec.Struct, omit_defaults=True):
    """Published places that are free from `date` until `until` ("" = without end), in `area` or ("") the whole city,
    for `ages`: a band, a sector or ("") every age of school; at organisation `org`. None free is full, which is not
    unknown."""

    area: str
    ages: str
    date: str
    until: str = ""
    free: int = 0
    org: str = ""


class Places(msgspec.Struct, omit_defaults=True, tag_field="view", tag="places"):
    """Newcomers against places (F01, F02, T01, T02) of one city.

    `demand` are children of groups who still need a place, `waiting` those of them who arrived; `placed` were given
    one, of which `timely` within three months of the start of their school clock and `late` after; `days` is the
    median from that start to the place. `free` are all published free places.
    """

    city: str
    demand: int = 0
    free: int = 0
    waiting: int = 0
    placed: int = 0
    timely: int = 0
    late: int = 0
    days: int = 0
    starts: list[Start] = []
    needs: list[Need] = []
    asked: list[Asked] = []
    shortfalls: list[Shortfall] = []
    signals: list[SignalView] = []


class Cell(msgspec.Struct, omit_defaults=True):
    """One published number: `of` names the categories that it counts together, `value` is the count, or a band such
    as `1-4` or `<5`."""

    of: list[str]
    value: int | str


class Published(msgspec.Struct, omit_defaults=True):
    """One metric (M1-M15) as it was published on a fixed day: cells are disjoint, each empty or at least `k`, so that
    no sum of them gives away a small one. `method` names how: pooled, banded or rounded."""

    metric: str
    period: str
    on: str
    k: int
    method: str
    cells: list[Cell] = []


class Census(msgspec.Struct, omit_defaults=True, tag_field="view", tag="census"):
    """Published aggregates, newest per metric and period; `kept` are counts of erased learners, without who."""

    published: list[Published] = []
    kept: dict[str, int] = {}


View = Line | Group | Offer | Places | Census

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[View] = msgspec.json.Decoder(View)


def dump(view: View) -> bytes:
    return _encoder.encode(view)


def load(raw: bytes | str) -> View:
    return _decoder.decode(raw)

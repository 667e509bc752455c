"""The learning line 0-27 as people see it: a pure function of the facts, so the same for any order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from hub.core.event import instant
from hub.core.partners import Partner
from hub.core.state import Fact, State
from hub.core.views import Certificate, Enrolment, Line, Participation, SignalView, Transfer

NORMAL_NEXT: dict[str, frozenset[str]] = {
    "opvang": frozenset({"opvang", "po", "sbo", "so"}),
    "po": frozenset({"po", "sbo", "so", "vo", "pro", "vso"}),
    "sbo": frozenset({"po", "sbo", "so", "vo", "pro", "vso"}),
    "so": frozenset({"po", "sbo", "so", "vo", "pro", "vso"}),
    "vo": frozenset({"vo", "pro", "vso", "vavo", "mbo", "hbo", "wo"}),
    "pro": frozenset({"vo", "pro", "vso", "mbo", "work"}),
    "vso": frozenset({"vo", "pro", "vso", "mbo", "work"}),
    "vavo": frozenset({"vavo", "mbo", "hbo", "wo"}),
    "mbo": frozenset({"mbo", "hbo", "work", "vavo"}),
    "hbo": frozenset({"hbo", "wo", "work"}),
    "wo": frozenset({"wo", "hbo", "work"}),
}
"""domain.md §3.3. Another step is shown as unusual, never refused (D9)."""


def view(state: State) -> Line:
    """The line of one learner."""
    enrolments = _enrolments(state)
    transfers = _transfers(state)
    line = Line(
        learner_id=state.key.removeprefix("learner/"),
        birth_month=_birth_month(state),
        enrolments=enrolments,
        participations=_participations(state),
        transfers=transfers,
        certificates=_certificates(state),
        signals=signals(state),
        as_of=as_of(state),
        events=len(state.facts),
    )
    running = _running(state, enrolments)
    line.primary = next((e.org for e in running if e.primary), "")
    line.status = _status(running, enrolments, transfers)
    line.unusual = list(_unusual(running, enrolments))
    return line


def signals(state: State) -> list[SignalView]:
    found = (SignalView(s.rule, s.severity, s.due, s.responsible, s.subject) for s in state.signals.values())
    return sorted(found, key=lambda s: (s.rule, s.subject))


def as_of(state: State) -> str:
    """Time of logging of the newest fact as its publisher gave it, else its business date. Never the time of
    arrival, which would make the view depend on the order."""
    times = (f.attributes.get("time") or f.data.get("occurredOn", "") for f in state.facts.values())
    return max((str(t) for t in times), key=lambda t: (instant(t), t), default="")


def parts(state: State, family: str) -> dict[str, dict[str, Fact]]:
    """Facts of one family by aggregate id: `{"<enrolmentId>": {"start": fact, "end": fact}}`."""
    found: dict[str, dict[str, Fact]] = {}
    for slot, fact in sorted(state.of(f"{family}/").items()):
        id, _, part = slot.partition("/")
        found.setdefault(id, {})[part] = fact
    return found


def _birth_month(state: State) -> str:
    starts = [f.data for slot, f in state.of("enrolment/").items() if slot.endswith("/start")]
    return max(((d["startOn"], d["birthMonth"]) for d in starts), default=("", ""))[1]


def _enrolments(state: State) -> list[Enrolment]:
    found = [_enrolment(id, part) for id, part in parts(state, "enrolment").items()]
    return sorted(found, key=lambda e: (e.start or e.end, e.id))


def _enrolment(id: str, part: dict[str, Fact]) -> Enrolment:
    start, end = _data(part, "start"), _data(part, "end")
    level = start.get("level", "")
    return Enrolment(
        id=id,
        org=start.get("orgId") or end.get("orgId", ""),
        stage=start.get("stage", ""),
        year=start.get("year", ""),
        level=",".join(level) if isinstance(level, list) else level,
        start=start.get("startOn", ""),
        end=end.get("endOn", ""),
        reason=end.get("reason", ""),
        diploma=end.get("diploma", ""),
        next_org=end.get("nextOrg", ""),
        primary=start.get("primary", False),
        privacy=_privacy(part),
    )


def _participations(state: State) -> list[Participation]:
    found = [_participation(id, part) for id, part in parts(state, "participation").items()]
    known = {(p.kind, p.org) for p in found}
    for id, part in parts(state, "onboard").items():
        found += [track for track in _onboard(id, part[""]) if (track.kind, track.org) not in known]
    return sorted(found, key=lambda p: (p.start or p.end, p.id))


def _participation(id: str, part: dict[str, Fact]) -> Participation:
    start, end = _data(part, "start"), _data(part, "end")
    return Participation(
        id=id,
        kind=start.get("kind") or end.get("kind", ""),
        org=start.get("atOrg") or end.get("orgId", ""),
        start=start.get("startOn", ""),
        planned_end=start.get("plannedEnd", ""),
        end=end.get("endOn", ""),
        result=end.get("result", ""),
        enrolment=start.get("enrolmentId", ""),
        privacy=_privacy(part),
    )


def _onboard(id: str, fact: Fact) -> Iterator[Participation]:
    """ONboard is two tracks at once (domain.md §3.4)."""
    for kind, org in (("onboard-vo", "voSchool"), ("onboard-mbo", "mboOrg")):
        yield Participation(f"{id}/{kind}", kind, fact.data[org], fact.data["startOn"], privacy=fact.privacy)


def _transfers(state: State) -> list[Transfer]:
    found = [_transfer(id, part) for id, part in parts(state, "handover").items()]
    return sorted(found, key=lambda t: (t.prepared_on, t.id))


def _transfer(id: str, part: dict[str, Fact]) -> Transfer:
    prepared = _data(part, "prepared")
    return Transfer(
        id=id,
        from_org=prepared.get("fromOrg", ""),
        to_org=prepared.get("toOrg", ""),
        transfer=prepared.get("transfer", ""),
        state=_transfer_state(part),
        prepared_on=prepared.get("occurredOn", ""),
        ack_by=prepared.get("ackBy", ""),
        planned_start=prepared.get("plannedStart", ""),
        extra_support=prepared.get("extraSupport", False),
        warm_needed=prepared.get("warmNeeded", False),
        privacy=_privacy(part),
    )


def _transfer_state(part: dict[str, Fact]) -> str:
    """Region 3 of domain.md §3.2. Both sides may report a warm contact; one that was held is enough."""
    result = _data(part, "acknowledged").get("result", "")
    if result in ("wrong-recipient", "incomplete", "purged"):
        return str(result)
    warm = {slot.split("/")[0]: f.data["status"] for slot, f in part.items() if _held(slot, f)}
    needed = _data(part, "prepared").get("warmNeeded", False)
    if "warm-follow-up" in warm:
        return "complete"
    if "warm-initial" in warm:
        return "warm-initial-held"
    if result == "accepted":
        return "acknowledged" if needed else "complete"
    return "prepared" if "prepared" in part else "none"


def _held(slot: str, fact: Fact) -> bool:
    return slot.startswith("warm-") and fact.data["status"] == "held"


def _certificates(state: State) -> list[Certificate]:
    found = [_certificate(id, part) for id, part in parts(state, "certificate").items()]
    return sorted(found, key=lambda c: (c.issued_on, c.id))


def _certificate(id: str, part: dict[str, Fact]) -> Certificate:
    issued = _data(part, "issued")
    effects = {
        f.data["byOrg"]: f.data["effect"] for slot, f in part.items() if slot.startswith("recognised/")
    }
    recognised = sorted(org for org, effect in effects.items() if effect != "none")
    return Certificate(
        id=id,
        kind=issued.get("kind", ""),
        title=issued.get("title", ""),
        level=issued.get("level", ""),
        sector=issued.get("sector", ""),
        issued_on=issued.get("issuedOn", ""),
        issuer=issued.get("issuer", ""),
        status="recognised" if recognised else "issued" if issued else "unknown",
        recognised_by=recognised,
    )


def _data(part: dict[str, Fact], name: str) -> dict[str, Any]:
    fact = part.get(name)
    return fact.data if fact else {}


def _privacy(part: dict[str, Fact]) -> str:
    return max(f.privacy for f in part.values())


def _running(state: State, enrolments: Iterable[Enrolment]) -> list[Enrolment]:
    """Enrolments without an end, newest first. One that a later enrolment came `from` is taken as left, though its
    own end has not come in yet (scenario S7)."""
    starts = [f.data for slot, f in state.of("enrolment/").items() if slot.endswith("/start")]
    left = {(d["from"], d["startOn"]) for d in starts if d.get("from")}
    open_ = [e for e in enrolments if e.start and not e.end]
    stays = [e for e in open_ if not any(org == e.org and e.start < day for org, day in left)]
    return sorted(stays, key=lambda e: (e.start, e.id), reverse=True)


def _status(running: list[Enrolment], enrolments: list[Enrolment], transfers: list[Transfer]) -> str:
    if any(e.reason == "death" for e in enrolments):
        return "closed"
    known = {e.org for e in enrolments}
    if any(
        t.state in ("prepared", "acknowledged", "warm-initial-held") and t.to_org not in known
        for t in transfers
    ):
        return "in-transition"
    if running or not enrolments:
        return "active"
    return "left-region" if max(enrolments, key=lambda e: e.end).reason == "moved-out" else "gap"


def _unusual(running: list[Enrolment], enrolments: list[Enrolment]) -> Iterator[str]:
    if sum(e.primary for e in running) > 1:
        yield "two-primaries"
    steps = [e for e in enrolments if e.start and e.primary]
    for before, after in pairwise(steps):
        if after.stage not in NORMAL_NEXT.get(before.stage, frozenset()):
            yield f"{before.stage}-{after.stage}"


NOTE = (
    "Deze weergave toont alleen wat uw organisatie mag zien; dossiers en zaken van andere partijen ontbreken. / "
    "This view shows only what your organisation may see; dossiers and cases of other parties are not in it."
)


def for_partner(line: Line, partner: Partner) -> dict[str, Any] | None:
    """The line as one partner may see it; None without an active relation (domain.md §3.6).

    Rows of class P2 appear only for the parties of that row; nothing tells that others exist.
    """
    if not _related(line, partner):
        return None
    return {
        "learnerId": line.learner_id,
        "status": line.status,
        "asOf": line.as_of,
        "enrolments": [
            _row(e, "privacy", "id") for e in line.enrolments if _visible(e.privacy, partner, e.org)
        ],
        "participations": [
            _row(p, "privacy") for p in line.participations if _visible(p.privacy, partner, p.org)
        ],
        "transfers": [
            _row(t, "privacy") for t in line.transfers if partner.owns(t.from_org) or partner.owns(t.to_org)
        ],
        "certificates": [_row(c) for c in line.certificates],
        "signals": [_row(s, "subject") for s in line.signals if partner.owns(s.responsible)],
        "note": NOTE,
    }


def _related(line: Line, partner: Partner) -> bool:
    here = [e.org for e in line.enrolments if e.start and not e.end]
    here += [p.org for p in line.participations if p.start and not p.end]
    here += [t.to_org for t in line.transfers if t.state in ("prepared", "acknowledged", "warm-initial-held")]
    return any(partner.owns(org) for org in here)


def _visible(privacy: str, partner: Partner, *orgs: str) -> bool:
    return privacy != "P2" or any(partner.owns(org) for org in orgs)


def _row(value: Any, *hidden: str) -> dict[str, Any]:
    """Fields of a view with something in them, camelCase."""
    shown = ((name, getattr(value, name)) for name in value.__struct_fields__ if name not in hidden)
    return {_camel(name): given for name, given in shown if given not in ("", [])}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)

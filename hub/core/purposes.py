"""Why a party may have what: the flows that events serve, and the legal bases that roles may claim for them.

A flow is both what an operator can switch off and what a subscription names as its purpose. The tables are closed
(AVG art. 5 and 6; domain.md §2.2 CL-BASIS): what is not in them is nobody's purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, get_args

from hub.core.codes import Basis
from hub.core.event import Fault
from hub.core.partners import Role

FLOWS: Mapping[str, tuple[str, ...]] = {
    "newcomers": ("arrival-group.announced", "arrival-group.updated", "arrival-group.cancelled", "arrival-group.arrived"),
    "offers": ("offer.published",),
    "placement": ("placement.requested", "placement.decided"),
    "enrolment": ("enrolment.started", "enrolment.ended"),
    "participation": ("participation.started", "participation.ended", "transfer.returned"),
    "advice": ("school-advice.issued",),
    "handovers": ("handover.prepared", "handover.acknowledged", "handover.withdrawn", "warm-contact.held"),
    "support": ("tlv.decided", "support.changed", "review.held"),
    "absence": ("absence.opened", "absence.closed"),
    "certificates": ("certificate.issued", "certificate.revoked", "certificate.recognised"),
    "progress": ("progress.reported",),
    "onboard": ("onboard.enrolled",),
    "lines": ("learner.linked", "line.closed", "erasure.executed"),
    "signals": ("signal.raised", "signal.cleared"),
    "aggregates": ("aggregate.published",),
}  # fmt: skip
"""Names of kinds of events per flow; each kind serves one."""

OPEN = frozenset({"newcomers", "offers", "aggregates"})
"""Flows that are not about one person: they need no basis, and go on whatever is switched off."""

ALWAYS = "lines"
"""That lines were linked, closed or erased reaches whoever had something of them, whatever its purpose was."""

SWITCHED: tuple[str, ...] = tuple(flow for flow in FLOWS if flow not in OPEN | {ALWAYS, "signals"})
"""Flows that can be switched off. Signals go with the flow that they watch over; erasure must always work."""

GAPS: Mapping[str, str] = {
    "T03": "placement",
    "T04": "enrolment",
    **dict.fromkeys(("T05", "T06", "T07", "T08"), "handovers"),
    **dict.fromkeys(("T09", "T10"), "support"),
    "T11": "absence",
    "T12": "certificates",
    "T13": "onboard",
    "T14": "placement",
    **dict.fromkeys(("T15", "T16"), "participation"),
    "T17": "enrolment",
}
"""The flow that each gap rule about a learner watches over (domain.md §3.5)."""

NO_BASIS = "NONE"
HAD = "HAD"
"""Column of a partner that had what is changed now: the purpose for which it had it goes on."""


class Ground(NamedTuple):
    """A legal basis: the roles that may claim it, the flows it is for, and the columns of the routing matrix, that is
    the relations to the learner at the moment of telling, in which it holds."""

    roles: frozenset[str]
    flows: frozenset[str]
    columns: frozenset[str]


_SCHOOLS = (Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC, Role.TAALCENTRUM)
_LATER = (Role.MBO, Role.HBO)
_CARE = (Role.JGZ, Role.JEUGDHULP)
_SIDES = ("FROM", "TO", "TC")


def _ground(roles: Iterable[str], flows: str, *columns: str) -> Ground:
    return Ground(frozenset(roles), frozenset(flows.split()), frozenset(columns))


GROUNDS: Mapping[str, Ground] = {
    "WPO-OKR": _ground(
        _SCHOOLS, "placement enrolment participation advice handovers progress signals", *_SIDES
    ),
    "VO-OVERSTAP": _ground(
        (*_SCHOOLS, *_LATER),
        "placement enrolment participation advice handovers progress onboard signals",
        *_SIDES,
    ),
    "LPW": _ground(
        (Role.LEERPLICHT, *_SCHOOLS, Role.MBO),
        "placement enrolment absence onboard signals",
        "LP",
        *_SIDES,
    ),
    "SWV-TAAK": _ground(
        (Role.SWV, *_SCHOOLS, Role.MBO),
        "placement participation handovers support absence signals",
        "SWV",
        *_SIDES,
    ),
    "WEB-DSP": _ground(
        (Role.DOORSTROOMPUNT, Role.MBO, Role.VO, Role.VSO),
        "enrolment absence progress onboard signals",
        "DP",
        "FROM",
        "TO",
    ),
    "VE-DUTY": _ground(
        (Role.OPVANG, Role.PO, Role.SO_SBO, Role.JGZ),
        "enrolment participation handovers signals",
        "OPV",
        "JGZ",
        "FROM",
        "TO",
    ),
    "CONSENT": _ground(
        (*_SCHOOLS, *_LATER, *_CARE, Role.OPVANG),
        "participation handovers support certificates",
        "OPV",
        "JGZ",
        "FROM",
        "TO",
    ),
    "CONVENANT": _ground((*_CARE, *_SCHOOLS, Role.SWV), "participation support", "JGZ", "SWV", *_SIDES),
    "AGREEMENT": _ground(
        (*_SCHOOLS, *_LATER),
        "participation certificates progress onboard signals",
        *_SIDES,
    ),
    NO_BASIS: _ground(Role, ""),
}
"""What each basis carries [A where the domain model names no law: to be confirmed by the partners' lawyers]."""


@lru_cache(maxsize=512)
def flow_of(type: str) -> str:
    """The flow that events of a CloudEvents type serve; "" for a type of no flow."""
    return _FLOW.get(type.partition(".")[2].partition(".")[2].rpartition(".")[0], "")


_FLOW = {name: flow for flow, names in FLOWS.items() for name in names}


def uncovered(purposes: Sequence[str], basis: str, flow: str, column: str) -> str:
    """Why a subscription for these purposes, on this basis, may not have an event of a flow that the matrix gives its
    partner by this column; "" when it may."""
    if flow == ALWAYS:
        return ""
    if flow not in purposes:
        return "purpose-not-covered"
    return "" if flow in OPEN or _carries(basis, flow, column) else "basis-not-covered"


def _carries(basis: str, flow: str, column: str) -> bool:
    ground = GROUNDS.get(basis)
    return ground is not None and flow in ground.flows and (column == HAD or column in ground.columns)


def claimed(config: Mapping[str, object], types: Sequence[str], roles: Iterable[str]) -> Iterator[Fault]:
    """What is wrong with the purposes and the basis in the `config` of a subscription to these types, for a partner
    with these roles. A subscription may leave both out: then it is for the legal task of its partner, which the
    routing matrix tells."""
    if not {"purpose", "basis"} & config.keys():
        return
    wanted, basis = config.get("purpose"), config.get("basis")
    if (
        not isinstance(wanted, list)
        or not wanted
        or not all(isinstance(p, str) and p in FLOWS for p in wanted)
    ):
        yield Fault("/config/purpose", "purpose", f"must be an array of at least one of {', '.join(FLOWS)}")
        return
    if basis not in get_args(Basis):
        yield Fault("/config/basis", "basis", f"must be one of {', '.join(get_args(Basis))}")
        return
    ground = GROUNDS[str(basis)]
    if ground.roles.isdisjoint(roles):
        yield Fault("/config/basis", "basis", "is no basis that a party with your roles may claim")
    for place, purpose in enumerate(wanted):
        if purpose not in ground.flows | OPEN | {ALWAYS}:
            yield Fault(f"/config/purpose/{place}", "purpose", f"is nothing that {basis} is a basis for")
    for place, type in enumerate(types):
        if flow_of(type) not in (*wanted, ALWAYS):
            yield Fault(f"/types/{place}", "purpose", "is of none of the purposes of this subscription")

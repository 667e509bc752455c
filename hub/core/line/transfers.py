"""Handovers of a line and how far each has come: region 3 of domain.md §3.2."""

from __future__ import annotations

from hub.core.facts import Facts, Parts
from hub.core.identity import instant
from hub.core.line.rows import data, newest, privacy, rows
from hub.core.views import Transfer

OPEN = frozenset({"prepared", "incomplete", "acknowledged", "warm-initial-held", "warm-followup-held"})
"""Something is still to be done."""

LOST = frozenset({"wrong-recipient", "withdrawn", "purged"})
"""Not, or no longer, for whom it was sent to."""

GRAVEST = (
    "wrong-recipient", "incomplete", "prepared", "acknowledged", "warm-initial-held", "warm-followup-held",
    "complete", "withdrawn", "purged", "none",
)  # fmt: skip

_DONE = frozenset({"held", "not-needed", "declined-by-parents"})
"""Nothing more will come of a warm contact: it was held, or nobody waits for it."""

Contacts = dict[str, str]
"""Warm contacts of one phase: the first day by status."""


def transfers(facts: Facts) -> list[Transfer]:
    return rows(facts, "handover", _transfer, lambda t: (t.prepared_on, t.id))


def _transfer(id: str, parts: Parts) -> Transfer:
    prepared, answer, gone = data(parts, "prepared"), data(parts, "acknowledged"), data(parts, "withdrawn")
    initial, follow_up = _contacts(parts, "initial"), _contacts(parts, "follow-up")
    return Transfer(
        id=id,
        from_org=prepared.get("fromOrg", ""),
        to_org=prepared.get("toOrg", ""),
        transfer=prepared.get("transfer", ""),
        state=_state(parts, initial, follow_up),
        prepared_on=prepared.get("occurredOn", ""),
        acknowledged_on=answer.get("occurredOn", "") if answer.get("result") == "accepted" else "",
        ack_by=prepared.get("ackBy", ""),
        planned_start=prepared.get("plannedStart", ""),
        extra_support=prepared.get("extraSupport", False),
        warm_needed=prepared.get("warmNeeded", False),
        warm_initial_on=initial.get("held", ""),
        warm_follow_up_on=follow_up.get("held", ""),
        withdrawn_on=gone.get("occurredOn", ""),
        withdrawn_for=gone.get("reason", ""),
        replaced_by=gone.get("replacedBy", ""),
        privacy=privacy(parts),
        at=newest(parts.values()),
    )


def _contacts(parts: Parts, phase: str) -> Contacts:
    """The first day of every status that either side reported; one side is enough."""
    told = [fact.data for name, fact in parts.items() if name.startswith(f"warm-{phase}/")]
    return {one["status"]: one["on"] for one in sorted(told, key=lambda d: str(d["on"]), reverse=True)}


def _state(parts: Parts, initial: Contacts, follow_up: Contacts) -> str:
    answer = data(parts, "acknowledged").get("result", "")
    if answer == "purged":
        return "purged"
    if "withdrawn" in parts:
        return "withdrawn"
    if "prepared" not in parts:
        return "none"
    if answer in ("wrong-recipient", "incomplete"):
        return "prepared" if _prepared_again(parts) else str(answer)
    if answer == "accepted" and _nothing_to_come(parts, initial, follow_up):
        return "complete"
    if "held" in follow_up:
        return "warm-followup-held"
    if "held" in initial:
        return "warm-initial-held"
    return "acknowledged" if answer == "accepted" else "prepared"


def _nothing_to_come(parts: Parts, *phases: Contacts) -> bool:
    return not data(parts, "prepared")["warmNeeded"] or all(not _DONE.isdisjoint(phase) for phase in phases)


def _prepared_again(parts: Parts) -> bool:
    """Whether the sender sent it anew after it came back; after `wrong-recipient` that must be to someone else."""
    sent, answer = parts["prepared"], parts["acknowledged"]
    if answer.data["result"] == "wrong-recipient" and sent.data["toOrg"] == answer.data["orgId"]:
        return False
    moments = [(f.data["occurredOn"], instant(str(f.attributes.get("time", "")))) for f in (sent, answer)]
    return moments[0] > moments[1]

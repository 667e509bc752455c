"""T12: a certificate that the next mbo or hbo did not decide on (domain.md F35)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.core import calendar
from hub.core.case import Case
from hub.core.facts import Data, Parts
from hub.core.gaps.gap import Gap, fresh, left_on, on, raised, told

_FOLLOW_UP = frozenset({"mbo", "hbo"})


def undecided(case: Case) -> Iterator[Gap]:
    """Eight weeks after enrolment there, as long as the learner stays. One that was revoked, or that the learner does
    not want to take along, needs no decision."""
    for parts in case.facts.family("certificate").values():
        issued = parts.get("issued")
        if issued is None or "revoked" in parts or issued.data.get("consent") == "refused":
            continue
        for start, end in case.facts.stays():
            if not _carried(issued.data, start.data, parts):
                continue
            org, subject = start.data["orgId"], f"certificate/{issued.data['certificateId']}"
            rules = case.policy.rules
            term = on("warn", calendar.add_days(start.data["startOn"], rules.recognition_days))
            known = told(issued, fresh(start, rules.calendar))
            key = f"T12/{subject}/{org}"
            yield from raised("T12", subject, org, known, term, key=key, until=left_on(end))


def _carried(issued: Data, start: Data, parts: Parts) -> bool:
    """Brought along to another institution, which did not decide yet."""
    later = start["stage"] in _FOLLOW_UP and start["startOn"] > issued["issuedOn"]
    return later and start["orgId"] != issued["issuer"] and f"recognised/{start['orgId']}" not in parts

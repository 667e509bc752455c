"""What a learner reached and was advised: school advice, progress and certificates (domain.md §2.5, §2.7)."""

from __future__ import annotations

from hub.core.facts import Data, Facts, Parts
from hub.core.line.rows import data, newest, rows
from hub.core.state import Fact
from hub.core.views import Advice, Certificate, Progress


def advice(facts: Facts) -> list[Advice]:
    """Per school year: the provisional one and the definitive one."""
    found = [
        _advice(year, moment, fact)
        for year, parts in facts.family("advice").items()
        for moment, fact in parts.items()
    ]
    return sorted(found, key=lambda a: (a.year, a.moment == "definitive", a.moment))


def _advice(year: str, moment: str, fact: Fact) -> Advice:
    told = fact.data
    return Advice(
        year=year,
        moment=moment,
        advice=str(told.get("advice", "")),
        lwoo=told.get("lwoo", False),
        test=told.get("testRelation", ""),
        adjusted=told.get("adjusted", ""),
        org=told.get("orgId", ""),
        on=told.get("occurredOn", ""),
        at=newest((fact,)),
    )


def progress(facts: Facts) -> list[Progress]:
    return rows(facts, "progress", _progress, lambda p: (p.on, p.moment))


def _progress(id: str, parts: Parts) -> Progress:
    """`id` is the moment and the school year: `vo-year3.2026-2027`."""
    told = data(parts, "reported")
    return Progress(
        moment=id.partition(".")[0],
        on=told.get("occurredOn", ""),
        org=told.get("orgId", ""),
        level=str(told.get("levelNow", "")),
        versus_advice=told.get("vsAdvice", ""),
        erk=told.get("erkBand", ""),
        reference=told.get("refBand", ""),
        at=newest(parts.values()),
    )


def certificates(facts: Facts) -> list[Certificate]:
    return rows(facts, "certificate", _certificate, lambda c: (c.issued_on, c.id))


def _certificate(id: str, parts: Parts) -> Certificate:
    issued, revoked = data(parts, "issued"), data(parts, "revoked")
    found = [f.data for name, f in parts.items() if name.startswith("recognised/")]
    effects = {told["byOrg"]: told["effect"] for told in sorted(found, key=lambda d: str(d["byOrg"]))}
    recognised = [org for org, effect in effects.items() if effect != "none"]
    return Certificate(
        id=id,
        kind=issued.get("kind", ""),
        title=issued.get("title", ""),
        level=issued.get("level", ""),
        sector=issued.get("sector", ""),
        issued_on=issued.get("issuedOn", ""),
        issuer=issued.get("issuer", ""),
        status=_status(issued, revoked, bool(recognised)),
        recognised_by=recognised,
        effects=effects,
        revoked_on=revoked.get("revokedOn", ""),
        at=newest(parts.values()),
    )


def _status(issued: Data, revoked: Data, recognised: bool) -> str:
    """Revoked is terminal (domain.md §3.2): whoever recognises it afterwards does not bring it back."""
    if not issued:
        return "unknown"
    return "revoked" if revoked else "recognised" if recognised else "issued"

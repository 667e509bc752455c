"""Counts for the procesregisseur (domain.md §3.6 M2 and M6): of the whole city, with the small-cell rule of §3.7.

Never a person, a site or a group: what comes out may be shown as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from hub.core.cells import is_small
from hub.core.views import Certificate, Group, Line, Places

K = 5
WITHHELD = "-"
"""Stands where a count would give away a small cell by subtraction."""

REST = "rest"


def m2(groups: Iterable[Group], places: Places | None, k: int = K) -> dict[str, Any]:
    """Newcomers against places. A rumour is not counted: it stays with gemeente and taalcentrum."""
    known = [g for g in groups if g.certainty != "rumour"]
    announced = sum(g.total for g in known if g.status in ("announced", "updated"))
    arrived = sum(g.total for g in known if g.status == "arrived")
    cancelled = sum(g.status == "cancelled" and not g.waves for g in known)
    demand = places.demand if places else 0
    return {
        "metric": "M2",
        "nl": "Nieuwkomers tegenover plaatsen",
        "en": "Newcomers against places",
        "k": k,
        "figures": [
            _figure("announced", "Aangekondigde minderjarigen", "Minors announced", shown(announced, k)),
            _figure("arrived", "Aangekomen minderjarigen", "Minors arrived", shown(arrived, k)),
            _figure(
                "not-arrived",
                "Groepen aangekondigd, niet gekomen",
                "Groups announced, not arrived",
                cancelled,
            ),
            _figure(
                "demand",
                "Leerlingen die een plaats vragen",
                "Pupils in need of a place",
                _demand(demand, announced + arrived, k),
            ),
            _figure("free", "Vrije plaatsen", "Free places", places.free if places else 0),
        ],
    }


def m6(lines: Iterable[Line], k: int = K) -> dict[str, Any]:
    """Certificates issued, recognised, and carried over to another organisation; each by sector."""
    issued: Counter[str] = Counter()
    recognised: Counter[str] = Counter()
    carried: Counter[str] = Counter()
    for line in lines:
        for certificate in (c for c in line.certificates if c.issuer):
            issued[certificate.sector] += 1
            recognised[certificate.sector] += bool(certificate.recognised_by)
            carried[certificate.sector] += carried_over(certificate, line)
    return {
        "metric": "M6",
        "nl": "Modulecertificaten",
        "en": "Module certificates",
        "k": k,
        "figures": [
            _spread("issued", "Uitgereikt", "Issued", issued, k),
            _spread("recognised", "Erkend", "Recognised", recognised, k),
            _spread("carried-over", "Meegenomen naar vervolgonderwijs", "Carried over", carried, k),
        ],
    }


def carried_over(certificate: Certificate, line: Line) -> bool:
    """Whether someone recognised it who was no party when it was issued: neither issuer nor school of that day."""
    there = {certificate.issuer, *_schools_on(line, certificate.issued_on)}
    return any(org not in there for org in certificate.recognised_by)


def _schools_on(line: Line, day: str) -> Iterator[str]:
    return (e.org for e in line.enrolments if e.start <= day and (not e.end or e.end >= day))


def shown(count: int, k: int = K) -> int | str:
    """A count, or `<k` for 1 to k-1."""
    return f"<{k}" if is_small(count, k) else count


def _demand(demand: int, minors: int, k: int) -> int | str:
    """Children who need no school yet are the difference with the minors, and may be few."""
    return WITHHELD if is_small(abs(minors - demand), k) else shown(demand, k)


def _figure(name: str, nl: str, en: str, value: int | str) -> dict[str, Any]:
    return {"name": name, "nl": nl, "en": en, "value": value}


def _spread(name: str, nl: str, en: str, counts: Counter[str], k: int) -> dict[str, Any]:
    figure = _figure(name, nl, en, shown(counts.total(), k))
    return {**figure, "sectors": {} if counts.total() < k else pooled(counts, k)}


def pooled(counts: Counter[str], k: int) -> dict[str, int]:
    """Small cells taken together as `rest`, with the next smallest as long as they are few: no cell can be found by
    subtracting the others from the total."""
    cells = sorted(((n, name) for name, n in counts.items() if n), key=lambda cell: (cell[0], cell[1]))
    rest = 0
    while cells and (cells[0][0] < k or is_small(rest, k)):
        rest += cells.pop(0)[0]
    return {**{name: n for n, name in sorted(cells, key=lambda c: c[1])}, **({REST: rest} if rest else {})}

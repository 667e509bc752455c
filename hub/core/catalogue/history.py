"""What changed in each kind since it came: in what may be sent, in who may send it, or in who gets what of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.core.catalogue.base import Kind


class Change(NamedTuple):
    """In the words of people who read the catalogue; `release` is the one that first had it."""

    release: str
    nl: str
    en: str


_POINTER = Change(
    "0.2.0",
    "Een verwijzing naar een dossier heeft geen schuine streep en minstens één cijfer, zodat er geen woord of naam in "
    "past.",
    "A pointer to a file has no slash and at least one digit, so that no word or name fits in.",
)
_PROGRAMME = Change(
    "0.2.0",
    "Een eigen opleidingscode is letters, een streepje en een getal.",
    "A programme code of one's own is letters, a hyphen and a number.",
)
_DESK = Change(
    "0.4.0",
    "Een loket is letters en streepjes voor de @, zodat er geen nummer van een persoon in past.",
    "A desk is letters and hyphens before the @, so that no number of a person fits in.",
)
_SIGNALS = Change(
    "0.2.0",
    "Ook het samenwerkingsverband, de ontvangende school en de opvang krijgen het signaal dat hen aangaat; de gemeente "
    "telt ze alleen nog.",
    "The support partnership, the receiving school and childcare get the signals that concern them too; the "
    "municipality only counts them now.",
)

CHANGES: Mapping[str, tuple[Change, ...]] = {
    "E1": (_DESK,),
    "E2": (_DESK,),
    "E8": (_PROGRAMME,),
    "E10": (_PROGRAMME,),
    "E13": (_POINTER,),
    "E18": (_POINTER,),
    "E19": (_DESK,),
    "E23": (
        Change(
            "0.2.0",
            "Nieuw veld: of de jongere instemt. Een eigen code is letters, een streepje en een getal.",
            "New field: whether the learner agrees. A code of one's own is letters, a hyphen and a number.",
        ),
        Change(
            "0.4.0",
            "De naam van de server in het adres om het na te kijken is hoogstens 100 tekens.",
            "The name of the server in the address to verify it is at most 100 characters.",
        ),
    ),
    "H1": (_SIGNALS,),
    "H2": (_SIGNALS,),
}
"""By code, oldest first; that a kind came is not among them. A test holds them against what each kind says."""


def history(kind: Kind) -> tuple[Change, ...]:
    """All of it, oldest first; it begins with the release that the kind came in."""
    return (Change(kind.since, "Nieuw.", "New."), *CHANGES.get(kind.code, ()))

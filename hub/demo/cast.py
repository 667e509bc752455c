"""Who plays in the demo: the partners of the directory by the part they have in the story."""

from __future__ import annotations

from random import Random

from hub.core.directory import Directory
from hub.core.partners import Partner, Role

GEMEENTE = "gemeente-almere"
LEERPLICHT = "leerplicht-almere"
DOORSTROOMPUNT = "doorstroompunt-flevoland"
TAALCENTRUM = "taalcentrum-almere"
SWV = "passend-onderwijs-almere"
OPDC = "opdc-almere"
ROC = "roc-van-flevoland"
OPVANG = "de-schoor"
PRO = "pro-almere"
STO = "sto-almere"
ONTDEKKING = "de-ontdekking"
WINDESHEIM = "windesheim-almere"


class Cast:
    """Look-ups in a directory that has the partners named above."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self._with_role = {role: self._acting(role) for role in Role}

    def partner(self, id: str) -> Partner:
        return self.directory.partners[id]

    def ref(self, id: str) -> str:
        return self.partner(id).orgs[0].ref

    def source(self, id: str) -> str:
        return self.partner(id).sources[0]

    def with_role(self, role: Role) -> list[str]:
        """Partners that act in this role; who may only publish some types, or is another kind of school, does not."""
        return self._with_role[role]

    def pick(self, rng: Random, role: Role, *, other_than: str = "") -> str:
        return rng.choice([id for id in self.with_role(role) if id != other_than])

    def _acting(self, role: Role) -> list[str]:
        return [p.id for p in self.directory.with_role(role) if not p.types and p.id != PRO]

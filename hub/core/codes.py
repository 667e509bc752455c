"""Code lists of domain.md §2.2 and the formats of identifiers, as types that pydantic checks and JSON Schema shows."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

Privacy = Literal["G0", "G1", "P1", "P2", "A"]

Stage = Literal["opvang", "po", "sbo", "so", "vo", "pro", "vso", "vavo", "mbo", "hbo", "wo", "work", "none"]
Year = Literal[
    "P", "0", "1", "2", "3", "4", "5", "6", "7", "8", "11", "12", "13", "14", "15", "16", "S",
    "M1", "M2", "M3", "M4", "H1", "H2", "H3", "H4",
]  # fmt: skip
VoLevel = Literal["pro", "vmbo-bb", "vmbo-kb", "vmbo-gl", "vmbo-tl", "havo", "vwo", "isk"]
MboLevel = Literal[1, 2, 3, 4]
Leerweg = Literal["bol", "bbl"]
Erk = Literal["preA1", "A1", "A2", "B1", "B2", "C1", "C2"]
Reference = Literal["<1F", "1F", "1S", "2F", "3F", "4F"]
Site = Literal[
    "azc", "azc-extension", "emergency", "crisis", "ukraine", "amv", "family-location",
    "status-holder-housing", "hotel", "private",
]  # fmt: skip
Area = Literal["haven", "stad", "buiten", "hout", "poort", "pampus", "oosterwold", "outside"]
AgeBand = Literal["0-3", "4-5", "6-11", "12-15", "16-17", "18-26"]
Transfer = Literal[
    "VSPO", "VSWEC", "POPO", "POWEC", "POVO", "VOVO", "VOMBO", "VOHBO", "VOWO", "WECWEC", "WECVO",
    "WECMBO", "WECHBO", "WECWO", "POSWV", "VOSWV", "OVERIG", "MBOHBO",
]  # fmt: skip
TlvKind = Literal["sbo", "so", "vso", "pro", "lwoo"]
TlvCategory = Literal["L", "M", "H", "Nvt"]
Participation = Literal[
    "ve", "taalcentrum-po", "isk", "kopklas", "techlab", "mbo-module", "hbo-module", "vavo", "opdc",
    "arrangement", "crisis", "onboard-vo", "onboard-mbo", "ten-fourteen", "symbiosis", "outside-area",
    "jeugdhulp-site",
]  # fmt: skip
CertificateKind = Literal[
    "mbo-certificaat", "mbo-verklaring", "praktijkverklaring", "keuzedeel", "vavo-certificaat", "hbo-module",
    "edubadge", "school-certificaat", "portfolio-assessment",
]  # fmt: skip
CertificateLevel = Literal["mbo1", "mbo2", "mbo3", "mbo4", "hbo"]
CodeSystem = Literal["crebo", "croho", "isat", "keuzedeel", "vo-element", "local"]
Sector = Literal["techniek", "technologie", "bouw", "zorg", "welzijn", "educatie", "overig"]
Basis = Literal[
    "WPO-OKR", "VO-OVERSTAP", "LPW", "SWV-TAAK", "WEB-DSP", "VE-DUTY", "CONSENT", "CONVENANT", "AGREEMENT",
    "NONE",
]  # fmt: skip
Advice = Literal[
    "none", "vso", "pro", "vmbo-bb", "bb-t/m-kb", "kb", "kb-t/m-gl/tl", "gl/tl", "gl/tl-t/m-havo", "havo",
    "havo-t/m-vwo", "vwo",
]  # fmt: skip
Review = Literal["end-kleuter", "end-groep5", "end-klas2", "tlv-renewal", "opp-yearly", "ad-hoc"]
SupportLevel = Literal[0, 1, 2, 3, 4]
SupportCode = Literal[
    "nt2", "language", "arithmetic", "in-class", "individual-guidance", "group-arrangement", "part-time-elsewhere",
    "adapted-programme", "crisis-place",
]  # fmt: skip
"""What is done for a learner, never why: a code that names a condition would be a diagnosis (domain.md D1) [A]."""

AbsenceKind = Literal["absolute", "lrv"]
AbsenceCause = Literal[
    "no-place", "waiting-list", "exempt-pending", "moved", "illness-dispute", "conflict", "unknown"
]
Level = Literal[
    "pro", "vmbo-bb", "vmbo-kb", "vmbo-gl", "vmbo-tl", "havo", "vwo", "isk", "mbo1", "mbo2", "mbo3", "mbo4"
]
Diploma = Literal["none", "pro", "vmbo", "havo", "vwo", "mbo1", "mbo2", "mbo3", "mbo4", "hbo"]
Consent = Literal["given", "refused", "not-needed"]

ADVICE_RANK: dict[str, int] = {
    "none": 0,
    "vso": 5,
    "pro": 10,
    "vmbo-bb": 15,
    "bb-t/m-kb": 20,
    "kb": 30,
    "kb-t/m-gl/tl": 35,
    "gl/tl": 50,
    "gl/tl-t/m-havo": 60,
    "havo": 70,
    "havo-t/m-vwo": 75,
    "vwo": 80,
}
"""Official rank of an advice (CL-ADVICE, DUO Waardelijst schooladvies): higher is a higher advice. Ranks of the merged
gl/tl codes are to be verified at DUO."""

SPECIAL_STAGES = frozenset({"sbo", "so", "vso", "pro"})
"""A place there tells of support, so the event is P2 (domain.md §0)."""

SPECIAL_PARTICIPATIONS = frozenset(
    {"ve", "taalcentrum-po", "isk", "kopklas", "opdc", "arrangement", "crisis", "jeugdhulp-site", "symbiosis"}
)
"""Participation that tells of support or newcomer status: P2."""

NEWCOMER_PARTICIPATIONS = frozenset({"taalcentrum-po", "isk", "kopklas"})

START_QUALIFICATION = frozenset({"havo", "vwo", "mbo2", "mbo3", "mbo4", "hbo"})
"""Startkwalificatie: havo, vwo or mbo 2 and up (domain.md §5.3)."""

OrgRef = Annotated[
    str,
    StringConstraints(
        pattern=r"^(brin:[0-9]{2}[A-Z]{2}[0-9]{2}|swv:[0-9]{1,6}|lrk:[0-9]{1,12}|oin:[0-9A-Z]{20}|kvk:[0-9]{8})$"
    ),
    Field(description="Organisation: brin (with vestiging), swv, lrk, oin or kvk"),
]
Ref = Annotated[
    UUID, Field(description="Opaque UUID, drawn by the publisher, never made from a number of a person")
]
Day = Annotated[date, Field(description="Business date, ISO 8601")]
Month = Annotated[str, StringConstraints(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$")]
Opaque = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:._~/-]{1,128}$")]
PointerRef = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9:._~-]*[0-9][A-Za-z0-9:._~-]*$", max_length=128),
    Field(
        description="Opaque pointer to what lies elsewhere: no slash, at least one digit, so no word or name"
    ),
]
EducationCode = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]?[0-9]{4,5}$|^[a-z]{2,10}-[0-9]{1,6}$"),
    Field(
        description="crebo, croho, keuzedeel or vo-element; a local code is letters, a hyphen and a number"
    ),
]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]?[0-9]{4,5}$|^[a-z0-9][a-z0-9-]{1,30}$")]
Desk = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z-]{1,39}(@[a-z0-9-]+(\.[a-z0-9-]+)+)?$", max_length=160),
    Field(description="A desk or functional mailbox, never a person's: letters and hyphens before the @"),
]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .()/-]{0,39}$")]
Title = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9][A-Za-zÀ-ÿ0-9 &+,()/-]{0,79}$"),
    Field(description="Title as it stands in the public catalogue of modules; never about a person"),
]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Count = Annotated[int, Field(ge=0, le=100_000)]

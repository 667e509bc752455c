"""Age bands (CL-AGEBAND) of school age, and the sectors in which they need a place."""

from __future__ import annotations

SECTORS = {"po": ("4-5", "6-11"), "vo": ("12-15", "16-17")}
"""Bands with leerplicht or kwalificatieplicht. 0-3 and 18-26 ask for no place at a school."""

SECTOR_OF = {band: sector for sector, bands in SECTORS.items() for band in bands}

_STAGES = {"po": "po", "sbo": "po", "so": "po", "vo": "vo", "pro": "vo", "vso": "vo"}


def sector_of_stage(stage: str) -> str:
    """`po`, `vo`, or "" for a stage that takes in no children of school age, or takes them of every age."""
    return _STAGES.get(stage, "")


def band_of(age: int) -> str:
    """The band of school age; "" outside it."""
    for band in SECTOR_OF:
        low, _, high = band.partition("-")
        if int(low) <= age <= int(high):
            return band
    return ""


def bands_of(ages: str) -> tuple[str, ...]:
    """Bands that a sector or band takes in, "" standing for every age of school."""
    return (ages,) if ages in SECTOR_OF else SECTORS.get(ages, tuple(SECTOR_OF))

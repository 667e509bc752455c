"""Almere onderwijshub: events of schools, municipality, mbo and hbo, each to the right partners and nobody else."""

__version__ = "0.5.0"

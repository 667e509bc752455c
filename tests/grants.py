"""One cell of the routing matrix for one event, which the rows of tests/matrix.py are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests import city
from tests.shapes import Shape

ROLE = city.with_role
WHO = ("learnerId", "occurredOn", "orgId", "basis", "corrects")
"""What every person event says in whatever shape."""


class Grant(NamedTuple):
    """One cell of the matrix for one event. `must`: whether the page obliges to tell, or only lets."""

    column: str
    partners: set[str]
    shape: Shape
    must: bool = True


Grants = Iterator[Grant]

"""What the data of every event has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from hub.core.codes import Basis, Day, Opaque, OrgRef, Ref


class Model(BaseModel):
    """Data of an event: camelCase on the wire, unknown fields refused, no coercion."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )


class Corrects(Model):
    """The event that this one puts right."""

    source: Opaque
    id: Opaque


class PersonData(Model):
    """Common part of every event about a young person (domain.md §2.1). Codes, dates and ids only: no free text."""

    learner_id: Ref
    occurred_on: Day
    org_id: OrgRef = Field(description="The organisation that tells this; must belong to the publisher")
    basis: Basis
    corrects: Corrects | None = None

"""What stands below `schemas/` is what the catalogue and the gateway say now, and tools can use it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from hub.core import contracts
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Kind
from hub.wiring import contracts as files


def test_the_generated_files_are_current() -> None:
    """When this fails: `hub schemas`, look at the difference, commit it."""
    assert files.schemas(check=True) == 0


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_a_schema_is_sound_and_takes_its_example_but_no_unknown_field(kind: Kind) -> None:
    schema = contracts.schema(kind)
    jsonschema.Draft7Validator.check_schema(schema)
    judge = jsonschema.Draft7Validator(schema)
    judge.validate(kind.example)
    assert not judge.is_valid({**kind.example, "naam": "x"})


def test_every_reference_of_the_asyncapi_leads_somewhere() -> None:
    document = contracts.asyncapi("1.0.0")
    for reference in _references(document):
        if reference.startswith("#"):
            assert _found(document, reference), reference
        else:
            assert (files.SCHEMAS / reference).is_file(), reference


def test_publishers_send_no_kind_that_is_the_hubs_own() -> None:
    messages = contracts.asyncapi("1.0.0")["channels"]["events"]["messages"]
    assert {KINDS[name].code[0] for name in messages} == {"E"}


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


def _found(document: Any, reference: str) -> bool:
    for step in reference.removeprefix("#/").split("/"):
        if step not in document:
            return False
        document = document[step]
    return bool(json.dumps(document))

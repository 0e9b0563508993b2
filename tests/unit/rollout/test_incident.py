"""The incident record: it only grows, and its document is the schema's."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any, get_type_hints

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgate.charter.schema import load_schema
from qgate.digest import canonical
from qgate.rollout.incident import (
    Clause,
    Event,
    Incident,
    closed,
    document,
    from_document,
    id_stem,
    noted,
)
from tests.unit.rollout.incidents import CLAUSE, LAST, LATER, OPENED, incident

SCHEMA = load_schema("incident.v1.json")


def test_its_history_is_opening_timeline_closing() -> None:
    first = incident()
    second = noted(first, LATER, "traffic is back")
    third = closed(second, LAST, "scaler fixed")
    assert (first.timeline, first.remediation, first.is_open) == ((), (), True)
    assert second.timeline == (LATER,)
    assert second.remediation == ("traffic is back",)
    assert third.remediation == ("traffic is back", "scaler fixed")
    assert not third.is_open
    last = dataclasses.replace(LAST, what="closed: wrong scaler found")
    assert third.history == (OPENED, LATER, last)
    assert noted(first, LATER).remediation == ()


def test_an_incident_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        incident().why = "other"  # type: ignore[misc]


def test_owners_stand_once_and_gates_in_order() -> None:
    clauses = [dataclasses.replace(CLAUSE, gate=name) for name in ("b", "a")]
    clauses.append(dataclasses.replace(CLAUSE, gate="c", owner="x@example.com"))
    found = incident(clauses=tuple(clauses))
    assert found.gates == ("b", "a", "c")
    assert found.owners == ("qml@example.com", "x@example.com")


@pytest.mark.parametrize(
    "found",
    [
        incident(),
        closed(noted(incident(), LATER, "done"), LAST),
        incident(cause="rollback", clauses=(), digests={}),
        incident(clauses=(dataclasses.replace(CLAUSE, relative=1.5, value=None, low=None),)),
    ],
    ids=["open", "closed", "rollback", "relative"],
)
def test_its_document_fits_the_schema_and_is_read_again(found: Incident) -> None:
    plain = json.loads(canonical(document(found)))
    jsonschema.Draft7Validator(SCHEMA).validate(plain)
    assert from_document(plain) == found
    assert document(from_document(plain)) == plain


def test_the_schema_has_the_fields_of_the_objects() -> None:
    clause = SCHEMA["properties"]["clauses"]["items"]
    assert set(clause["properties"]) == set(get_type_hints(Clause)) == set(clause["required"])
    event = SCHEMA["definitions"]["event"]
    assert set(event["properties"]) == set(get_type_hints(Event))
    plain = document(incident(owner="boss@example.com"))
    assert set(SCHEMA["properties"]) == set(plain) == {*SCHEMA["required"], "owner"}


def test_the_digest_is_that_of_all_other_keys() -> None:
    plain = document(incident())
    stated = plain.pop("digest")
    assert stated == incident().digest == hashlib.sha256(canonical(plain)).hexdigest()
    assert incident(why="other").digest != stated


@pytest.mark.parametrize(
    ("pilot", "stem"),
    [
        ("few shots", "2026-11-21-few-shots-"),
        ("Größe / 2", "2026-11-21-groe-2-"),
        ("../../etc/passwd", "2026-11-21-etc-passwd-"),
        ("量子", "2026-11-21-pilot-"),
        ("---", "2026-11-21-pilot-"),
        ("x" * 100, f"2026-11-21-{'x' * 24}-"),
        ("a\x00b\n", "2026-11-21-a-b-"),
    ],
)
def test_an_id_is_a_files_name_on_every_system(pilot: str, stem: str) -> None:
    assert id_stem(pilot, "2026-11-21") == stem


@given(st.text())
def test_every_pilots_id_fits_the_schema(pilot: str) -> None:
    plain: dict[str, Any] = SCHEMA["properties"]["id"]
    assert jsonschema.Draft7Validator(plain).is_valid(f"{id_stem(pilot, '2026-11-21')}12")

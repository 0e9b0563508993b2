"""The shipped schemas: documented, in step with the code, and strict where JSON Schema is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from jsonschema import Draft7Validator

from qgate.charter import arm_spec, build, charter
from qgate.charter.schema import findings_against, load_schema, schema_findings, suggest
from qgate.charter.yaml_reader import Source, read_yaml
from qgate.errors import InternalError
from qgate.quantum.layers import LAYERS

SCHEMAS = sorted((Path(__file__).parents[3] / "schemas").glob("*.json"))


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property of a schema with its path."""
    if isinstance(schema, dict):
        for name, item in schema.get("properties", {}).items():
            yield f"{path}/{name}", item
        for key, item in schema.items():
            yield from properties(item, f"{path}/{key}")
    elif isinstance(schema, list):
        for item in schema:
            yield from properties(item, path)


def resolved(schema: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference refers to, or the item itself."""
    target: dict[str, Any] = item
    if "$ref" in item:
        target = schema
        for step in item["$ref"].removeprefix("#/").split("/"):
            target = target[step]
    return target


def findings(tmp_path: Path, text: str, name: str = "charter.v1.json") -> list[str]:
    """Return what a schema finds in a text, as `line:column message`."""
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    found = findings_against(name, read_yaml(path, "file.yaml"))
    return [f"{finding.line}:{finding.column} {finding.message}" for finding in found]


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_property_says_what_it_is(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    silent = [
        name
        for name, item in properties(schema)
        if not resolved(schema, item).get("description", "").strip()
    ]
    assert list(properties(schema)), "a schema has properties"
    assert silent == []


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_schema_is_found_by_its_name_and_says_it_itself(path: Path) -> None:
    schema = load_schema(path.name)
    assert schema == json.loads(path.read_text(encoding="utf-8"))
    assert schema["$id"] == f"urn:qgate:schemas:{path.name}"


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_schema_is_one_of_draft_7_and_refers_to_what_it_has(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    schema = json.loads(text)
    Draft7Validator.check_schema(schema)
    for target in set(re.findall(r'"[$]ref": "([^"]+)"', text)):
        assert resolved(schema, {"$ref": target}), target


def test_a_schema_that_is_not_shipped_is_a_bug_and_not_the_users_fault() -> None:
    with pytest.raises(InternalError, match="nonsense"):
        load_schema("nonsense.v1.json")


def layer_properties() -> dict[str, Any]:
    """Return the schema of a layer's keys."""
    layers = load_schema("charter.v1.json")["definitions"]["layers"]
    found: dict[str, Any] = layers["items"]["properties"]
    return found


def test_the_kinds_of_layer_in_the_schema_are_those_that_circuits_are_built_from() -> None:
    layer = layer_properties()
    assert set(layer["kind"]["enum"]) == set(LAYERS)
    assert set(layer["gate"]["enum"]) == {gate for kind in LAYERS.values() for gate in kind.gates}
    assert set(layer) == {"name", "kind"}.union(*(kind.keys for kind in LAYERS.values()))


def test_what_descriptions_say_of_kinds_of_layer_is_what_the_table_has() -> None:
    layer = layer_properties()

    def stated(key: str) -> list[str]:
        return re.split(r"[;.:] ", layer[key]["description"].rstrip("."))

    def named(text: str) -> set[str]:
        return set(re.findall(r"\w+", text)) & set(LAYERS)

    by_width = dict(zip(stated("kind")[1::2], map(named, stated("kind")[2::2]), strict=True))
    assert by_width == {
        "One qubit a feature": {kind for kind, t in LAYERS.items() if t.width == "features"},
        "Fewer qubits than features": {
            kind for kind, t in LAYERS.items() if t.width in ("amplitudes", "triples")
        },
        "On any qubits, without data": {kind for kind, t in LAYERS.items() if t.width == "any"},
        "From a file": {kind for kind, t in LAYERS.items() if t.width == "file"},
    }
    full = {kind for kind, t in LAYERS.items() if "pairs" in t.keys and t.pairs == "full"}
    assert named(layer["pairs"]["description"]) == full
    reps = {
        int(times): {
            kind for kind, t in LAYERS.items() if "reps" in t.keys and t.reps == int(times)
        }
        for times in re.findall(r"\d", layer["reps"]["description"])
    }
    said = layer["reps"]["description"].partition("Default: ")[2]
    assert named(said.split("2 for")[0]) == reps[1]
    assert named(said.split("3 for")[1]) == reps[3]
    assert reps[2] == {*(kind for kind in LAYERS if kind.endswith("feature_map")), "reupload"}
    for key in ("gate", "angle", "scale", "pair_scale", "alpha", "paulis", "path", "bind"):
        assert named(layer[key]["description"]) == {
            kind for kind, t in LAYERS.items() if key in t.keys
        }, key


def test_the_objects_have_the_fields_of_the_schema() -> None:
    schema = load_schema("charter.v1.json")
    sections = schema["properties"]
    for section, kind in (
        (sections["schedule"], charter.Schedule),
        (sections["latency"], charter.LatencySpec),
        (sections["budget"], charter.Budget),
        (sections["budget"]["properties"]["prices"], charter.Prices),
        (sections["data"], charter.DataSpec),
        (schema["definitions"]["recorded"], arm_spec.Recorded),
        ({"properties": layer_properties()}, arm_spec.Layer),
    ):
        assert set(section["properties"]) == set(get_type_hints(kind)) - {"trained"}, kind.__name__


def test_the_defaults_that_descriptions_state_are_those_that_are_built() -> None:
    document = {
        "pilot": {"owner": "me"},
        "data": {"path": "d.csv", "target": "y", "validation": "all"},
        "baseline": {"id": "a", "recorded": {"path": "a.csv"}},
        "candidate": {"id": "b", "recorded": {"path": "b.csv"}},
    }
    made = build.build_charter(document, "charters/pilot.yaml")
    sections = load_schema("charter.v1.json")["properties"]
    for name in ("schedule", "latency"):
        for key, item in sections[name]["properties"].items():
            stated = item["description"].partition("Default: ")[2].rstrip(".")
            value = getattr(getattr(made, name), key)
            if stated.isdecimal():
                assert value == int(stated), key
            else:
                assert key in ("seeds", "shots", "looks"), key
    assert made.schedule.seeds == tuple(range(1, 11))
    assert made.schedule.shots == (None,)
    assert (made.pilot.name, made.rollback.to, made.rollback.approver) == ("pilot", "a", "me")
    assert get_args(charter.Shots) == (int, type(None))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("replicates: -1", "schedule.replicates: -1 is below the smallest allowed, 1"),
        ("replicates: 1001", "schedule.replicates: 1001 is above the largest allowed, 1000"),
        ("replicates: 2.0", "schedule.replicates: expected a whole number, not 2.0"),
        ("replicates: true", "schedule.replicates: expected a whole number, not True"),
        ("replicates: null", "schedule.replicates: expected a whole number, not nothing"),
        ("seeds: []", "schedule.seeds: expected at least 1 item(s)"),
        ("seeds: 5", "schedule.seeds: expected a list, not 5"),
        ("shots: [all]", "schedule.shots[0]: 'all' does not fit: A number of shots, or `exact`"),
        ('shots: ["exact\\n"]', "schedule.shots[0]: 'exact\\n' does not fit"),
        ("replicats: 2", "unknown key 'replicats' in schedule; did you mean 'replicates'?"),
    ],
)
def test_a_complaint_says_what_and_where_in_the_users_words(
    tmp_path: Path, section: str, message: str
) -> None:
    text = (
        "version: 1\npilot: {owner: a}\n"
        "data: {path: a.csv, target: y, validation: all}\n"
        "baseline: {id: a}\ncandidate: {id: b}\n"
        f"schedule:\n  {section}\n"
    )
    (found,) = findings(tmp_path, text)
    assert found.startswith("7:")
    assert message in found


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        ("120 ms", "ms"),
        ("3%", "%"),
        ("1e3 µs", "µs"),
        ("0.5 USD/h", "USD/h"),
        ("high", None),
        ("12-3", None),
        ("ms 120", None),
    ],
)
def test_a_unit_is_told_from_other_text(tmp_path: Path, value: str, unit: str | None) -> None:
    text = (
        f"version: 1\npilot: {{owner: a, success_metrics: [{{name: m, max: '{value}'}}]}}\n"
        "data: {path: a.csv, target: y, validation: all}\nbaseline: {id: a}\ncandidate: {id: b}\n"
    )
    (found,) = findings(tmp_path, text)
    expected = "expected a number, not" if unit is None else f"carries the unit {unit!r}"
    assert expected in found


def test_each_missing_key_is_told_once_with_what_it_is(tmp_path: Path) -> None:
    found = findings(tmp_path, "version: 1\npilot: {}\n")
    assert [line.partition(": ")[0] for line in found] == [
        "1:1 the document lacks `baseline`",
        "1:1 the document lacks `candidate`",
        "1:1 the document lacks `data`",
        "2:1 pilot lacks `owner`",
    ]
    assert all(line.partition(": ")[2] for line in found)


def test_a_key_that_is_no_plain_word_is_quoted_in_a_path(tmp_path: Path) -> None:
    text = (
        "version: 1\npilot: {owner: a}\ndata: {path: a.csv, target: y, validation: all}\n"
        'baseline: {id: a, preprocess: [{"two\\nlines": 1}]}\ncandidate: {id: b}\n'
    )
    (found,) = findings(tmp_path, text)
    assert "baseline.preprocess[0].'two\\nlines': expected a mapping, not 1" in found


@pytest.mark.parametrize("items", ["[a, b, a]", "[[1], [2], [1]]"])
def test_repeated_items_are_found_whatever_they_are(tmp_path: Path, items: str) -> None:
    text = (
        "version: 1\npilot: {owner: a}\nbaseline: {id: a}\ncandidate: {id: b}\n"
        f"data: {{path: a.csv, target: y, validation: all, features: {items}}}\n"
    )
    assert any("data.features: an item stands twice" in line for line in findings(tmp_path, text))
    distinct = text.replace("a, b, a", "a, b").replace("[1], [2], [1]", "[1], [2]")
    assert not any("twice" in line for line in findings(tmp_path, distinct))


@pytest.mark.parametrize(
    "version", ["2", "0", "1.0", "1e0", "'1'", "true", "[1]", "null", "{a: 1}"]
)
def test_only_the_whole_number_1_is_a_known_version(tmp_path: Path, version: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(f"# a charter\nversion: {version}\n", encoding="utf-8")
    (finding,) = schema_findings(read_yaml(path, "file.yaml"))
    assert (finding.line, finding.column) == (2, 1)
    assert finding.message.startswith("unknown charter version ")
    assert finding.message.endswith(": this qgate reads 1")


def test_the_nearest_known_word_is_suggested_and_a_distant_one_is_not() -> None:
    assert suggest("latency_p95", ["latency_p95_ms", "reproducibility"]) == (
        "; did you mean 'latency_p95_ms'?"
    )
    assert suggest("xyz", ["latency_p95_ms"]) == ""


def test_no_more_is_told_than_anybody_mends() -> None:
    document = {"version": 1} | {f"k{number}": 1 for number in range(5000)}
    found = schema_findings(Source("pilot.yaml", document, {}))
    assert len(found) == 100


def test_a_long_key_is_told_in_part() -> None:
    found = schema_findings(Source("pilot.yaml", {"version": 1, "k" * 100_000: 1}, {}))
    assert all(len(finding.message) < 1000 for finding in found)

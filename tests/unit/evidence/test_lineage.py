"""Lineage as JSON-LD: what Croissant 1.0 asks for, PROV terms, and no value of a row.

What is asked for was read in the specification (mlcommons/croissant, docs/croissant-spec.md,
version 1.0, 2024-03-01) and checked once with mlcroissant 1.1.1, which finds no error in these
documents and reads the rows through them; mlcroissant is no dependency of this project.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from qgate.digest import canonical, sha256_file
from qgate.evidence.lineage import make_lineage
from qgate.pipeline import study
from qgate.plan.settings import Settings

APPENDIX_1 = {
    "@language", "@vocab", "column", "data", "dataType", "extract", "field", "fileProperty",
    "format", "includes", "jsonPath", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "sc", "separator", "source", "subField", "transform",
}  # fmt: skip
"""Terms of the context that appendix 1 recommends, and that are still used."""
REQUIRED = {"@context", "@type", "conformsTo", "name", "description", "distribution"}
"""What the specification requires of a dataset, and this program can know."""
REQUIRED_OF_FILES = {"@type", "@id", "name", "contentUrl", "encodingFormat", "sha256"}

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "pilot": {"name": "triage", "owner": "a@example.com"},
    "data": {
        "path": "the data.csv",
        "target": "label",
        "id": "who",
        "validation": {"fraction": 0.5, "seed": 1},
        "source": "https://example.com/register",
        "license": "CC-BY-4.0",
    },
    "baseline": {"id": "old", "estimator": "sklearn.svm.SVC"},
    "candidate": {
        "id": "new",
        "preprocess": [{"sklearn.decomposition.PCA": {"n_components": 1}}],
        "estimator": "sklearn.svm.SVC",
    },
    "gates": [
        {
            "name": "parity",
            "metric": "val_accuracy_gap_vs_classical",
            "max": 0.2,
            "owner": "o",
            "remediation": [{"restore": "old"}],
        }
    ],
}


def _lineage(folder: Path, **data: Any) -> dict[str, Any]:
    (folder / "pyproject.toml").touch()
    rows = [f"CANARY{i},{i + 0.25},{i * i},{'yes' if i % 2 else 'no'}" for i in range(20)]
    text = "\n".join(["who,height,squared secret,label", *rows]) + "\n"
    (folder / "the data.csv").write_text(text, encoding="utf-8")
    terms = {**DOCUMENT["data"], **data}
    document = {**DOCUMENT, "data": {k: v for k, v in terms.items() if v is not None}}
    path = folder / "pilot.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    made = make_lineage(study(path, Settings()))
    found: dict[str, Any] = json.loads(canonical(made))
    return found


def _rows(found: dict[str, Any]) -> dict[str, Any]:
    return {field["name"]: field for field in found["recordSet"][1]["field"]}


def _ids(value: Any) -> list[str]:
    """Return the ids that nodes have; an object with an id alone refers to one."""
    if isinstance(value, list):
        return [one for part in value for one in _ids(part)]
    if not isinstance(value, dict):
        return []
    own = [value["@id"]] if "@id" in value and len(value) > 1 else []
    return own + [one for key, part in value.items() if key != "@context" for one in _ids(part)]


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [one for part in value for one in _references(part)]
    if not isinstance(value, dict):
        return []
    own = [value["@id"]] if set(value) == {"@id"} else []
    return own + [x for key, part in value.items() if key != "@context" for x in _references(part)]


def test_it_has_what_croissant_requires(tmp_path: Path) -> None:
    found = _lineage(tmp_path)
    assert found.keys() >= REQUIRED
    assert found["@context"].keys() >= APPENDIX_1
    assert found["@type"] == "sc:Dataset"
    assert found["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert found["@context"]["conformsTo"] == "dct:conformsTo"
    assert found["@context"]["cr"] == "http://mlcommons.org/croissant/"
    assert (found["license"], found["url"]) == ("CC-BY-4.0", "https://example.com/register")
    (file,) = found["distribution"]
    assert file.keys() == REQUIRED_OF_FILES
    assert file["@type"] == "cr:FileObject"
    assert (file["contentUrl"], file["encodingFormat"]) == ("the data.csv", "text/csv")
    assert file["sha256"] == sha256_file(tmp_path / "the data.csv")


def test_ids_are_unique_and_every_reference_leads_to_one(tmp_path: Path) -> None:
    found = _lineage(tmp_path)
    ids = _ids(found)
    assert len(ids) == len(set(ids))
    assert set(_references(found)) <= set(ids)
    assert not any(" " in one for one in ids)


def test_columns_have_their_types_and_the_target_is_the_label(tmp_path: Path) -> None:
    fields = _rows(_lineage(tmp_path))
    assert {name: field["dataType"] for name, field in fields.items()} == {
        "who": "sc:Text",
        "height": "sc:Float",
        "squared secret": "sc:Integer",
        "label": ["sc:Text", "cr:Label"],
    }
    assert fields["squared secret"]["source"] == {
        "fileObject": {"@id": "file/the%20data.csv"},
        "extract": {"column": "squared secret"},
    }


def test_the_split_is_a_set_of_its_own_and_its_rule_is_told(tmp_path: Path) -> None:
    found = _lineage(tmp_path)
    splits = found["recordSet"][0]
    assert splits["dataType"] == "cr:Split"
    assert [row["splits/url"] for row in splits["data"]] == [
        "cr:TrainingSplit",
        "cr:ValidationSplit",
    ]
    told = found["qgate:split"]
    assert told["qgate:rule"] == {"fraction": 0.5, "seed": 1, "stratified": True}
    assert (told["qgate:train"], told["qgate:validation"]) == (10, 10)
    assert len(told["qgate:digest"]) == 64


def test_transformations_and_the_consumer_are_told(tmp_path: Path) -> None:
    found = _lineage(tmp_path)
    old, new = found["qgate:transformation"]
    assert (old["name"], old["qgate:step"]) == ("baseline old", [])
    step = {"name": "sklearn.decomposition.PCA", "qgate:params": {"n_components": 1}}
    assert new["qgate:step"] == [step]
    assert found["qgate:consumer"]["name"] == "triage"
    assert found["qgate:consumer"]["prov:wasAssociatedWith"]["name"] == "a@example.com"
    assert found["qgate:classification"] == "internal"


@pytest.mark.parametrize("classification", ["public", "confidential"])
def test_no_value_of_a_row_is_in_it(tmp_path: Path, classification: str) -> None:
    found = _lineage(tmp_path, classification=classification)
    text = json.dumps(found)
    assert "CANARY" not in text
    assert "0.25" not in text
    shown = {"who", "label"}
    if classification == "public":
        shown |= {"height", "squared secret"}
    assert _rows(found).keys() == shown
    assert ("squared" in text) == (classification == "public")


def test_a_source_that_is_no_url_is_text_and_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    found = _lineage(tmp_path, source="the ward's register", license=None, region=["eu", "uk"])
    assert found["qgate:source"] == "the ward's register"
    assert not {"url", "license"} & found.keys()
    assert found["qgate:region"] == ["eu", "uk"]


def test_it_is_the_same_each_time(tmp_path: Path) -> None:
    assert _lineage(tmp_path) == _lineage(tmp_path)

"""Where the data of a run come from, what is made of them, and for whom: as JSON-LD.

A document of Croissant 1.0 (http://mlcommons.org/croissant/1.0), with what that has no words for in
terms of PROV-O (W3C 2013) and of qgate. It holds no value of any row; of confidential data it names
only the columns that the charter names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, urlsplit

from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Charter, DataSpec, Validation
from qgate.plan.study import Study

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
_OURS = "urn:qgate:lineage:"
_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "qgate": _OURS,
    "conformsTo": "dct:conformsTo",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "qgate:params": {"@id": "qgate:params", "@type": "@json"},
    "qgate:rule": {"@id": "qgate:rule", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}
"""That of Croissant's appendix 1 as mlcroissant 1.1 writes it, and the names of ours."""
_ENCODINGS = {
    ".csv": "text/csv",
    ".npz": "application/zip",
    ".parquet": "application/x-parquet",
    ".json": "application/json",
    ".bqm": "application/octet-stream",
}
_TYPES = {"i": "sc:Integer", "f": "sc:Float"}
_SPLITS = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit"}


def make_lineage(study: Study) -> dict[str, Any]:
    """Return the lineage of a study's data, which is read from the data set as it is at hand."""
    columns = study.split.dataset.columns
    kinds = {name: _TYPES.get(column.dtype.kind, "sc:Text") for name, column in columns.items()}
    return lineage(study.charter, study.inputs, kinds)


def lineage(
    charter: Charter, inputs: Mapping[str, Any], columns: Mapping[str, str]
) -> dict[str, Any]:
    """Return the lineage of a charter's data as a JSON-LD document.

    Args:
        charter: The terms under which the data are used.
        inputs: What `lock.inputs.observe` found of them.
        columns: The type of each column, as `sc:Float`; none where problems are solved.

    """
    data = charter.data
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": PurePath(data.path).stem or f"{charter.pilot.name} problems",
        "description": _description(charter, inputs),
        **_origin(data),
        "distribution": [
            _file(name, found) for name, found in sorted(inputs["data bytes"].items())
        ],
        "recordSet": list(_record_sets(data, columns)),
        "qgate:classification": data.classification,
        **({"qgate:region": list(data.region)} if data.region else {}),
        "qgate:content": inputs["data content"],
        "qgate:split": _split(data, inputs),
        "qgate:transformation": [_transformation(arm) for arm in charter.arms],
        "qgate:consumer": _consumer(charter),
    }


def _description(charter: Charter, inputs: Mapping[str, Any]) -> str:
    data, (rows, columns) = charter.data, inputs["rows and columns"]
    if data.problems:
        what = f"{rows} problem{'s' if rows > 1 else ''} to solve"
    else:
        what = f"{rows} rows of {columns} columns for {data.task} of {data.target!r}"
    purpose = f": {charter.pilot.description}" if charter.pilot.description else ""
    return f"{what}, as the pilot {charter.pilot.name} reads them{purpose}"


def _origin(data: DataSpec) -> dict[str, Any]:
    """Return source and licence where the charter states them; a source that is no URL as text."""
    found: dict[str, Any] = {"license": data.license} if data.license else {}
    if data.source:
        is_url = urlsplit(data.source).scheme in ("http", "https")
        found |= {"url": data.source} if is_url else {"qgate:source": data.source}
    return found


def _file(name: str, digest: str) -> dict[str, Any]:
    path = PurePath(name)
    return {
        "@type": "cr:FileObject",
        "@id": _file_id(name),
        "name": path.name,
        "contentUrl": name,
        "encodingFormat": _ENCODINGS.get(path.suffix.lower(), "text/plain"),
        "sha256": digest,
    }


def _file_id(name: str) -> str:
    return f"file/{quote(name, safe='')}"


def _record_sets(data: DataSpec, columns: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the splits, and the rows of each file; nothing of problems, which are no records."""
    if data.problems:
        return
    yield {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": f"splits/{name}", "name": name, "dataType": kind}
            for name, kind in (("name", "sc:Text"), ("url", ["sc:URL", "cr:Split"]))
        ],
        "data": [{"splits/name": name, "splits/url": url} for name, url in _SPLITS.items()],
    }
    second = data.validation.path
    files = {"rows": data.path} if second is None else {"train": data.path, "validation": second}
    shown = [name for name in columns if not data.confidential or name in _named(data)]
    for name, file in files.items():
        yield {
            "@type": "cr:RecordSet",
            "@id": name,
            "name": name,
            **({"key": {"@id": _field_id(name, data.id)}} if data.id else {}),
            "field": [_field(name, file, column, columns[column], data) for column in shown],
        }


def _named(data: DataSpec) -> set[str | None]:
    """Return the columns that a charter names."""
    return {data.target, data.id, data.slice, data.validation.column, *(data.features or ())}


def _field(records: str, file: str, column: str, kind: str, data: DataSpec) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": _field_id(records, column),
        "name": column,
        "dataType": [kind, "cr:Label"] if column == data.target else kind,
        "source": {"fileObject": {"@id": _file_id(file)}, "extract": {"column": column}},
    }


def _field_id(records: str, column: str) -> str:
    return f"{records}/{quote(column, safe='')}"


def _split(data: DataSpec, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return by what rule the rows are divided, how many go where, and the split's digest."""
    found = inputs["split"]
    return {
        "qgate:rule": _rule(data.validation, stratified=data.task == "classification"),
        "qgate:train": found["train"],
        "qgate:validation": found["validation"],
        "qgate:digest": found["digest"],
    }


def _rule(rows: Validation, *, stratified: bool) -> Any:
    if rows.everything:
        return "all"
    if rows.path is not None:
        return {"path": rows.path}
    if rows.column is not None:
        return {"column": rows.column, "value": rows.value}
    drawn = {"fraction": rows.fraction, "seed": rows.seed, "stratified": stratified}
    return {**drawn, "of each training seed": True} if rows.resample else drawn


def _transformation(arm: ArmSpec) -> dict[str, Any]:
    """Return what an arm makes of the rows before its model sees them, step by step."""
    return {
        "@type": "prov:Activity",
        "@id": f"transformation/{arm.role}",
        "name": f"{arm.role} {arm.id}",
        **({"qgate:region": arm.region} if arm.region else {}),
        "qgate:step": [
            {"name": step.path, "qgate:params": dict(step.params)} for step in arm.preprocess
        ],
        "qgate:model": arm.estimator.path if arm.estimator else arm.kind,
    }


def _consumer(charter: Charter) -> dict[str, Any]:
    """Return the pilot that uses the data, who answers for it, and its charter's digest."""
    return {
        "@type": "prov:Activity",
        "@id": "consumer",
        "name": charter.pilot.name,
        "prov:wasAssociatedWith": {"@type": "prov:Agent", "name": charter.pilot.owner},
        "qgate:charter": charter.digest,
    }

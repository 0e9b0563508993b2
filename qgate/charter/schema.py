"""The shipped JSON Schemas, and their complaints as located findings."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from qgate.charter.yaml_reader import Source
from qgate.errors import Finding, InternalError

KNOWN_VERSIONS = (1,)

_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def load_schema(name: str) -> dict[str, Any]:
    """Return a shipped schema, alike from a wheel, an editable install and a checkout."""
    for folder in (resources.files("qgate") / "schemas", Path(__file__).parents[2] / "schemas"):
        resource = folder / name
        if resource.is_file():
            schema: dict[str, Any] = json.loads(resource.read_text(encoding="utf-8"))
            return schema
    raise InternalError(f"the schema {name} is not installed with qgate")


@functools.cache
def _validator(name: str) -> Draft7Validator:
    return Draft7Validator(load_schema(name))


def schema_findings(source: Source) -> list[Finding]:
    """Return what the schema finds in a charter's document, in file order."""
    document = source.document
    if not isinstance(document, dict):
        return [source.finding((), f"expected a mapping of sections, not {_named(document)}")]
    known = " or ".join(str(version) for version in KNOWN_VERSIONS)
    if "version" not in document:
        return [source.finding((), f"no `version`: write `version: {KNOWN_VERSIONS[-1]}` first")]
    if document["version"] not in KNOWN_VERSIONS or isinstance(document["version"], bool):
        message = f"unknown charter version {document['version']!r}: this qgate reads {known}"
        return [source.finding(("version",), message)]
    return findings_against(f"charter.v{document['version']}.json", source)


def findings_against(name: str, source: Source) -> list[Finding]:
    """Return what a shipped schema finds in a document, in file order."""
    errors = _validator(name).iter_errors(source.document)
    found = [finding for error in errors for finding in _translate(source, error)]
    return sorted(found, key=lambda finding: (finding.line, finding.column, finding.message))


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` for the nearest known word, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _translate(source: Source, error: ValidationError) -> Iterator[Finding]:
    path = tuple(error.absolute_path)
    name = _path_text(path)
    kind, value = str(error.validator), error.instance
    # The stubs allow a value for "unset", which an error of a validator never has.
    bound: Any = cast("Any", error.validator_value)
    schema: Any = cast("Any", error.schema)
    if kind == "additionalProperties":
        known = schema.get("properties", {})
        for key in [key for key in value if key not in known]:
            message = f"unknown key {key!r} in {name}{suggest(key, known)}"
            yield source.finding((*path, key), message + _allowed(known))
        return
    if kind == "required":
        missing = [key for key in bound if key not in value]
        # jsonschema reports each missing key by itself; say it once for each.
        key = next((key for key in missing if f"'{key}'" in error.message), missing[0])
        about = schema["properties"].get(key, {}).get("description", "")
        yield source.finding(path, f"{name} lacks `{key}`{f': {about}' if about else ''}")
        return
    yield source.finding(path, f"{name}: {_complaint(kind, bound, value, path, schema)}")


def _complaint(kind: str, bound: Any, value: Any, path: tuple[Any, ...], schema: Any) -> str:
    if kind == "type":
        kinds = [bound] if isinstance(bound, str) else bound
        expected = " or ".join(_TYPE_NAMES[k] for k in kinds)
        unit = _with_unit(value)
        if unit and path and path[-1] in ("max", "min"):
            return (
                f"unit mismatch: {value!r} carries the unit {unit!r}; write the number alone, in "
                "the metric's own unit (`qgate metrics` lists them)"
            )
        return f"expected {expected}, not {_named(value)}"
    if kind == "enum":
        return f"{value!r} is none of {', '.join(map(str, bound))}{suggest(str(value), bound)}"
    table = {
        "minimum": f"{value} is below the smallest allowed, {bound}",
        "maximum": f"{value} is above the largest allowed, {bound}",
        "exclusiveMinimum": f"{value} must be more than {bound}",
        "exclusiveMaximum": f"{value} must be less than {bound}",
        "minItems": f"expected at least {bound} item(s), found {len(value) if value else 0}",
        "maxItems": f"more than {bound} items",
        "minLength": "must not be empty",
        "minProperties": "must not be empty",
        "maxProperties": f"expected one key, found {', '.join(value) if value else 'none'}"
        if isinstance(value, dict)
        else "",
        "uniqueItems": "an item stands twice",
    }
    if kind == "pattern":
        about = schema.get("description", f"text that matches {bound}")
        return f"{value!r} does not fit: {about}"
    return table.get(kind) or f"does not satisfy {kind} {bound!r}"


def _with_unit(value: Any) -> str | None:
    match = re.fullmatch(r"\s*[-+]?[0-9._]+\s*([a-zA-Z%$/ ]+)\s*", str(value))
    return match[1].strip() if isinstance(value, str) and match else None


def _allowed(known: Iterable[str]) -> str:
    words = list(known)
    return f" (allowed: {', '.join(words)})" if words else ""


def _path_text(path: tuple[Any, ...]) -> str:
    if not path:
        return "the document"
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def _named(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return _TYPE_NAMES["object" if isinstance(value, dict) else "array"]
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

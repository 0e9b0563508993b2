"""The shipped JSON Schemas, and their complaints as located findings."""

from __future__ import annotations

import difflib
import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft7Validator, validators
from jsonschema.exceptions import ValidationError

from qgate.charter.yaml_reader import MOST_FINDINGS, Source
from qgate.errors import Finding, InternalError

KNOWN_VERSIONS = (1,)

_UNKNOWN, _MISSING, _UNFIT = "QG-F02", "QG-F03", "QG-F04"
_LONGEST_SHOWN = 60

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


def _pattern(
    validator: Any, pattern: str, instance: object, schema: Any
) -> Iterator[ValidationError]:
    """Match as JSON Schema's own regular expressions do: `$` is the end, not a last line feed."""
    del validator, schema
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _unique(
    validator: Any, unique: bool, instance: object, schema: Any
) -> Iterator[ValidationError]:
    """Find repeated items in linear time; jsonschema compares each pair."""
    del validator, schema
    if unique and isinstance(instance, list):
        seen = {json.dumps(item, sort_keys=True) for item in instance}
        if len(seen) < len(instance):
            yield ValidationError("an item stands twice")


# Draft 7 as charters need it: 2.0 is no whole number, as counts and seeds are whole for Python too.
_STRICT = validators.extend(  # type: ignore[no-untyped-call]  # the stubs give it no types
    Draft7Validator,
    {"pattern": _pattern, "uniqueItems": _unique},
    type_checker=Draft7Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


@functools.cache
def _validator(name: str) -> Draft7Validator:
    validator: Draft7Validator = _STRICT(load_schema(name))
    return validator


def schema_findings(source: Source) -> list[Finding]:
    """Return what the schema finds in a charter's document, in file order."""
    document = source.document
    if not isinstance(document, dict):
        message = f"expected a mapping of sections, not {_named(document)}"
        return [source.finding((), message, code=_UNFIT)]
    known = " or ".join(str(version) for version in KNOWN_VERSIONS)
    if "version" not in document:
        message = f"no `version`: write `version: {KNOWN_VERSIONS[-1]}` first"
        return [source.finding((), message, code=_MISSING)]
    version = document["version"]
    if type(version) is not int or version not in KNOWN_VERSIONS:
        message = f"unknown charter version {_named(version)}: this qgate reads {known}"
        return [source.finding(("version",), message, code=_UNFIT)]
    return findings_against(f"charter.v{version}.json", source)


def findings_against(name: str, source: Source) -> list[Finding]:
    """Return what a shipped schema finds in a document, in file order; at most 100 findings."""
    errors = _validator(name).iter_errors(source.document)
    all_ = (finding for error in errors for finding in _translate(source, error))
    found = itertools.islice(all_, MOST_FINDINGS)
    return sorted(found, key=lambda finding: (finding.line, finding.column, finding.message))


def value_complaint(value: object, rule: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a value by a rule of the schema, None where it fits."""
    validator: Draft7Validator = _STRICT(rule)
    error = next(validator.iter_errors(value), None)
    if error is None:
        return None
    found = cast("Any", error)
    return _complaint(str(found.validator), found.validator_value, found.instance, (), found.schema)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` for the nearest known word, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _translate(source: Source, error: ValidationError) -> Iterator[Finding]:
    path = tuple(error.absolute_path)
    name = _path_text(path)
    # The stubs allow a value for "unset", which an error of a validator never has.
    kind, value = str(error.validator), cast("Any", error.instance)
    bound, schema = cast("Any", error.validator_value), cast("Any", error.schema)
    if kind == "additionalProperties":
        known = schema.get("properties", {})
        for key in [key for key in value if key not in known]:
            message = f"unknown key {_named(key)} in {name}{suggest(key, known)}"
            yield source.finding((*path, key), message + _allowed(known), code=_UNKNOWN)
        return
    if kind == "required":
        missing = [key for key in bound if key not in value]
        # jsonschema reports each missing key by itself; say it once for each.
        key = next((key for key in missing if f"'{key}'" in error.message), missing[0])
        about = schema.get("properties", {}).get(key, {}).get("description", "")
        message = f"{name} lacks `{key}`{f': {about}' if about else ''}"
        yield source.finding(path, message, code=_MISSING)
        return
    message = f"{name}: {_complaint(kind, bound, value, path, schema)}"
    yield source.finding(path, message, code=_UNFIT)


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
        known = [str(item) for item in bound]
        return f"{_named(value)} is none of {', '.join(known)}{suggest(str(value), known)}"
    table = {
        "minimum": f"{value} is below the smallest allowed, {bound}",
        "maximum": f"{value} is above the largest allowed, {bound}",
        "exclusiveMinimum": f"{value} must be more than {bound}",
        "exclusiveMaximum": f"{value} must be less than {bound}",
        "minItems": f"expected at least {bound} item(s)",
        "maxItems": f"more than {bound} items",
        "minLength": "must not be empty",
        "minProperties": "must not be empty",
        "maxProperties": f"expected one key, found {_listed(value)}",
        "uniqueItems": "an item stands twice",
    }
    if kind == "pattern":
        about = schema.get("description", f"text that matches {bound}")
        return f"{_named(value)} does not fit: {about}"
    return table.get(kind) or f"does not satisfy {kind} {bound!r}"


def _with_unit(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > _LONGEST_SHOWN:
        return None
    match = re.fullmatch(r"\s*[-+]?[0-9._]+(?:[eE][-+]?[0-9]+)?\s*([a-zA-Zµ%$/ ]+)\s*", value)
    return match[1].strip() if match else None


def _allowed(known: Iterable[str]) -> str:
    words = list(known)
    return f" (allowed: {', '.join(words)})" if words else ""


def _path_text(path: tuple[Any, ...]) -> str:
    if not path:
        return "the document"
    return "".join(f"[{p}]" if isinstance(p, int) else f".{_word(p)}" for p in path).lstrip(".")


def _word(key: str) -> str:
    """Return a key on one line, quoted where it is no plain word."""
    return key if re.fullmatch(r"[\w.-]{1,60}", key) else _named(key)


def _listed(value: Any) -> str:
    return ", ".join(map(_word, value)) if isinstance(value, dict) else _named(value)


def _named(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return _TYPE_NAMES["object" if isinstance(value, dict) else "array"]
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."

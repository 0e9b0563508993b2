"""Statements: as in-toto has them, and refused in every other form."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgate.digest import canonical
from qgate.errors import UsageError
from qgate.signing import statement as forms
from qgate.signing.envelope import verified_by
from qgate.signing.statement import Statement, parse_statement, signed_statement, statement
from qgate.strict_json import parse_json
from tests.unit.signing import ssh

# After the example in in-toto's attestation repository, spec/predicates/test-result.md, which has
# git's digests where these are SHA-256.
_TEST_RESULT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "commit", "digest": {"sha256": "ab" * 32}}],
    "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
    "predicate": {
        "result": "PASSED",
        "configuration": [{"name": ".github/workflows/ci.yml", "digest": {"sha256": "0f" * 32}}],
        "passedTests": ["build (3.7, ubuntu-latest, py)"],
        "warnedTests": [],
        "failedTests": [],
    },
}
_Document = dict[str, Any]


def _document() -> _Document:
    return copy.deepcopy(_TEST_RESULT)


def _refusal(payload: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        parse_statement(payload, "the statement")
    message = str(caught.value)
    assert message.startswith("the statement")
    return message


def test_a_statement_in_in_totos_form_is_read_and_written() -> None:
    read = parse_statement(json.dumps(_document(), indent=2).encode(), "it")
    assert read == Statement((("commit", "ab" * 32),), forms.TEST_RESULT, _document()["predicate"])
    assert statement(read.subjects, read.predicate_type, read.predicate) == _document()


def test_a_signed_statement_says_what_was_said() -> None:
    subjects = [("evidence.json", "1" * 64), ("observations.json", "2" * 64)]
    envelope = signed_statement(subjects, forms.APPROVAL, {"reason": "ü", "n": 1.5}, ssh.key())
    assert verified_by(envelope, [ssh.key().public]) == {ssh.key().public.fingerprint}
    assert envelope.payload_type == "application/vnd.in-toto+json"
    read = parse_statement(envelope.payload, "it")
    assert read == Statement(tuple(subjects), forms.APPROVAL, {"reason": "ü", "n": 1.5})


def test_signing_the_same_twice_gives_the_same_bytes() -> None:
    said = ([("a", "1" * 64)], forms.OVERRIDE, {"b": 1, "a": 2}, ssh.key())
    assert signed_statement(*said) == signed_statement(*said)


@pytest.mark.parametrize(
    ("subjects", "predicate"),
    [
        ([], {}),
        ([("a", "12")], {}),
        ([("a", "AB" * 32)], {}),
        ([("", "1" * 64)], {}),
        ([("a", "1" * 64), ("a", "2" * 64)], {}),
        ([("a\x1b[2J", "1" * 64)], {}),
    ],
)
def test_what_could_not_be_read_is_not_signed(
    subjects: list[tuple[str, str]], predicate: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="the statement to be signed is no in-toto statement"):
        signed_statement(subjects, forms.APPROVAL, predicate, ssh.key())


def test_the_types_of_predicates_differ() -> None:
    types = {
        forms.PROMOTION_DECISION,
        forms.TEST_RESULT,
        forms.APPROVAL,
        forms.OVERRIDE,
        forms.LOG_HEAD,
    }
    assert len(types) == 5


def _subject(document: _Document) -> dict[str, Any]:
    subject: dict[str, Any] = document["subject"][0]
    return subject


_EDITS: dict[str, tuple[Callable[[_Document], object], str]] = {
    "a version before": (lambda d: d.update(_type="https://in-toto.io/Statement/v0.1"), "_type"),
    "a type that is no text": (lambda d: d.update(_type=1), "_type is not https"),
    "no predicate": (lambda d: d.pop("predicate"), "exactly the keys"),
    "a key too many": (lambda d: d.update(expires="never"), "exactly the keys"),
    "no subjects": (lambda d: d.update(subject=[]), "no list of one subject or more"),
    "a subject outside of a list": (
        lambda d: d.update(subject=_subject(d)),
        "no list of one subject or more",
    ),
    "a subject that is none": (lambda d: d["subject"].append("x"), "subject[1] has not exactly"),
    "a subject without a name": (lambda d: _subject(d).pop("name"), "subject[0] has not exactly"),
    "a subject of a number": (lambda d: _subject(d).update(name=1), "subject[0].name"),
    "a subject of control characters": (lambda d: _subject(d).update(name="a\nb"), "[0].name"),
    "a name twice": (lambda d: d["subject"].append(_subject(d)), "subject has a name twice"),
    "no digest": (lambda d: _subject(d).update(digest={}), "digest has not exactly the key sha256"),
    "another digest": (
        lambda d: _subject(d).update(digest={"sha1": "ab" * 20}),
        "digest has not exactly the key sha256",
    ),
    "a second digest": (
        lambda d: _subject(d)["digest"].update(sha1="ab" * 20),
        "digest has not exactly the key sha256",
    ),
    "a predicate's type of control characters": (
        lambda d: d.update(predicateType="urn:\x1b[2J"),
        "predicateType is no printable text",
    ),
    "a digest cut short": (
        lambda d: _subject(d).update(digest={"sha256": "ab" * 31}),
        "sha256 is not 64",
    ),
    "a digest in capitals": (
        lambda d: _subject(d).update(digest={"sha256": "AB" * 32}),
        "sha256 is not 64",
    ),
    "a digest with a line break": (
        lambda d: _subject(d).update(digest={"sha256": "ab" * 32 + "\n"}),
        "sha256 is not 64",
    ),
    "a digest of other digits": (
        lambda d: _subject(d).update(digest={"sha256": "\u0661" * 64}),
        "sha256 is not 64",
    ),
    "a predicate's type of no letters": (lambda d: d.update(predicateType=""), "predicateType"),
    "a predicate that is a list": (lambda d: d.update(predicate=[]), "predicate is no object"),
}


@pytest.mark.parametrize(("edit", "expected"), _EDITS.values(), ids=list(_EDITS))
def test_a_malformed_statement_is_refused(
    edit: Callable[[_Document], object], expected: str
) -> None:
    document = _document()
    edit(document)
    assert expected in _refusal(canonical(document))


_PREDICATES = {
    "NaN": ("NaN", "NaN is no number in JSON"),
    "Infinity": ("-Infinity", "-Infinity is no number in JSON"),
    "a number beyond doubles": ("1e999", "beyond the range of numbers"),
    "a number of many digits": ("-" + "9" * 5000, "beyond the range of numbers"),
    "a key twice": ('{"a": 1, "a": 1}', "stands twice in one object"),
    "a key twice, once escaped": ('{"a": 1, "\\u0061": 1}', "stands twice in one object"),
    "is half of a character": ('"\\ud800"', "is half of a character"),
    "half a character in a key": ('{"\\udfff": 1}', "is half of a character"),
    "deep": ("[" * 63 + "]" * 63, "nested deeper than 64 levels"),
    "very deep": ("[" * 100_000 + "]" * 100_000, "nested deeper than 64 levels"),
    "objects, very deep": ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested deeper than 64 levels"),
    "no JSON": ("{'a': 1}", ":1:"),
    "cut short": ("[1", ":1:"),
}


@pytest.mark.parametrize(("value", "expected"), _PREDICATES.values(), ids=list(_PREDICATES))
def test_json_that_readers_differ_on_is_refused(value: str, expected: str) -> None:
    assert expected in _refusal(_with(value))


@pytest.mark.parametrize(
    "value", ["9007199254740991", "-9007199254740991", "1e308", '"\\ud83d\\ude00"']
)
def test_json_that_all_readers_agree_on_is_read(value: str) -> None:
    assert parse_statement(_with(value), "it").predicate == {"value": json.loads(value)}


def test_the_deepest_that_is_read_can_be_written() -> None:
    read = parse_statement(_with("[" * 62 + "]" * 62), "it")
    assert canonical(dict(read.predicate)) == b'{"value":' + b"[" * 62 + b"]" * 62 + b"}"


def test_other_encodings_are_refused() -> None:
    text = json.dumps(_document())
    assert "not UTF-8 at byte 0" in _refusal(b"\xff" + text.encode())
    for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig"):
        _refusal(text.encode(encoding))


def test_a_statement_larger_than_a_payload_is_refused() -> None:
    assert "more than the 10,000,000 bytes" in _refusal(b" " * 10_000_001)


@settings(max_examples=120, deadline=None)
@given(payload=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_bytes_are_refused_without_a_traceback(payload: bytes) -> None:
    with pytest.raises(UsageError):
        parse_statement(payload, "any bytes")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(path=st.sampled_from([*_TEST_RESULT, "name", "digest", "sha256"]), new=_JSON)
def test_any_value_in_a_statements_place_is_read_as_it_is_or_refused(path: str, new: Any) -> None:
    document = _document()
    subject = _subject(document)
    holder = {"name": subject, "digest": subject, "sha256": subject["digest"]}.get(path, document)
    holder[path] = new
    payload = json.dumps(document).encode()
    try:
        read = parse_statement(payload, "it")
    except UsageError:
        return
    again = statement(read.subjects, read.predicate_type, read.predicate)
    assert canonical(again) == canonical(parse_json(payload, "it"))


@settings(max_examples=120, deadline=None)
@given(at=st.integers(0, 10_000), new=st.binary(max_size=3), cut=st.integers(0, 3))
def test_any_edit_of_a_statement_is_read_as_it_is_or_refused(at: int, new: bytes, cut: int) -> None:
    data = canonical(_document())
    at %= len(data)
    payload = data[:at] + new + data[at + cut :]
    try:
        read = parse_statement(payload, "it")
    except UsageError:
        return
    again = statement(read.subjects, read.predicate_type, read.predicate)
    assert canonical(again) == canonical(json.loads(payload))


def _with(value: str) -> bytes:
    """Return a statement whose predicate has a value that is written by hand."""
    document = {**_document(), "predicate": {"value": "HERE"}}
    return json.dumps(document).replace('"HERE"', value).encode()

"""The file of signers then and now: told by statement, and by those statements alone that count."""

from __future__ import annotations

import pytest

from qgate.review.attested import Attested
from qgate.review.signers_then import Told, signers_then
from qgate.signing.signers import Signers

NOW, THEN = "a" * 64, "b" * 64
FILE = Signers((), "people", NOW)


def _statement(kind: str, signers: object = None, *, verified: bool = True) -> Attested:
    keys = frozenset({"k"})
    said = {} if signers is None else {"signers": signers}
    name = f"attestations/{kind}-0123.json"
    return Attested(name, kind, said, keys, keys if verified else frozenset())


def test_without_statements_the_file_alone_is_told() -> None:
    assert signers_then(FILE, []) == [Told("people (sha256 aaaaaaaaaaaa)")]


@pytest.mark.parametrize("kind", ["decision", "approval", "override"])
def test_each_kind_says_whether_the_file_changed(kind: str) -> None:
    (same,) = signers_then(FILE, [_statement(kind, NOW)])
    assert same.words == f"people (sha256 {'a' * 12}), as it was when {kind}-0123 was signed"
    assert not same.changed
    (other,) = signers_then(FILE, [_statement(kind, THEN)])
    assert f"changed since {kind}-0123 was signed, when it was {'b' * 12}" in other.words
    assert other.changed


def test_statements_are_told_together_by_what_the_file_was() -> None:
    signed = [_statement("decision", NOW), _statement("override", THEN), _statement("approval")]
    together = [_statement("approval", NOW), *signed]
    same, changed, unsaid = signers_then(FILE, together)
    assert "as it was when approval-0123 and decision-0123 were signed" in same.words
    assert (changed.changed, unsaid.changed) == (True, False)
    assert "what it was when approval-0123 was signed is not on record" in unsaid.words


@pytest.mark.parametrize("said", [5, ["x"], {"a": 1}])
def test_what_is_no_digest_is_not_on_record(said: object) -> None:
    (told,) = signers_then(FILE, [_statement("approval", said)])
    assert "is not on record" in told.words


def test_what_no_key_of_the_file_signed_says_nothing() -> None:
    forged = _statement("approval", NOW, verified=False)
    assert signers_then(FILE, [forged, _statement("test-result")]) == signers_then(FILE, [])

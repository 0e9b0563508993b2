"""Canonical JSON and digests: the same for the same content, on every machine."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgate.digest import canonical, digest, sha256, sha256_file


def test_canonical_json_is_that_of_rfc_8785() -> None:
    value = {"b": [1.0, 1e30, 1e-7, -0.0, 0.1], "a": "é\n", "A": None, "€": True}
    expected = '{"A":null,"a":"é\\n","b":[1,1e+30,1e-7,0,0.1],"€":true}'
    assert canonical(value) == expected.encode()


def test_a_digest_is_a_sha_256_in_hexadecimal(tmp_path: Path) -> None:
    assert digest({}) == hashlib.sha256(b"{}").hexdigest() == sha256(b"{}")
    (tmp_path / "file").write_bytes(b"{}")
    assert sha256_file(tmp_path / "file") == digest({})


def test_what_json_cannot_hold_has_one_form() -> None:
    assert canonical([math.nan, math.inf, -math.inf]) == b"[null,null,null]"
    assert canonical([2**53, -(2**53), 2**53 - 1]) == (
        b'["9007199254740992","-9007199254740992",9007199254740991]'
    )
    assert canonical((1, (2,))) == b"[1,[2]]"
    assert canonical(MappingProxyType({1: "a"})) == b'{"1":"a"}'


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object(), bytearray()])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no canonical JSON form"):
        canonical([value])


@settings(derandomize=True, deadline=None, database=None, max_examples=100)
@given(
    value=st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=5),
        st.one_of(st.integers(), st.floats(), st.booleans(), st.none()),
        max_size=6,
    )
)
def test_the_order_of_keys_does_not_count(value: dict[str, object]) -> None:
    assert digest(dict(reversed(value.items()))) == digest(value)

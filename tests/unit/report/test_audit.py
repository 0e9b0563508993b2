"""The audit log for people: every entry whole at every width, newest last."""

from __future__ import annotations

import json

import pytest

from qgate.evidence.audit_log import Entry, Head
from qgate.report.audit import render_json, render_log
from qgate.review.log_head import SignedHead
from tests.unit.rollout.incidents import HOSTILE


def entry(number: int = 1, **change: object) -> Entry:
    base: dict[str, object] = {
        "number": number,
        "time": f"2026-11-21T10:{number:02d}:07+00:00",
        "actor": "a@example.com",
        "action": "lock",
        "pilot": "small",
        "reason": "new data",
        "digests": {"contract": "c" * 64},
        "facts": {},
        "previous": "0" * 64,
        "digest": "d" * 64,
    }
    return Entry(**(base | change))  # type: ignore[arg-type]


def test_each_entry_says_who_what_when_why_and_on_what() -> None:
    last = entry(2, action="approve", reason="", facts={"attempt": 3, "by": ["x", "y"], "ok": True})
    text = render_log([entry(), last], Head(2, "d" * 64), SignedHead(1, ("b@example.com",)), 80)
    assert text.splitlines() == [
        "1  2026-11-21 10:01  lock     small  a@example.com",
        "   why     new data",
        f"   on      contract {'c' * 12}",
        "2  2026-11-21 10:02  approve  small  a@example.com",
        f"   on      contract {'c' * 12}",
        "   facts   attempt 3, by x y, ok true",
        f"2 entries, chain whole, head {'d' * 12}, signed up to entry 1, by",
        "b@example.com",
    ]


def test_a_part_says_of_how_many_and_an_unsigned_log_says_so() -> None:
    assert render_log([entry()], Head(5, "d" * 64), None, 80).endswith(
        f"1 of 5 entries, chain whole, head {'d' * 12}, not signed\n"
    )
    assert render_log([], Head(), None, 80) == "0 entries\n"
    assert "1 entry, chain" in render_log([entry()], Head(1, "d" * 64), None, 80)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_asked_for(width: int) -> None:
    long = entry(
        12345, actor="w" * 70, pilot="p" * 70, reason="why " * 80, facts={"path": "x" * 200}
    )
    text = render_log([entry(), long], Head(2, "d" * 64), None, width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "".join(text.split()).count("x" * 200) == 1  # wrapped, not cut


def test_hostile_text_stays_text() -> None:
    bad = entry(
        actor=HOSTILE, pilot=HOSTILE, reason=HOSTILE, time=HOSTILE, facts={HOSTILE: HOSTILE}
    )
    text = render_log([bad], Head(1, "d" * 64), None, 80)
    assert text.replace("\n", "").isprintable()
    text.encode()


def test_json_has_entries_with_digests_and_the_head() -> None:
    document = json.loads(render_json([entry()], Head(4, "e" * 64), SignedHead(4, ("b",))))
    assert document["entries"][0]["digest"] == "d" * 64
    assert document["entries"][0]["reason"] == "new data"
    assert document["head"] == {"entries": 4, "digest": "e" * 64}
    assert document["signed"] == "signed up to entry 4, by b"
    assert document["signed_by"] == ["b"]


def test_json_says_by_nobody_what_nobody_verified() -> None:
    signed = json.loads(render_json([], Head(4, "e" * 64), SignedHead(4)))
    assert signed["signed"] == "signed up to entry 4, by a key that is not verified here"
    assert signed["signed_by"] == []
    nobody = json.loads(render_json([], Head(4, "e" * 64), None))
    assert (nobody["signed"], nobody["signed_by"]) == ("", [])


def test_facts_are_words_and_not_raw_json() -> None:
    facts = {
        "attempt": 2,
        "basis": "b" * 64,
        "decision": "hold",
        "path": ".qgate/evidence/x",
        "spending": {"circuits": 0, "qpu_seconds": None, "seconds": 7.4163, "shots": 81920},
        "gates": {"parity": True},
    }
    text = render_log([entry(action="run", facts=facts)], Head(1, "d" * 64), None, 120)
    assert text.splitlines()[2:-1] == [
        "   result  hold, attempt 2",
        "   spent   seconds 7.416, shots 81920",
        f"   on      contract {'c' * 12}",
        f"   facts   basis {'b' * 12}, path .qgate/evidence/x, gates (parity true)",
    ]
    assert facts == json.loads(
        render_json([entry(facts=facts)], Head(1, "d" * 64), None)
    )["entries"][0]["facts"]  # fmt: skip

"""The table of answers: whole, every row in use, and the one that `--help` shows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from qgate.cli import compare as cli
from qgate.comparison.answers import TABLE, Answer, Fact, answered
from qgate.errors import ExitCode

PASS, FAILED, OPEN = ExitCode.PASS, ExitCode.GATE_FAILED, ExitCode.INCONCLUSIVE


def combinations() -> Iterator[frozenset[Fact]]:
    for size in range(len(Fact) + 1):
        yield from map(frozenset, itertools.combinations(Fact, size))


def test_the_table_answers_every_combination_and_each_row_is_reached() -> None:
    reached = dict.fromkeys(range(len(TABLE)), 0)
    for facts in combinations():
        row = next(i for i, (needed, _, _) in enumerate(TABLE) if needed <= facts)
        reached[row] += 1
        answer, code = answered(facts)
        assert (answer, code) == TABLE[row][1:]
        if Fact.SAME_EVIDENCE in facts:
            assert code is PASS
        elif facts & {Fact.FELL, Fact.WORSENED}:
            assert code is FAILED
        else:
            assert code is (OPEN if facts else PASS)
        if Fact.BASELINE_MOVED in facts and Fact.SAME_EVIDENCE not in facts:
            assert answer is Answer.EVIDENCE_DRIFT
    assert all(reached.values()), reached


def test_help_shows_the_table_row_by_row() -> None:
    shown = re.findall(r"^ +(\d+)  ([A-Z]+(?: [A-Z]+)*)  ", cli.command.__doc__ or "", re.MULTILINE)
    rows = [(str(int(code)), answer.upper()) for _, answer, code in TABLE]
    assert shown == rows

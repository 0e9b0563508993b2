"""The terminal's report: the decision first, what is in the way whole, what passed in a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from qgate.charter.charter import Threshold
from qgate.cli.streams import tolerant_streams
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.measurement import Measurement, Relative
from qgate.report.account import Account
from qgate.report.terminal import PLAIN_WIDTH, render_plain, render_terminal
from qgate.report.terminal_gate import render_gate
from tests.unit.report.accounts import HOSTILE, account, each_outcome, verdict

WIDTHS = (80, 100, 120)
DRAWN = re.compile(r"[├─●┃┤ ]{12,}")


def text_of(of: Account, width: int) -> str:
    return render_terminal(of.decision, of.rollback, width).plain


def blocks(text: str) -> list[str]:
    return text.strip("\n").split("\n\n")


def with_numbers(found: Verdict, measured: Measurement, **threshold: float) -> Verdict:
    gate = replace(found.gate, threshold=Threshold(**threshold)) if threshold else found.gate
    return replace(found, gate=gate, measurement=measured)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_decision_stands_first_then_what_is_in_the_way_then_what_passed(
    tmp_path: Path, width: int
) -> None:
    of = account(tmp_path, each_outcome())
    first, failed, error, opened, passed, shadow, *_ = blocks(text_of(of, width))
    assert first.startswith(" ROLL BACK ")
    assert "\n" not in first
    starts = [" ✗ enforce-fail", " ! enforce-error", " ? enforce-inconclusive", " ✓ enforce-pass"]
    for block, start in zip((failed, error, opened, passed), starts, strict=True):
        assert block.startswith(start)
    assert "\n" not in passed
    assert shadow.startswith(" In shadow")
    assert all(f"shadow-{outcome}" in shadow for outcome in Outcome)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_failing_gate_says_all_that_a_tired_person_needs(tmp_path: Path, width: int) -> None:
    failed = blocks(text_of(account(tmp_path, each_outcome()), width))[1]
    line, *below = failed.splitlines()
    assert re.search(r"130 ms +.*max 120  FAIL$", line)
    assert "125 to 135" in line
    assert "Because of enforce-fail." in below[0] + below[1]
    rows = [row.strip() for row in below]
    for row in (
        "owner  owner@example.com",
        "do     restore old",
        "back   qgate rollback charters/small.yaml --dry-run",
        "again  qgate run charters/small.yaml",
        "code   qgate explain QG-V20",
    ):
        assert row in rows
    assert any(row.startswith("how    5 requests x 2 seeds, 4,096 shots; base") for row in rows)


def test_only_what_failed_and_decides_names_the_way_back(tmp_path: Path) -> None:
    _, *of_gates = blocks(text_of(account(tmp_path, each_outcome()), 100))[:6]
    naming = [block for block in of_gates if " back   qgate rollback" in block]
    assert naming == of_gates[:1]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_interval_is_drawn_at_every_width(tmp_path: Path, width: int) -> None:
    of = account(tmp_path, each_outcome())
    for block in blocks(text_of(of, width))[1:4]:
        drawings = [found for found in DRAWN.findall(block) if "●" in found]
        assert len(drawings) == 1
        assert re.search("┃.*├.*●.*┤", drawings[0])  # 120 below 125, 130 and 135


def test_a_bar_without_room_beside_stands_below_and_the_bounds_stay() -> None:
    line, *below = _alone(verdict("n" * 30, Outcome.FAIL), 80).splitlines()
    assert "●" not in line
    assert re.fullmatch(r" {5}125 to 135  ┃ +├─+●─+┤", below[0])


@pytest.mark.parametrize("width", [1, 60, *WIDTHS, 500])
@pytest.mark.parametrize("name", ["parity", "a name of many words " * 8, "unbroken" * 20])
def test_no_line_is_longer_than_the_terminal(tmp_path: Path, width: int, name: str) -> None:
    found = [*each_outcome(), verdict(name, Outcome.FAIL), verdict(f"{name}.", Outcome.PASS)]
    long = verdict("b", Outcome.INCONCLUSIVE, owner="o" * 40, reason="why and " * 90)
    relative = with_numbers(
        verdict("c", Outcome.FAIL),
        Measurement(1234567.0, 1.0, 98765432.0, relative=Relative(1.25, 1.2, 1.3)),
        high=123456.0, vs_baseline=1.25,
    )  # fmt: skip
    found += [long] if width < min(WIDTHS) else [long, relative]
    text = text_of(account(tmp_path, found), width)
    widest = min(max(width, 60), 120)
    whole = [line for line in text.splitlines() if not re.search(r"\S{40}", line)]
    assert max(map(len, whole)) <= widest
    assert text.count("unbroken" * 20 if "unbroken" in name else name.split()[0]) >= 1


def test_a_name_that_has_no_room_in_its_line_is_told_below() -> None:
    name = "a-gate-with-a-name-of-far-too-many-characters"
    line, *below = _alone(verdict(name, Outcome.ERROR), 80).splitlines()
    assert name not in line
    assert f"     gate   {name}" in below


def test_against_the_baseline_alone_the_multiple_is_drawn() -> None:
    measured = Measurement(9.0, 8.0, 10.0, relative=Relative(1.5, 1.2, 1.8))
    found = with_numbers(verdict("slower", Outcome.FAIL), measured, vs_baseline=2.0)
    text = _alone(found, 100)
    assert "1.20x to 1.80x" in text
    assert re.search("├─+●─+┤ +┃", text)


@pytest.mark.parametrize(
    ("measured", "shown"),
    [
        (Measurement(5.0, None, 7.0), "─●─"),
        (Measurement(5.0, 4.0, None), "─●─"),
        (Measurement(5.0, 5.0, 5.0), "●"),
        (Measurement(5.0, bounded=False), ""),
        (Measurement(float("nan"), 1.0, 2.0), ""),
        (Measurement(5.0, 1.0, float("inf")), ""),
        (Measurement(1.7e308, -1.7e308, 1.7e308), ""),
        (Measurement(error="singular"), ""),
    ],
)
def test_what_has_no_bounds_or_is_no_number_breaks_no_drawing(
    measured: Measurement, shown: str
) -> None:
    found = with_numbers(verdict("g", Outcome.INCONCLUSIVE), measured, high=6.0)
    for width in WIDTHS:
        text = _alone(found, width)
        assert shown in text
        assert bool(shown) == ("●" in text)


def test_one_gate_alone_is_what_stands_in_the_report(tmp_path: Path) -> None:
    of = account(tmp_path, [verdict("alone", Outcome.FAIL)])
    alone = render_gate(of.decision, of.decision.verdicts[0], of.rollback, 100).plain
    assert alone in text_of(of, 100)
    passed = verdict("fine", Outcome.PASS)
    assert render_gate(of.decision, passed, of.rollback, 80).plain.count("\n") == 1


def test_many_passing_gates_stay_a_line_each_and_the_basis_short(tmp_path: Path) -> None:
    found = [verdict(f"gate-{number}", Outcome.PASS) for number in range(60)]
    text = text_of(account(tmp_path, found), 80)
    assert sum(line.startswith(" ✓ gate-") for line in text.splitlines()) == 60
    assert len(text.splitlines()) < 60 + 20
    assert "and 53 more for this run" in " ".join(text.split())
    assert "How each of 60 passing gates was measured" in text


def test_a_log_has_no_colour_and_nothing_that_its_encoding_lacks(tmp_path: Path) -> None:
    of = account(tmp_path, [*each_outcome(), verdict("hostile", Outcome.FAIL, reason=HOSTILE)])
    text = render_plain(of.decision, of.rollback)
    assert max(map(len, text.splitlines())) <= max(PLAIN_WIDTH, len(of.decision.evidence_path) + 30)
    assert not {"\x1b", "\r", "\u2028"} & set(text)
    with tolerant_streams():
        plain = text.encode("ascii", "qgate.escaped").decode()
    assert _shape(plain.splitlines()) == _shape(text.splitlines())
    assert re.search(r"\| +\+-+o-+\+", plain)


def _shape(lines: Sequence[str]) -> list[int]:
    return [len(line) for line in lines]


def _alone(found: Verdict, width: int) -> str:
    from tests.unit.report.html import pages

    of = pages.account(pages.measured())
    return render_gate(of.decision, found, of.rollback, width).plain


@pytest.mark.parametrize("width", WIDTHS)
def test_a_count_of_mismatches_says_what_was_compared(width: int) -> None:
    terms = {"metric": "reproducibility", "threshold": Threshold(high=0.0)}
    reason = "numpy locked 1, found 2. scipy locked 3, found 4"
    exact = Measurement(2.0, bounded=False)
    failed = replace(verdict("r", Outcome.FAIL, reason=reason, **terms), measurement=exact)
    line, *below = _alone(failed, width).splitlines()
    assert re.search(r"2 mismatches +none allowed  FAIL$", line)
    assert below[0].strip() == reason
    passed = replace(failed, outcome=Outcome.PASS, measurement=replace(exact, value=0.0))
    (line,) = _alone(passed, width).splitlines()
    assert "numpy locked 1, found 2" in line
    assert "mismatches" not in line


def test_what_was_not_measured_names_no_method() -> None:
    error = Measurement(error="singular", method="counted")
    assert "how " not in _alone(replace(verdict("g", Outcome.ERROR), measurement=error), 80)


@pytest.mark.parametrize("width", WIDTHS)
def test_wide_characters_take_their_columns(tmp_path: Path, width: int) -> None:
    """Chinese, Japanese, Korean and emoji stand in two columns each, accents in none."""
    names = ("精度ギャップ", "🚀" * 30, "plain", "e\u0301" * 12)
    said = "漢字" * 90
    of = account(tmp_path, [verdict(name, Outcome.PASS) for name in names])
    failed = verdict("量子カーネル", Outcome.FAIL, reason=said, owner=f"{'山田' * 40}@example.com")
    pilot = replace(of.decision.charter.pilot, name="試験" * 40)
    charter = replace(of.decision.charter, pilot=pilot)
    decision = replace(of.decision, charter=charter, verdicts=(failed, *of.decision.verdicts))
    text = text_of(replace(of, decision=decision), width)
    lines = [line for line in text.splitlines() if str(tmp_path) not in line]  # no path is broken
    assert max(map(cell_len, lines)) <= width
    assert said in text.replace(f"\n{' ' * 5}", "")
    ends = [cell_len(line.partition("  PASS")[0]) for line in lines if "  PASS" in line]
    assert len(ends) == len(names)
    assert len(set(ends)) == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_no_command_is_broken(tmp_path: Path, width: int) -> None:
    text = text_of(account(tmp_path, each_outcome()), width)
    step = text[text.index("  5. Run the parity suite again") : text.index("on demand:")]
    assert "qgate run charters/small.yaml" in step

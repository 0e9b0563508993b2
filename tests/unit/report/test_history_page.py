"""The page of a history: one file, without network or code, hostile text stays text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from qgate.history.collect import LeftOut
from qgate.history.run import Run
from qgate.history.view import Asked, view
from qgate.report.history_page import render_history_page
from tests.unit.history.histories import run

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>\x1b[31m\u202e{{ 7*7 }}"
DECAYING = [0.01] * 10 + [0.01 + 0.004 * i for i in range(1, 11)]
VOID = {"meta", "link"}


class Page(HTMLParser):
    """Tags by name, ids, what they refer to, text; and whether each tag is closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.referred: set[str] = set()
        self.asked: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        for name in ("aria-labelledby", "aria-details"):
            self.referred |= set((found.get(name) or "").split())
        self.asked += [v or "" for k, v in attrs if k in ("src", "href", "action")]
        assert not [k for k, _ in attrs if k.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(runs: list[Run], left_out: list[LeftOut] | None = None) -> tuple[str, Page]:
    text = render_history_page(view(runs, Asked()), left_out or [])
    return text, Page(text)


@pytest.mark.parametrize("name", ["small", HOSTILE])
def test_it_is_whole_asks_for_nothing_and_runs_nothing(name: str) -> None:
    runs = [
        run(i, v, 0.01, name=name, pilot=name, low=v - 0.02, high=v + 0.02, verdict="fail")
        for i, v in enumerate(DECAYING)
    ]
    text, page = page_of(runs, [LeftOut(name, name)])
    assert page.open == []
    assert page.tags["script"] == page.tags["img"] == 0
    assert set(page.asked) <= {"data:,", "#pilots"}
    assert "url(http" not in text
    assert "@import" not in text
    assert len(text.encode()) < 60_000
    assert len(page.ids) == len(set(page.ids))
    assert page.referred <= set(page.ids)
    assert all(c.isprintable() or c == "\n" for c in text)
    if name == HOSTILE:
        assert "{{ 7*7 }}" in page.text
        assert "<script>alert(1)</script>" in page.text


def test_decay_stands_in_the_headline_and_each_value_in_a_table() -> None:
    runs = [run(i, v, 0.01, threshold_max=0.06) for i, v in enumerate(DECAYING)]
    text, page = page_of(runs)
    assert re.search(r"<h1>.*Decay.*</h1>", text)
    assert "small: parity decays: 2.40 pt" in page.text
    assert page.text.count("2026-01-01 00:07") == 2  # in the gate's table and in that of runs
    assert 'class="limit"' in text
    assert text.count('class="cdot"') == 20


def _headline(runs: list[Run]) -> str:
    (found,) = re.findall(r"<h1>.*<span>(.*)</span></h1>", page_of(runs)[0])
    return str(found)


def test_no_decay_is_said_only_where_a_chart_could_tell() -> None:
    runs = [run(i, 0.01, 0.01) for i in range(11)]
    cost = run(0, 1.0, None, name="cost", metric="cost_per_1k_usd", unit="usd").readings
    both = [replace(one, readings=(*one.readings, *cost)) for one in runs]
    assert _headline([]) == _headline(runs[:1]) == _headline(runs[:10]) == "Too few runs to tell"
    assert _headline(both[:10]) == "Too few runs to tell"
    assert _headline(runs) == _headline(both) == "No decay shown"
    assert _headline([replace(one, readings=cost) for one in runs[:2]]) == "No decay shown"
    assert "too few runs." not in page_of(both)[1].text
    late = replace(both[-1], readings=(*both[-1].readings, replace(cost[0], name="new")))
    assert "1 of 3 gates has too few runs." in page_of([*both[:-1], late])[1].text


def test_each_run_stands_against_its_own_threshold() -> None:
    limits = [0.05, 0.05, None, 0.08]
    values = [0.04, 0.06, 0.05, 0.06]
    runs = [run(i, values[i], threshold_max=limits[i], low=0.03, high=0.07) for i in range(4)]
    text, page = page_of(runs)
    number = '="([^"%]+)%?"'
    ends = f"<line x1{number} y1{number} x2{number} y2{number} "
    found = re.findall(f'{ends}class="limit">', text)
    (x1, y1, x2, y2), (x3, y3, x4, y4) = [[float(v) for v in one] for one in found]
    assert (x1, x4) == (0, 100)
    assert x2 < x3
    assert y1 == y2 > y3 == y4  # lower on the page
    dots = [tuple(map(float, d)) for d in re.findall(r'cx="(.*?)%" cy="(.*?)" r=', text)]
    assert dots[1][0] < x2 < dots[2][0] < x3 < dots[3][0]
    assert dots[1][1] < y1  # beyond its own
    assert dots[3][1] > y3  # within its own
    assert "max 5.00, then no threshold, then max 8.00" in page.text


def test_a_multiple_of_the_baseline_is_drawn_for_each_run() -> None:
    runs = [
        run(i, 0.01, threshold_vs_baseline=2.0, baseline_value=0.01 + 0.001 * i, high=0.03)
        for i in range(3)
    ]
    assert page_of(runs)[0].count('class="limit"') == 3


def test_on_a_phone_each_cell_has_its_name() -> None:
    text, _ = page_of([run(0, 0.01, threshold_max=0.05)])
    for name in ("Bundle", "Not passed", "Threshold", "Verdict"):
        assert f'role="columnheader">{name}</th>' in text
        assert f'data-name="{name}"' in text


def test_breaks_holes_and_single_runs_are_drawn() -> None:
    runs = [run(0, 0.1), run(1, None), run(2, 0.2), run(3, 0.2, process="f" * 64)]
    text, _ = page_of(runs)
    assert text.count('class="cdot"') == 3
    assert text.count('class="b"') == 1
    assert text.count("<path") == 1
    assert 'class="cdot"' not in page_of([run(0, None)])[0]
    assert 'cx="50%"' in page_of([run(0, 0.1)])[0]


def test_a_threshold_far_from_the_values_does_not_flatten_them() -> None:
    runs = [run(i, 0.01 * i, threshold_max=50.0) for i in range(3)]
    text, page = page_of(runs)
    assert 'class="limit"' not in text
    assert "max 5,000" in page.text


def test_nothing_at_all_is_a_page_too() -> None:
    assert "no run" in page_of([])[1].text

"""The open loop, under a clock that only the stub servers advance; and recorded latencies."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from qgate.arms.arm import Server, TrialError
from qgate.charter.charter import LatencySpec
from qgate.data.dataset import Array, Codes
from qgate.errors import InvalidFileError
from qgate.trials import serving
from qgate.trials.serving import Latencies, measure_latency, read_latencies

ITEMS = np.arange(10, dtype=np.float64).reshape(5, 2)
MS = 0.001


class Clock:
    """Time passes by sleeping, by serving, and a microsecond with each look at the clock."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        self.now += 1e-6
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(serving, "time", clock)
    return clock


class Log:
    """Servers that note who was asked, when and what, and that take the time they are told."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[tuple[str, float, Array]] = []

    def server(self, role: str, seconds: Sequence[float]) -> Server:
        durations = itertools.chain(seconds, itertools.repeat(seconds[-1]))

        def serve(features: Array) -> Codes:
            self.asked.append((role, self.clock.now, features))
            self.clock.now += next(durations)
            return np.zeros(len(features), dtype=np.int64)

        return serve

    @property
    def roles(self) -> str:
        return "".join(role[0] for role, _, _ in self.asked)


def _spec(requests: int = 8, sessions: int = 4, warmup: int = 0, batch: int = 1) -> LatencySpec:
    return LatencySpec(requests, sessions, 100.0, warmup, batch)


def _nothing() -> None:
    pass


def _measured(
    log: Log, baseline: Sequence[float], candidate: Sequence[float], spec: LatencySpec
) -> dict[str, Latencies]:
    servers = {
        "candidate": log.server("candidate", candidate),
        "baseline": log.server("baseline", baseline),
    }
    return measure_latency(servers, ITEMS, spec, _nothing)


def test_the_order_of_the_arms_alternates(clock: Clock) -> None:
    log = Log(clock)
    _measured(log, [MS], [MS], _spec(requests=4))
    assert log.roles == "bccbbccb"


def test_requests_are_sent_at_the_rate_of_both_arms_together(clock: Clock) -> None:
    log = Log(clock)
    _measured(log, [MS], [2 * MS], _spec())
    gaps = np.diff([moment for _, moment, _ in log.asked])
    np.testing.assert_allclose(gaps, 0.01, atol=1e-4)


def test_without_a_queue_the_latency_is_the_service_time(clock: Clock) -> None:
    found = _measured(Log(clock), [MS], [3 * MS], _spec())
    np.testing.assert_allclose(found["baseline"].milliseconds, 1.0, atol=0.01)
    np.testing.assert_allclose(found["candidate"].milliseconds, 3.0, atol=0.01)
    assert found["baseline"].measured


def test_a_slow_request_is_charged_to_those_behind_it(clock: Clock) -> None:
    """Each arm has a request every 20 ms: one of 65 ms keeps the next three waiting."""
    found = _measured(Log(clock), [MS], [MS, 65 * MS, MS], _spec())
    expected = [1, 65, 46, 27, 8, 1, 1, 1]
    np.testing.assert_allclose(found["candidate"].milliseconds, expected, atol=0.01)


def test_a_slow_arm_does_not_make_the_other_one_look_slow(clock: Clock) -> None:
    """Else a ratio of the two would come out near 1 just when the candidate is overloaded."""
    found = _measured(Log(clock), [MS], [50 * MS], _spec())
    np.testing.assert_allclose(found["baseline"].milliseconds, 1.0, atol=0.01)
    growing = 50 + 30 * np.arange(8)
    np.testing.assert_allclose(found["candidate"].milliseconds, growing, atol=0.1)


def test_the_warm_up_is_dropped_with_its_queue(clock: Clock) -> None:
    log = Log(clock)
    found = _measured(log, [MS], [500 * MS, 500 * MS, MS], _spec(warmup=2))
    assert len(log.asked) == 2 * (2 + 8)
    assert len(found["candidate"].milliseconds) == 8
    np.testing.assert_allclose(found["candidate"].milliseconds, 1.0, atol=0.01)


@pytest.mark.parametrize("batch", [1, 3])
def test_requests_take_the_items_in_order_again_and_again(clock: Clock, batch: int) -> None:
    log = Log(clock)
    _measured(log, [MS], [MS], _spec(batch=batch))
    for role in ("baseline", "candidate"):
        sent = np.vstack([features for asked, _, features in log.asked if asked == role])
        assert all(len(f) == batch for asked, _, f in log.asked)
        np.testing.assert_array_equal(sent, ITEMS[np.arange(8 * batch) % 5])


@pytest.mark.parametrize(
    ("requests", "sessions", "expected"),
    [
        (8, 4, [0, 0, 1, 1, 2, 2, 3, 3]),
        (8, 1, [0] * 8),
        (7, 2, [0, 0, 0, 0, 1, 1, 1]),
        (3, 3, [0, 1, 2]),
    ],
)
def test_sessions_are_consecutive_parts_of_equal_size(
    clock: Clock, requests: int, sessions: int, expected: list[int]
) -> None:
    found = _measured(Log(clock), [MS], [MS], _spec(requests, sessions))
    assert list(found["candidate"].sessions) == expected
    assert found["baseline"].sessions == found["candidate"].sessions


def test_one_arm_alone_has_the_whole_rate_and_progress_is_told(clock: Clock) -> None:
    log, rounds = Log(clock), []
    servers = {"candidate": log.server("candidate", [12 * MS])}
    found = measure_latency(servers, ITEMS, _spec(warmup=1), lambda: rounds.append(1))
    assert len(rounds) == 9
    growing = 12 + 2 * np.arange(8)
    np.testing.assert_allclose(found["candidate"].milliseconds, growing, atol=0.05)


@pytest.mark.parametrize(
    ("fail", "message"),
    [
        (lambda: 1 / 0, "candidate: ZeroDivisionError"),
        (lambda: sys.exit(0), "candidate: SystemExit"),
    ],
)
def test_a_request_that_fails_is_a_trial_error(
    clock: Clock, fail: Callable[[], object], message: str
) -> None:
    def serve(features: Array) -> Codes:
        del features
        fail()
        raise AssertionError

    del clock
    with pytest.raises(TrialError, match=message) as caught:
        measure_latency({"candidate": serve}, ITEMS, _spec(), _nothing)
    assert caught.value.kind == "serving_failed"


def test_the_real_clock_times_at_least_the_service() -> None:
    def serve(features: Array) -> Codes:
        time.sleep(0.002)
        return np.zeros(len(features), dtype=np.int64)

    spec = LatencySpec(5, 1, 1000.0, 0, 1)
    found = measure_latency({"candidate": serve}, ITEMS, spec, _nothing)
    assert min(found["candidate"].milliseconds) >= 2.0
    assert max(found["candidate"].milliseconds) > 5.0  # a queue at twice the capacity


def _read(folder: Path, text: str | bytes) -> Latencies:
    path = folder / "latency.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_latencies(path, "latency.csv")


def test_recorded_latencies_are_read(tmp_path: Path) -> None:
    found = _read(tmp_path, "\ufefflatency_ms,session\n1.5,b\n2,a\n3e1,b\n")
    assert found == Latencies((1.5, 2.0, 30.0), (0, 1, 0), measured=False)
    turned = _read(tmp_path, "session,latency_ms\nb,1.5\na,2\nb,30\n")
    assert turned == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("latency_ms\n1\n", ":1:1: expected the columns latency_ms and session, not latency_ms"),
        ("", ":1:1: expected the columns latency_ms and session"),
        ("latency_ms,session,session\n1,a,a\n", ":1:1: expected the columns"),
        ("latency_ms,session\n1,a\nfast,a\n", ":3:1: expected a positive latency_ms"),
        ("session,latency_ms\na,1\na,-1\n", ":3:2: expected a positive latency_ms"),
        ("latency_ms,session\n0,a\n", ":2:1: expected a positive latency_ms"),
        ("latency_ms,session\nnan,a\n", ":2:1: expected a positive latency_ms"),
        ("latency_ms,session\ninf,a\n", ":2:1: expected a positive latency_ms"),
        ("latency_ms,session\n1,a\n1\n", ":3:2: expected a positive latency_ms and a session"),
        ("latency_ms,session\n1,5,a\n", ":2:2: expected a positive latency_ms and a session"),
        ("latency_ms,session\n", ":1:1: holds no request"),
        (b"latency_ms,session\n1,\xff\n", ":1:1: not a CSV in UTF-8"),
        ('latency_ms,session\n1,a\n1,"a" b\n', ":3:1: not a CSV in UTF-8"),
    ],
)
def test_a_bad_recording_is_refused_with_its_place(
    tmp_path: Path, text: str | bytes, expected: str
) -> None:
    with pytest.raises(InvalidFileError) as caught:
        _read(tmp_path, text)
    assert str(caught.value).startswith(f"latency.csv{expected}")

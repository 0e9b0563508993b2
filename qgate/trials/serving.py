"""Serving latency under an open loop, both arms in turn."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qgate.arms.arm import Server, TrialError
from qgate.charter.charter import LatencySpec
from qgate.data.dataset import Array
from qgate.errors import Finding, InvalidFileError


@dataclass(frozen=True)
class Latencies:
    """Milliseconds of each request and the session that it belongs to."""

    milliseconds: tuple[float, ...]
    sessions: tuple[int, ...]
    measured: bool
    """True when this machine measured it, False when it was recorded elsewhere."""


def measure_latency(
    servers: Mapping[str, Server], items: Array, spec: LatencySpec, advance: Callable[[], None]
) -> dict[str, Latencies]:
    """Send requests at a fixed rate to each arm in turn, and charge each for its queue.

    The service time of a request is measured. Its wait is that of an open loop with one server an
    arm, which the arm's earlier requests alone make longer: W' = max(0, W + S - period) (Lindley
    1952). So a slow request is charged for by those behind it, as its users would be (no
    coordinated omission), while a slow arm never makes the other one look slow. The order of the
    arms alternates from round to round.

    Args:
        servers: Trained serving paths by role.
        items: Shape (items, columns): requests take these rows in order, again and again.
        spec: Counts, rate and batch.
        advance: Called once for each round of one request to each arm.

    Raises:
        TrialError: When a request fails.

    """
    roles = sorted(servers)
    slot = 1.0 / spec.rate_per_s
    period = len(roles) * slot
    times: dict[str, list[float]] = {role: [] for role in roles}
    waits = dict.fromkeys(roles, 0.0)
    moment = time.perf_counter() + slot
    for number in range(spec.warmup + spec.requests):
        rows = np.arange(number * spec.batch, (number + 1) * spec.batch) % len(items)
        for role in roles if number % 2 == 0 else reversed(roles):
            _wait_until(moment)
            service = _service_time(role, servers[role], items[rows])
            times[role].append(1000 * (waits[role] + service))
            waits[role] = max(0.0, waits[role] + service - period)
            moment = max(moment + slot, time.perf_counter())
        if number + 1 == spec.warmup:
            waits = dict.fromkeys(roles, 0.0)  # a cold start is dropped with its queue
        advance()
    session = [i * spec.sessions // spec.requests for i in range(spec.requests)]
    return {
        role: Latencies(tuple(round(t, 6) for t in values[spec.warmup :]), tuple(session), True)
        for role, values in times.items()
    }


def _service_time(role: str, server: Server, features: Array) -> float:
    """Return the seconds that one request takes."""
    started = time.perf_counter()
    try:
        server(features)
    except (Exception, SystemExit) as error:
        raise TrialError("serving_failed", f"{role}: {type(error).__name__}: {error}") from error
    return time.perf_counter() - started


def read_latencies(path: Path, name: str) -> Latencies:
    """Return recorded latencies: a CSV with columns `latency_ms` and `session`.

    Raises:
        InvalidFileError: With line and column; also when there is no request in it.

    """
    times: list[float] = []
    sessions: list[int] = []
    members: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            header = list(reader.fieldnames or [])
            if sorted(header) != ["latency_ms", "session"]:
                message = f"expected the columns latency_ms and session, not {', '.join(header)}"
                raise InvalidFileError([Finding(name, 1, 1, message)])
            for row in reader:
                value = _positive(row["latency_ms"])
                if value is None or not row["session"] or None in row:
                    column = header.index("latency_ms" if value is None else "session") + 1
                    message = "expected a positive latency_ms and a session"
                    raise InvalidFileError([Finding(name, reader.line_num, column, message)])
                times.append(value)
                sessions.append(members.setdefault(row["session"], len(members)))
    except (UnicodeDecodeError, csv.Error) as error:
        line = max(1, reader.reader.line_num) if isinstance(error, csv.Error) else 1
        raise InvalidFileError([Finding(name, line, 1, f"not a CSV in UTF-8: {error}")]) from None
    if not times:
        raise InvalidFileError([Finding(name, 1, 1, "holds no request")])
    return Latencies(tuple(times), tuple(sessions), False)


def _positive(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _wait_until(moment: float) -> None:
    """Sleep, then spin for the last half millisecond, which a sleep would overshoot."""
    while (left := moment - time.perf_counter()) > 0:
        if left > 0.001:
            time.sleep(left - 0.0005)

"""`qgate device`."""

from __future__ import annotations

import datetime
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.console import width_of
from qgate.cli.output import refuse_unwritable
from qgate.errors import ExitCode, UsageError
from qgate.files import shown, typed, write_atomically

if TYPE_CHECKING:
    from qgate.quantum.device import Device, GateFigures

_WIDEST = 120


def command(
    snapshot: Annotated[
        Path | None, typer.Argument(metavar="[SNAPSHOT]", help="A device's snapshot, JSON.")
    ] = None,
    fake: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="A fake device, such as fake_lagos."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where the fake device's snapshot goes."),
    ] = None,
) -> int:
    """Show a device's calibration snapshot, or write one from qiskit-ibm-runtime."""
    if fake is not None and snapshot is None and output is not None:
        _write(fake, output)
        return ExitCode.PASS
    if snapshot is None or fake is not None or output is not None:
        raise UsageError(
            "expected a snapshot to show: qgate device SNAPSHOT.json\n"
            "or one to write: qgate device --from NAME --output SNAPSHOT.json"
        )
    from qgate.quantum.device import read_device

    device = read_device(snapshot, shown(snapshot))
    today = datetime.datetime.now(datetime.UTC).date()
    lines = [*_head(device, today), "", *_qubits(device), *_couplings(device), ""]
    lines += _warnings(device, today, min(width_of(sys.stdout), _WIDEST))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return ExitCode.PASS


def _write(fake: str, output: Path) -> None:
    if output.exists():
        raise UsageError(f"{shown(output)} is there already: name another --output, or remove it")
    refuse_unwritable(output)
    from qgate.quantum.device_import import import_fake, text_of

    document = import_fake(fake)
    write_atomically(output, text_of(document).encode())
    count, where = len(document["qubits"]), typed(shown(output))
    sys.stdout.write(
        f"wrote {where}: {document['device']}, {count} qubit{'s' if count != 1 else ''}, "
        f"calibrated {document['time']}\nNext:\n  qgate device {where}\n"
    )


def _head(device: Device, today: datetime.date) -> Iterator[str]:
    days = device.age_days(today)
    yield f"{device.name}: {_count(device.qubits, 'qubit')}, {_count(device.couplings, 'coupling')}"
    yield f"  calibrated  {device.time}, {days} day{'s' if days != 1 else ''} ago"
    yield f"  source      {device.source}"
    yield f"  digest      {device.digest}"


def _qubits(device: Device) -> Iterator[str]:
    errors: dict[int, list[float]] = {}
    for gate in device.gates:
        if len(gate.qubits) == 1 and gate.error is not None:
            errors.setdefault(gate.qubits[0], []).append(gate.error)
    yield f"  qubit{'T1 us':>9}{'T2 us':>9}{'P(1|0)':>10}{'P(0|1)':>10}{'one-qubit error':>17}"
    for number, qubit in enumerate(device.qubits):
        worst = max(errors[number]) if number in errors else None
        yield (
            f"  {number:>5}{_time(qubit.t1_s, 1e6):>9}{_time(qubit.t2_s, 1e6):>9}"
            f"{_error(qubit.p1_given_0):>10}{_error(qubit.p0_given_1):>10}{_error(worst):>17}"
        )


def _couplings(device: Device) -> Iterator[str]:
    pairs: dict[tuple[int, ...], dict[str, list[GateFigures]]] = {}
    for gate in device.gates:
        if len(gate.qubits) == 2:
            row = pairs.setdefault(tuple(sorted(gate.qubits)), {})
            row.setdefault(gate.name, []).append(gate)
    if pairs:
        yield ""
        yield f"  {'coupling':<11}{'gate':<6}{'error':>21}{'duration ns':>15}"
    for pair, names in sorted(pairs.items()):
        for name, gates in names.items():
            both = sorted(gates, key=lambda gate: gate.qubits)
            errors = _alike([_error(gate.error) for gate in both])
            times = _alike([_time(gate.duration_s, 1e9) for gate in both])
            yield f"  {'-'.join(map(str, pair)):<11}{name:<6}{errors:>21}{times:>15}"
    if any(len({g.error for g in gates}) > 1 for n in pairs.values() for gates in n.values()):
        yield "  a / b: from the first qubit to the second / from the second to the first"


def _warnings(device: Device, today: datetime.date, width: int) -> Iterator[str]:
    from qgate.quantum.device_hygiene import hygiene

    found = hygiene(device, range(len(device.qubits)), today)
    yield "Dubious, of all its qubits:" if found else "Nothing is dubious."
    for sentence in found:
        yield from textwrap.wrap(
            sentence, width, initial_indent="  ! ", subsequent_indent="    ", break_on_hyphens=False
        )


def _alike(texts: Sequence[str]) -> str:
    """Return one figure for both directions where they are the same."""
    return texts[0] if len(set(texts)) == 1 else " / ".join(texts)


def _count(items: Sequence[object], noun: str) -> str:
    return f"{len(items)} {noun}{'s' if len(items) != 1 else ''}"


def _time(seconds: float | None, factor: float) -> str:
    return "-" if seconds is None else f"{seconds * factor:.1f}"


def _error(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"

"""What is told of a charter's circuits, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qgate.report.columns import fitted, hung

_COLUMNS = ("qubits", "depth", "gates", "two_qubit_gates", "parameters")
_MEASURES = {
    "meyer_wallach": "Meyer-Wallach Q, without noise: 0 product, 1 each qubit fully entangled",
    "half_cut_entropy_bits": "entropy between the halves, bits, without noise",
}


def render_circuit(told: Mapping[str, Mapping[str, Any]], width: int) -> str:
    """Return every arm's layers, drawing, figures and states as text of a width."""
    width = fitted(width)
    lines: list[str] = []
    for role, portrait in told.items():
        lines += [f"{role} {portrait['id']}", *_layers(portrait, width), ""]
        drawing = portrait["drawing"].draw("text", fold=width, idle_wires=False)
        drawing.encoding = "utf-8"  # whatever the stream is: else it warns on stderr
        lines += [str(drawing), ""]
        lines += [*_figures(portrait["circuits"], width), ""]
        if "states" in portrait:
            lines += [*_states(portrait["states"], width), ""]
    return "\n".join(lines[:-1]) + "\n"


def _layers(portrait: Mapping[str, Any], width: int) -> Iterator[str]:
    longest = max(len(layer["name"]) for layer in portrait["layers"])
    for layer in portrait["layers"]:
        first = f"  {layer['name']:<{longest}}  "
        yield from hung(first, f"{layer['kind']}: {layer['does']}", width, long_words=False)
    if portrait["repeat"] > 1:
        yield f"  all of it {portrait['repeat']} times"


def _figures(circuits: list[Mapping[str, Any]], width: int) -> Iterator[str]:
    longest = max(len(circuit["what"]) for circuit in circuits)
    heads = [name.replace("_", " ").replace("two qubit", "two-qubit") for name in _COLUMNS]
    yield " " * (longest + 2) + "".join(f"{head:>{len(head) + 2}}" for head in heads)
    for circuit in circuits:
        cells = [
            f"{circuit[name]:>{len(head) + 2}}" for name, head in zip(_COLUMNS, heads, strict=True)
        ]
        yield f"  {circuit['what']:<{longest}}" + "".join(cells)
    for circuit in circuits:
        if "device" in circuit:
            yield ""
            yield from _device(circuit, width)


def _device(circuit: Mapping[str, Any], width: int) -> Iterator[str]:
    counts = ", ".join(f"{count} {name}" for name, count in circuit["gates_by_name"].items())
    duration = circuit["modelled_duration_us"]
    time = "duration not known" if duration is None else f"{duration:.4g} us (modelled)"
    qubits = ", ".join(str(qubit) for qubit in circuit["physical_qubits"])
    yield from hung(
        f"  {circuit['device']}: ",
        f"calibrated {circuit['calibrated']}, snapshot {circuit['snapshot'][:12]}; "
        f"qubits {qubits}; {counts}; {time}",
        width,
        long_words=False,
    )
    for warning in circuit["warnings"]:
        yield from hung("    warning: ", warning, width, long_words=False)


def _states(states: Mapping[str, Any], width: int) -> Iterator[str]:
    yield f"  states of {states['rows']} of {states['of']} training rows, mean (least to most)"
    for key, what in _MEASURES.items():
        if key in states:
            yield from hung(f"    {_spread(states[key])}  ", what, width, long_words=False)
    yield f"    {'1':<{len(_spread({'mean': 1, 'min': 1, 'max': 1}))}}  purity without noise"
    for device, values in states.get("modelled_purity", {}).items():
        what = f"purity after U(x) behind the noise of {device} (modelled)"
        yield from hung(f"    {_spread(values)}  ", what, width, long_words=False)
    if "meyer_wallach" not in states:
        yield "    entanglement is not computed for so many qubits"


def _spread(values: Mapping[str, float]) -> str:
    return f"{values['mean']:.3f} ({values['min']:.3f} to {values['max']:.3f})"

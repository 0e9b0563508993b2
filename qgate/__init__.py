"""qgate: a promotion gate for hybrid quantum-classical pilots.

The library is the command line's other face: `load`, `plan`, `run` and `judge` take what their
commands take and return typed results, which show themselves as HTML in a notebook. Wrong use
raises `qgate.errors.QgateError`, whose message says what to do.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
"""Imports nothing but the interpreter: what an interrupt stops here, no line of ours can answer."""

if TYPE_CHECKING:
    from pathlib import Path

    from qgate.charter.charter import Charter
    from qgate.evidence.evidence import Evidence
    from qgate.gates.decision import Decision, RunResult
    from qgate.plan.settings import Settings
    from qgate.plan.study import Study

    __version__: str

__all__ = ["__version__", "judge", "load", "plan", "run"]


def load(path: str | Path, settings: Settings | None = None) -> Charter:
    """Return a valid charter.

    Args:
        path: Of the charter's file, from the current folder.
        settings: Which packages its arms may import, and whether its paths may leave the project.

    Raises:
        InvalidFileError: With every error's line and column; also when there is no such file.

    """
    from qgate import pipeline

    return pipeline.load(_file(path), _settings(settings))


def plan(charter: str | Path | Charter, settings: Settings | None = None) -> Study:
    """Return what would run: a charter with its data, its lock and its trials. Nothing runs.

    A notebook shows it with the chance of each gate to pass, and what would raise it; these are
    shares from 0 to 1 in `qgate.measure.outlook.forecast(study)`.

    Args:
        charter: The path of its file, or a charter that `load` returned.
        settings: As of `load`; `max_memory` is in bytes.

    Raises:
        UsageError: When charter, data or lock cannot be used, or the file was changed since `load`.

    """
    from qgate import pipeline

    chosen = _settings(settings)
    return pipeline.study(_charter_file(charter, chosen), chosen)


def run(charter: str | Path | Charter, settings: Settings | None = None) -> RunResult:
    """Run a charter, write its evidence under `.qgate`, and return `evidence` and `decision`.

    Where nothing has changed since an earlier run, its evidence is judged again. A new process
    replays some trials: in a script, call it under `if __name__ == "__main__":`; a notebook needs
    no such line.

    Args:
        charter: The path of its file, or a charter that `load` returned.
        settings: How to run: `workers`, `fresh`, `rehearse`, `even_if_underpowered`, and the like.

    Raises:
        UsageError: When the charter cannot be run as it stands, or cannot be decided.
        ExecutionError: When the work could not be carried out here.

    """
    from qgate import pipeline
    from qgate.gates.decision import RunResult

    _refuse_to_run_again()
    chosen = _settings(settings)
    return RunResult(*pipeline.run(_charter_file(charter, chosen), chosen))


def judge(evidence: str | Path | Evidence, charter: Charter | None = None) -> Decision:
    """Return the decision on evidence; nothing runs, and no quantum SDK is imported.

    Args:
        evidence: As `run` returned it, or a bundle's folder, archive, or the start of its digest.
        charter: Other terms for the same experiment: the decision is then what would be.

    Raises:
        UsageError: When there is no such bundle, it was changed after its run, or the other charter
            is of another experiment.

    """
    from pathlib import Path

    from qgate.charter.charter import Charter
    from qgate.errors import UsageError
    from qgate.evidence.evidence import Evidence
    from qgate.evidence.store import read_bundle
    from qgate.gates import decision

    if not isinstance(charter, Charter | None):
        raise UsageError(
            f"other terms are what qgate.load(path) returned, not of type {type(charter).__name__}"
        )
    if isinstance(evidence, str | Path):
        return decision.judge(read_bundle(str(evidence)), charter)
    if not isinstance(evidence, Evidence):
        raise UsageError(
            "evidence is what qgate.run(...).evidence holds, or the path or digest of a bundle, "
            f"not of type {type(evidence).__name__}"
        )
    return decision.judge(evidence, charter)


def _charter_file(charter: str | Path | Charter, settings: Settings) -> Path:
    """Return a charter's file, from which it is read again: what runs is what stands there."""
    from qgate.charter.charter import Charter

    if not isinstance(charter, Charter):
        return _file(charter)
    from pathlib import Path

    from qgate import pipeline
    from qgate.errors import UsageError

    path = Path(charter.path)
    if not path.is_file():
        raise UsageError(
            f"{charter.path}, from which this charter was loaded, is not there from {Path.cwd()}: "
            "go back to the folder in which it was loaded, or give its path"
        )
    if pipeline.load(path, settings).digest != charter.digest:
        raise UsageError(f"{charter.path} is not the charter that was loaded: load it again")
    return path


def _file(path: object) -> Path:
    from pathlib import Path

    from qgate.errors import UsageError

    if isinstance(path, str | Path) and "\0" not in str(path):
        return Path(path)
    given = f"of type {type(path).__name__}" if "\0" not in str(path) else "with a zero byte in it"
    raise UsageError(
        "a charter is named by the path of its YAML file, or is what qgate.load(path) returned, "
        f"not {given}"
    )


def _settings(settings: object) -> Settings:
    from qgate.errors import UsageError
    from qgate.plan.settings import Settings

    if not isinstance(settings, Settings | None):
        raise UsageError(
            "settings are of qgate.plan.settings, as in Settings(workers=2), "
            f"not of type {type(settings).__name__}"
        )
    chosen = settings or Settings()
    if type(chosen.workers) is not int or chosen.workers < 1:  # a run would wait for none for ever
        raise UsageError(f"workers is a whole number from 1, not {chosen.workers!r}")
    return chosen


def _refuse_to_run_again() -> None:
    """Refuse in a run's own new process, which imports the script: each would wait for the other.

    Raises:
        UsageError: With the line that the script lacks.

    """
    import multiprocessing

    from qgate.errors import UsageError

    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError(
            "a run starts new processes, and each imports this script, which calls qgate.run "
            'again: put the call under `if __name__ == "__main__":`'
        )


class _Library(type(sys)):  # type: ignore[misc]  # the type of modules
    """The package, whose function `plan` outlives the import of the room of that name.

    Importing `qgate.plan.study` sets `plan` here to the package `qgate.plan`, and the second call
    of `qgate.plan` in a notebook would call a module.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name != "plan" or not isinstance(value, type(sys)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Library


if not TYPE_CHECKING:  # where a checker sees it, any name would be one of the library's

    def __getattr__(name: str) -> str:
        """Return the installed version, which is looked up when it is asked for."""
        if name == "__version__":
            from importlib import metadata

            return metadata.version("qgate")
        raise AttributeError(f"module 'qgate' has no attribute {name!r}")

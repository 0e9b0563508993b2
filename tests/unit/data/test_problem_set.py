from __future__ import annotations

from pathlib import Path

import pytest

from qgate.arms.target import significant
from qgate.charter.charter import DataSpec, ProblemSpec, Validation
from qgate.data.problem_set import beyond, load_problems, no_ratio, unrated
from qgate.data.split import load_split, validation_order
from qgate.digest import sha256_file
from qgate.errors import TermError

TRIANGLE = "3 3\n1 2 1\n2 3 1\n1 3 1\n"
THIRDS = "2 1\n1 2 -0.3333333333333\n"
BIQMAC = Path(__file__).parents[3] / "fixtures" / "biqmac"


def _spec(*problems: ProblemSpec) -> DataSpec:
    everything = Validation(everything=True)
    return DataSpec("", "", None, None, None, everything, "optimization", problems=problems)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "triangle.mc").write_text(TRIANGLE, encoding="utf-8")
    (tmp_path / "again.rud").write_text(f"# the same\n{TRIANGLE}", encoding="utf-8")
    (tmp_path / "thirds.sparse").write_text(THIRDS, encoding="utf-8")
    wide = "30 1\n1 30 -1\n"
    (tmp_path / "wide.sparse").write_text(wide, encoding="utf-8")
    return tmp_path


def test_items_are_the_problems_and_labels_their_optima(folder: Path) -> None:
    spec = _spec(
        ProblemSpec("triangle.mc"), ProblemSpec("thirds.sparse"), ProblemSpec("wide.sparse", -2.0)
    )
    split = load_split(spec, folder)
    features, labels = split.validate_on
    assert features.tolist() == [[0], [1], [2]]
    assert labels.tolist() == [2.0, significant(-2 / 3), -2.0]
    assert [problem.name for problem in split.dataset.problems] == [p.path for p in spec.problems]
    assert (split.dataset.classes, len(split.train), split.resampled) == ((), 0, False)
    assert split.file_digests == tuple(
        (p.path, sha256_file(folder / p.path)) for p in spec.problems
    )


def test_the_content_is_the_problems_in_order_and_their_optima(folder: Path) -> None:
    first, second = ProblemSpec("triangle.mc"), ProblemSpec("wide.sparse", -2.0)
    found = {
        load_problems(spec, folder)[0].content_digest
        for spec in (
            _spec(first, second),
            _spec(second, first),
            _spec(first),
            _spec(first, ProblemSpec("wide.sparse", -3.0)),
        )
    }
    assert len(found) == 4
    renamed = load_problems(_spec(ProblemSpec("again.rud")), folder)[0]
    assert renamed.content_digest == load_problems(_spec(first), folder)[0].content_digest


def test_items_in_a_random_order_are_the_same_problems(folder: Path) -> None:
    spec = _spec(
        ProblemSpec("triangle.mc"), ProblemSpec("thirds.sparse"), ProblemSpec("wide.sparse", -2.0)
    )
    split = load_split(spec, folder, shuffled=True)
    assert split.validation.tolist() == validation_order(3, shuffled=True).tolist()
    assert sorted(split.validation.tolist()) == [0, 1, 2]
    assert len({tuple(validation_order(n, shuffled=True)[:3]) for n in range(5, 15)}) > 3


@pytest.mark.parametrize(
    ("problems", "path", "said"),
    [
        ([ProblemSpec("wide.sparse")], (0,), "has 30 variables; .* state `optimum`"),
        ([ProblemSpec("triangle.mc", 3.0)], (0, "optimum"), "of triangle.mc is 2, not 3"),
        (
            [ProblemSpec("triangle.mc"), ProblemSpec("again.rud")],
            (1,),
            "the same problem as triangle.mc: it is no new item",
        ),
    ],
)
def test_a_wrong_term_is_told_at_its_place(
    folder: Path, problems: list[ProblemSpec], path: tuple[int | str, ...], said: str
) -> None:
    with pytest.raises(TermError, match=said) as caught:
        load_split(_spec(*problems), folder)
    assert caught.value.path == ("data", "problems", *path)


def test_published_optima_are_computed_where_they_can_be() -> None:
    found, _ = load_problems(_spec(ProblemSpec("gka1b.sparse", -133.0)), BIQMAC)
    assert found.labels.tolist() == [-133]


@pytest.mark.parametrize(
    ("sense", "best", "rated"),
    [("min", -1, True), ("min", 0, False), ("min", 2, False), ("max", 1, True), ("max", 0, False)],
)
def test_a_ratio_is_taken_only_where_it_is_at_most_one(
    sense: str, best: float, rated: bool
) -> None:
    assert (no_ratio(sense, best) is None) == rated


def test_the_first_problem_without_a_ratio_is_named(folder: Path) -> None:
    (folder / "above.sparse").write_text("1 1\n1 1 3\n", encoding="utf-8")
    spec = _spec(ProblemSpec("triangle.mc"), ProblemSpec("above.sparse"))
    found = unrated(load_problems(spec, folder)[0])
    assert found is not None
    assert found[0] == 1
    assert "above.sparse has no approximation ratio: its least value, 0" in found[1]
    assert unrated(load_problems(_spec(ProblemSpec("triangle.mc")), folder)[0]) is None


def test_better_than_the_best_is_beyond_rounding() -> None:
    assert beyond("min", -10.1, -10)
    assert beyond("max", 10.1, 10)
    assert not beyond("min", -10 - 1e-9, -10)
    assert not beyond("max", 9.0, 10)

"""`make compare`: formulations of the model side by side, forward in time; docs/decisions/0013 gives the numbers.

On each data set the choice is made on one cohort (fitted on the first, judged on the second) and only then told of another
(fitted on both, judged on the third). A folder named on the command line keeps the loaded data for the next time; a number
after it is the seed of the simulated district.
"""

import dataclasses
import datetime as dt
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dropout.country import Target
from dropout.deploy import init
from dropout.logs import configure
from dropout.model import calibrator, history, metrics
from dropout.model.calibrator import Calibrator
from dropout.model.candidate import Candidate
from dropout.model.cohort import known_years
from dropout.model.frame import FEWEST_CLUSTERS, Floats, Frame, Ints, concatenated
from dropout.model.metrics import Outcomes, Sums
from dropout.model.resample import draws, interval
from dropout.settings import Deployment, ModelSettings, open_deployment
from dropout.simulate import simulate
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from flows.verbs import perform, running
from tests.bench.forms import AVERAGES, FORMS, Calendar, Question

OULAD = Path(__file__).parents[3] / "shared" / "data" / "oulad"
STUDENTS, YEARS, SEED = 6_000, 4, 7
LATER = dt.date(2014, 10, 15)  # OULAD's three cohorts are over
NIGHT = dt.date(2026, 3, 2)  # three of the simulated cohorts are known to the census
TODAY = "trees"
SHARE = 0.19
COLUMNS = (
    "formulation", "AUC", "less today's, by class", "by student", "average precision", "recall 19 %", "calibration error",
    "fit s", "reasons s", "AUC by date",
)  # fmt: skip
FEW_CLASSES = 20  # below this an interval by class is coarse: that by student, which says nothing of other classes, stands beside
EXPLAINED = 3_000  # snapshots of which the reasons are timed


@dataclass(frozen=True)
class Data:
    """Three cohorts of one data set, the earliest first. `rows` holds the outcome asked for, `whole` the whole period's."""

    name: str
    rows: list[Frame]
    whole: list[Frame]
    calendar: Calendar
    days: int | None = None

    def past(self, cohorts: int) -> Question:
        """What is known from the first `cohorts`."""
        return Question(concatenated(self.rows[:cohorts]), concatenated(self.whole[:cohorts]), self.calendar, self.days)


@dataclass(frozen=True)
class Scores:
    """What one formulation says of the judged rows, and what that cost in seconds."""

    raw: Floats
    fit: float
    explain: float  # of a thousand snapshots


def main() -> None:
    configure("json")
    if len(sys.argv) > 1:
        compare(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SEED)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), SEED)


def compare(folder: Path, seed: int) -> None:
    """Prints a table per data set and cohort, as Markdown."""
    settings = ModelSettings(threads=2)
    for data in all_data(folder, seed):
        chosen = scores(data.past(1), data.rows[1], settings)
        table(f"{data.name}: chosen on", data.rows[1], chosen, {})
        told = scores(data.past(2), data.rows[2], settings)
        table(f"{data.name}: told of", data.rows[2], told, maps(data.rows[1], chosen, settings))


def all_data(folder: Path, seed: int) -> Iterator[Data]:
    """OULAD where it is, and a simulated district, by the end of the whole period and within 60 days."""
    zips = sorted(OULAD.glob("oulad-*.zip"))
    if len(zips) == 3 or (folder / "oulad").exists():
        yield from of_place("OULAD", _loaded(folder / "oulad", "oulad", zips, LATER), LATER)
    else:
        print(f"OULAD: skipped, its three zips are not at {OULAD}")
    deliveries = folder / f"simulated-{seed}" / "deliveries"
    if not deliveries.exists():
        simulate(deliveries.parent, students=STUDENTS, years=YEARS, seed=seed, first_year=2022)
    past = [p for p in sorted(deliveries.iterdir()) if p.name <= str(NIGHT)]
    yield from of_place("simulated", _loaded(folder / f"district-{seed}", "morocco", past, NIGHT), NIGHT)


def _loaded(folder: Path, country: str, paths: list[Path], as_of: dt.date) -> Deployment:
    if folder.exists():
        return open_deployment(folder)
    place = init(folder, country)
    with running(place, "history", as_of) as run:
        perform(run, "land", paths=paths, as_history=True)
        for verb in ("read", "check", "load"):
            perform(run, verb)
    return place


def of_place(name: str, place: Deployment, as_of: dt.date) -> Iterator[Data]:
    """The frames of a season on `as_of`: what it asks by the end of the whole period, and within 60 days."""
    run, targets = Run(place, "compare", as_of), place.country.targets
    candidates: dict[Target, Candidate] = {t: Candidate(place, t) for t in targets}
    for candidate in candidates.values():
        candidate.begin()
    with connect(place) as con:
        cohorts = history.build(con, run, candidates)
        years = {y.school_year: y for y in known_years(con, run)}
    frames = {t: [candidates[t].rows([c.school_year]) for c in cohorts[t][0][:3]] for t in targets}
    for candidate in candidates.values():
        candidate.remove()
    whole = frames[place.country.list_target]
    calendar = Calendar(years, has_census=place.country.list_target == "leaves_by_next_year")
    yield Data(f"{name}, {place.country.list_target}", whole, whole, calendar)
    soon = frames["leaves_within_60_days"] if "leaves_within_60_days" in frames else [within(f, 60) for f in whole]
    yield Data(f"{name}, within 60 days", soon, whole, calendar, days=60)


def within(rows: Frame, days: int) -> Frame:
    """`rows` with the outcome asked of fewer days, where all exits have a date; dates on which next to nobody leaves go."""
    soon = (rows.label == 1) & ~np.isnat(rows.exit_date) & (rows.exit_date <= rows.as_of_date + np.timedelta64(days, "D"))
    return dataclasses.replace(rows, label=soon.astype(np.float64))


def scores(past: Question, judged: Frame, settings: ModelSettings) -> dict[str, Scores]:
    """Every formulation fitted on `past` and asked about `judged`, one after the other; then their averages."""
    found: dict[str, Scores] = {}
    few = judged.take(np.arange(0, len(judged), max(1, len(judged) // EXPLAINED)))
    for name, formulation in FORMS.items():
        began = time.perf_counter()
        fitted = formulation(past, settings)
        fit = time.perf_counter() - began
        raw, began = fitted.raw(judged), time.perf_counter()
        fitted.explain(few)
        found[name] = Scores(raw, fit, (time.perf_counter() - began) / len(few) * 1000)
    for name, parts in AVERAGES.items():
        of = [found[part] for part in parts]
        found[name] = Scores(np.mean([s.raw for s in of], axis=0), sum(s.fit for s in of), sum(s.explain for s in of))
    return found


def maps(rows: Frame, chosen: dict[str, Scores], settings: ModelSettings) -> dict[str, Calibrator]:
    """The house's map per formulation, as its recipe for three cohorts has it: fitted where the choice was made."""
    return {n: calibrator.fit(s.raw, rows.label, rows.weight, rows.cluster, settings.seed) for n, s in chosen.items()}


def table(title: str, rows: Frame, found: dict[str, Scores], calibrators: dict[str, Calibrator]) -> None:
    """Prints one line per formulation: within nights, added up; differences from today's are paired."""
    of_classes = classes(rows)
    count = int(of_classes.max()) + 1
    clusters = [of_classes, _numbers(rows.student_key)][: 2 if count < FEW_CLASSES else 1]
    drawn = [nights(rows, cluster) for cluster in clusters]
    print(f"\n**{title} {rows.school_year[0]}** ({len(rows):,} snapshots, {count} classes)\n")
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    today = [sums(found[TODAY].raw, parts) for parts in drawn]
    for name, s in found.items():
        summed = [sums(s.raw, parts) for parts in drawn]
        differences = [_difference(*pair) for pair in zip(summed, today, strict=True)]
        whole, by_date = metrics.added(summed[0]), " ".join(f"{_auc(night)[0]:.3f}" for night in summed[0])
        cells = [
            name,
            f"{_auc(whole)[0]:.4f}",
            *(differences if len(differences) == 2 else [*differences, "–"]),
            f"{whole['precision'][0] / whole['left'][0]:.3f}",
            f"{whole[f'hits {SHARE}'][0] / whole['left'][0]:.3f}",
            _calibration(s.raw, rows, calibrators.get(name)),
            f"{s.fit:.1f}",
            f"{s.explain:.3f}",
            by_date,
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


def nights(rows: Frame, cluster: Ints) -> list[tuple[np.ndarray, Outcomes]]:
    """The rows of each as-of date on which anybody left, and their outcomes; all share the resamples of `cluster`."""
    nobody = np.zeros(len(rows))
    whole = Outcomes(
        label=rows.label,
        cluster=cluster,
        school=nobody.astype(np.int64),
        capacity=nobody,
        is_listable=nobody == 0,
        draws=draws(int(cluster.max()) + 1, SEED),
    )
    of_dates = [rows.as_of_date == date for date in np.unique(rows.as_of_date)]
    return [(of_date, whole.take(of_date)) for of_date in of_dates if 0 < rows.label[of_date].mean() < 1]


def classes(rows: Frame) -> Ints:
    """Number of each row's class; of its student where there are next to no classes."""
    names = np.array([f"{s}\0{c}" for s, c in zip(rows.school_id, rows.class_id, strict=True)])
    found = _numbers(names)
    return found if found.max() + 1 >= FEWEST_CLUSTERS else _numbers(rows.student_key)


def sums(raw: Floats, parts: list[tuple[np.ndarray, Outcomes]]) -> list[Sums]:
    """The additive parts of the metrics, night by night."""
    return [{"left": night.total(night.label), **metrics.ranked_sums(raw[rows], night, (SHARE,))} for rows, night in parts]


def _numbers(names: np.ndarray) -> Ints:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _auc(found: Sums) -> Floats:
    return np.asarray(found["pairs right"] / found["pairs"], dtype=np.float64)


def _difference(found: list[Sums], today: list[Sums]) -> str:
    difference = _auc(metrics.added(found)) - _auc(metrics.added(today))
    low, high = interval(difference)
    return f"{difference[0]:+.4f} ({low:+.4f} to {high:+.4f})"


def _calibration(raw: Floats, rows: Frame, found: Calibrator | None) -> str:
    if found is None:
        return "–"
    outcomes = nights(dataclasses.replace(rows, as_of_date=np.zeros(len(rows), "datetime64[D]")), classes(rows))[0][1]
    return f"{metrics.calibration_error(found.chance(raw), outcomes)[0]:.4f}"


if __name__ == "__main__":
    main()

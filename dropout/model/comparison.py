"""Rankings side by side on one set of snapshots: metrics by night and over all, gains over baselines, intervals."""

import dataclasses
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dropout.model import metrics
from dropout.model.frame import Bools, Floats, Frame
from dropout.model.metrics import Outcomes, Sums, Value
from dropout.model.rankings import BASELINES, Ranking
from dropout.model.resample import draws, interval
from dropout.settings import ModelSettings
from dropout.strict import Strict

SHARES = (0.05, 0.10, 0.19, 0.20)  # of the students; 0.19 is the share that Fès-Meknès published
SMALLEST_JUDGED, LARGEST_JUDGED = 0.05, 0.20  # on a smaller list chance decides; a larger one is no list
CALIBRATION = ("brier", "calibration_error")
ALL = "all"
FEWEST_HEADS = 10  # students who left, and who stayed, without whom a part of the students is not spoken of


class Gain(Strict):
    """Recall of a ranking minus that of another (`baseline`) on lists of the judged size, with its interval."""

    baseline: str
    lists: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Record:
    """One row of `ops.evaluation`, but for version and target."""

    cohort: str
    as_of_group: str
    ranking: str
    metric: str
    size_share: float | None
    value: float | None
    low: float | None
    high: float | None
    student_count: int
    event_count: int
    student_group: str = "all"


class Comparison:
    """`ranked` on `rows` (labels all known). `capacity` is that of each row's school."""

    def __init__(self, rows: Frame, ranked: dict[str, Ranking], capacity: Floats, settings: ModelSettings) -> None:
        self.rows, self.ranked = rows, ranked
        self._capacity, self._settings = capacity, settings
        self.outcomes = Outcomes(
            label=rows.label,
            cluster=rows.cluster,
            school=np.unique(rows.school_id.astype(str), return_inverse=True)[1].astype(np.int64),
            capacity=capacity,
            is_listable=~rows.is_thin(settings.taken_registers_at_least),
            draws=draws(int(rows.cluster.max()) + 1, settings.seed),
        )
        self.nights = {str(d): rows.as_of_date == d for d in np.unique(rows.as_of_date)}
        self.judged_share = float(np.clip(self._capacity_share(), SMALLEST_JUDGED, LARGEST_JUDGED))

    def _capacity_share(self) -> float:
        """Share of the students that the schools' capacities allow, mean of the nights."""
        places = 0.0
        for night in self.nights.values():
            school, students = self.outcomes.school[night], np.bincount(self.outcomes.school[night])
            places += float(np.minimum(self._capacity[night] / students[school], 1).sum())
        return round(places / len(self.rows), 4)

    @cached_property
    def sums(self) -> dict[str, dict[str, Sums]]:
        """Ranking → night → the additive parts of its metrics."""
        return {
            name: {
                night: metrics.night_sums(
                    ranking.score[rows], ranking.chance[rows], self.outcomes.take(rows), SHARES, self.judged_share
                )
                for night, rows in self.nights.items()
            }
            for name, ranking in self.ranked.items()
        }

    def over_all(self, ranking: str) -> Sums:
        """The sums of all nights."""
        return metrics.added(list(self.sums[ranking].values()))

    def values(self, ranking: str) -> dict[str, float]:
        """Metrics over all nights whose list, where they have one, is of the judged size."""
        found = metrics.values(self.over_all(ranking), (), self.judged_share)
        return {v.metric: round(v.value, 6) for v in found if np.isfinite(v.value)}

    def gains(self, ranking: str = "model", over: Collection[str] = BASELINES) -> list[Gain]:
        """`ranking` against each of `over` that is here, on one list of the district and on lists of the schools."""
        model, found = self.over_all(ranking), []
        kinds = {"the district's list": f"hits {self.judged_share}", "the schools' lists": "hits schools"}
        for baseline in (b for b in over if b in self.ranked):
            for lists, hits in kinds.items():
                resampled = metrics.gain(model, self.over_all(baseline), hits)
                low, high = interval(resampled)
                ends = [round(float(v), 6) for v in np.nan_to_num((resampled[0], low, high), nan=-1.0)]
                found.append(Gain(baseline=baseline, lists=lists, value=ends[0], low=ends[1], high=ends[2]))
        return found

    def calibration_error(self, ranking: str, night: str = ALL) -> Value:
        """Over ten bins of equally many snapshots."""
        rows = np.ones(len(self.rows), dtype=np.bool_) if night == ALL else self.nights[night]
        error = metrics.calibration_error(self.ranked[ranking].chance[rows], self.outcomes.take(rows))
        return metrics.value("calibration_error", None, error)

    def records(self, cohort: str, group_of: Callable[[str], str], metrics_of: Collection[str] = ()) -> list[Record]:
        """Rows for `ops.evaluation`; `group_of` names a night, `metrics_of` chooses metrics (none: all)."""
        found = []
        for name in self.ranked:
            for night in (*self.nights, ALL):
                sums = self.over_all(name) if night == ALL else self.sums[name][night]
                all_values = [*metrics.values(sums, SHARES, self.judged_share), self.calibration_error(name, night)]
                group = ALL if night == ALL else group_of(night)
                chosen = [v for v in all_values if not metrics_of or v.metric in metrics_of]
                found += [self._record(cohort, group, name, v, night) for v in chosen]
        return found

    def reliability_records(self, cohort: str) -> list[Record]:
        """The model's mean chance and the share that left, in ten bins of equally many snapshots; `size_share` names the bin."""
        order = np.argsort(self.ranked["model"].chance, kind="stable")
        found = []
        for i, rows in enumerate(np.array_split(order, metrics.CALIBRATION_BINS), start=1):
            means = {
                "reliability_chance": self.ranked["model"].chance[rows].mean(),
                "reliability_left": self.rows.label[rows].mean(),
            }
            share = i / metrics.CALIBRATION_BINS
            found += [
                self._record(cohort, ALL, "model", Value(name, share, float(mean), np.nan, np.nan), ALL)
                for name, mean in means.items()
            ]
        return found

    def gain_records(self, cohort: str, ranking: str = "model", over: Collection[str] = BASELINES) -> list[Record]:
        """The gains as rows for `ops.evaluation`; none of a ranking that is not here."""
        suffix = {"the district's list": "", "the schools' lists": "_in_schools"}
        return [
            self._record(
                cohort, ALL, ranking,
                Value(f"recall{suffix[g.lists]}_gain_over_{g.baseline}", self.judged_share, g.value, g.low, g.high), ALL,
            )
            for g in (self.gains(ranking, over) if ranking in self.ranked else [])
        ]  # fmt: skip

    def unknown_as_stayed(self, cohort: str) -> list[Record]:
        """The other end of the band: exits for an unknown reason, counted as left everywhere else, as stayed."""
        if not self.rows.is_unknown_exit.any():
            return []
        label = np.where(self.rows.is_unknown_exit, 0.0, self.rows.label)
        other = Comparison(dataclasses.replace(self.rows, label=label), self.ranked, self._capacity, self._settings)
        suffix = "_unknown_as_stayed"
        return [
            dataclasses.replace(r, metric=r.metric + suffix)
            for r in other.records(cohort, str)
            if r.as_of_group == ALL and not r.metric.startswith("lift")
        ]

    @cached_property
    def _counts(self) -> dict[str, tuple[int, int]]:
        """Night, or all of them → students, and students who left."""
        rows = {**self.nights, ALL: np.ones(len(self.rows), dtype=np.bool_)}
        return {night: heads(self.rows, r) for night, r in rows.items()}

    def _record(self, cohort: str, group: str, ranking: str, v: Value, night: str) -> Record:
        return record(v, cohort, group, ranking, self._counts[night])


def record(v: Value, cohort: str, as_of_group: str, ranking: str, counts: tuple[int, int], student_group: str = ALL) -> Record:
    """A metric as a row for `ops.evaluation`; `counts` are the students it speaks of, and those of them who left."""
    return Record(
        cohort=cohort,
        as_of_group=as_of_group,
        ranking=ranking,
        metric=v.metric,
        size_share=v.size_share,
        value=_finite(v.value),
        low=_finite(v.low),
        high=_finite(v.high),
        student_count=counts[0],
        event_count=counts[1],
        student_group=student_group,
    )


def heads(rows: Frame, chosen: Bools) -> tuple[int, int]:
    """The students of the chosen snapshots, and those of them who left."""
    keys = rows.student_key
    return len(np.unique(keys[chosen])), len(np.unique(keys[chosen & (rows.label == 1)]))


def _finite(number: float) -> float | None:
    return round(number, 8) if np.isfinite(number) else None
